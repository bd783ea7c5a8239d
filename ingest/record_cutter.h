#pragma once

#include "ingest/format.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace thalweg {

// Counts the records in bytes that hold nothing but whole ones, by their framing alone: what tells
// which record has which number, whatever the decoder thinks of it.
//
// Shape     Newline: whatever ends with the delimiter is a record, a blank line too.
// Length-prefixed:
//           lengths from 1 to frame_bytes_max. Fixed: equal parts.
// Cost      Memory bandwidth for lines, a step a record for lengths.
// Threads   Immutable.
class RecordCutter {
  public:
    // `fixed_bytes` is of a record of kFixed.
    RecordCutter(const FormatSpec& spec, std::size_t fixed_bytes)
        : framing_(spec.framing),
          delimiter_(spec.delimiter),
          frame_bytes_max_(spec.frame_bytes_max),
          fixed_bytes_(fixed_bytes) {}

    // How many there are; nothing when the bytes end inside a record or a length cannot be.
    [[nodiscard]] std::optional<std::uint64_t> count(std::string_view bytes) const;

    // How many bytes the first `records` have. There must be so many.
    [[nodiscard]] std::size_t size_of(std::string_view bytes, std::uint64_t records) const;

    [[nodiscard]] Framing framing() const noexcept { return framing_; }

    [[nodiscard]] char delimiter() const noexcept { return delimiter_; }

    // Of a record without its framing: of kFixed what each has, else the most it may have.
    [[nodiscard]] std::size_t record_bytes_max() const noexcept {
        return framing_ == Framing::kFixed ? fixed_bytes_ : frame_bytes_max_;
    }

  private:
    [[nodiscard]] std::size_t next_prefixed(std::string_view bytes) const;

    Framing framing_;
    char delimiter_;
    std::size_t frame_bytes_max_;
    std::size_t fixed_bytes_;
};

}  // namespace thalweg
