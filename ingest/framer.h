#pragma once

#include "ingest/format.h"
#include "ingest/outlet.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thalweg {

// Finds where records begin and end in the bytes of one split.
//
// Shape     Newline: bytes up to the delimiter; a '\r' before '\n' is dropped. Length-prefixed: u32
//           little-endian n, then n bytes. Fixed: n bytes. Datagram: the whole piece.
//           A delimited record of more than frame_bytes_max bytes is reported once as too long, and
//           skipped up to its delimiter over as many calls as it takes: the only state here. A
//           length of 0 or beyond the limit loses the framing for good.
// Threads   One at a time.
// Failure   As values: a frame that is no record says why. The caller's buffer must be able to hold
//           frame_bytes_max + 4 bytes, or a record at the limit never fits.
class Framer {
  public:
    enum class Kind : std::uint8_t {
        kRecord,    // `record` is one.
        kRejected,  // `reason` says why; `record` is what is known of it.
        kSkipped,   // `consumed` bytes belonged to no record; ask again if bytes are left.
        kMore,      // No whole record: more bytes are needed. Consumes nothing.
    };

    struct Frame {
        Kind kind = Kind::kMore;
        RejectReason reason = RejectReason::kMalformed;
        std::string_view record;
        std::size_t consumed = 0;  // Of `rest`, framing included.
    };

    Framer(const FormatSpec& spec, std::size_t fixed_bytes)
        : framing_(spec.framing),
          delimiter_(spec.delimiter),
          frame_bytes_max_(spec.frame_bytes_max),
          fixed_bytes_(fixed_bytes) {}

    // The next frame of `rest`, the unconsumed bytes. `is_end`: nothing follows them.
    [[nodiscard]] Frame next(std::string_view rest, bool is_end);

    [[nodiscard]] bool lost_framing() const noexcept { return lost_; }

    // Whether the bytes to come still belong to a record that was reported as too long.
    [[nodiscard]] bool is_skipping() const noexcept { return !lost_ && skipped_bytes_ > 0; }

    // How many of the bytes consumed last belong to a record that was reported and goes on: the one
    // that is skipped, or the length that lost the framing.
    [[nodiscard]] std::uint64_t skipped_bytes() const noexcept { return skipped_bytes_; }

    [[nodiscard]] Framing framing() const noexcept { return framing_; }

    [[nodiscard]] char delimiter() const noexcept { return delimiter_; }

    [[nodiscard]] std::size_t frame_bytes_max() const noexcept { return frame_bytes_max_; }

  private:
    Frame next_delimited(std::string_view rest, bool is_end);
    Frame skip(std::string_view rest, bool is_end);
    Frame next_prefixed(std::string_view rest, bool is_end);
    Frame next_fixed(std::string_view rest, bool is_end) const;

    Framing framing_;
    char delimiter_;
    bool lost_ = false;
    std::uint64_t skipped_bytes_ = 0;
    std::size_t frame_bytes_max_;
    std::size_t fixed_bytes_;
};

// "too long" and the like, for Rejected::detail of a frame that is no record.
[[nodiscard]] std::string_view detail_of(RejectReason reason) noexcept;

}  // namespace thalweg
