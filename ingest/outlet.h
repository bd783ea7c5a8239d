#pragma once

#include "state/base/ids.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thalweg {

// Why a record was not taken. Each reason is a counter of its source.
enum class RejectReason : std::uint8_t {
    kMalformed,     // Not in the grammar of its format.
    kWrongType,     // In the grammar, but a field does not fit its column's type.
    kMissingField,  // A field that must be there is not (json.fail-on-missing-field, NOT NULL).
    kTooLong,       // Longer than max-frame-bytes, or than a datagram may be.
    kTruncated,     // The connection or file ended in the middle of a record.
};
inline constexpr std::size_t kRejectReasonCount = 5;

[[nodiscard]] std::string_view name_of(RejectReason reason) noexcept;

// One record that was not taken, for the log: where it came from, where in its split, and its
// bytes.
struct Rejected {
    RejectReason reason;
    std::string_view detail;  // What was expected; static text or good for the call.
    std::string_view bytes;   // Of the record, cut at 256; good for the call.
    std::string_view peer;    // "127.0.0.1:40312", a file's path; good for the call.
    std::uint64_t offset;     // Of the record's first byte in its split.
};

// The door from ingest to the engine, implemented there; in tests it is a vector.
//
// Threads   All calls on the ingest agent's thread.
// Contract  A source calls open_split() for each ordered part of its input (a connection, a file, a
//           UDP socket) before its first rows and close_split() after its last: from then on the
//           split does not hold the watermark back. Rows of a split are in order. offer() may keep
//           the batch after it returned: between offer() and the moment ready() is true again the
//           source leaves the batch alone and offers nothing. So a source polls ready() before it
//           reads: a full engine is a source that does not read. What the batch owes (OwedCells)
//           is filled before offer() returns, since the bytes that it was read from may go.
class Outlet {
  public:
    virtual SplitId open_split() = 0;
    virtual void close_split(SplitId split) = 0;

    [[nodiscard]] virtual bool ready() = 0;

    // `rows` has the columns of the source's FormatSpec::wanted.
    virtual void offer(SplitId split, const Batch& rows) = 0;

    virtual void reject(const Rejected& record) = 0;

    // The source has nothing more to read for now: what waits for company shall go.
    virtual void flush() = 0;

  protected:
    ~Outlet() = default;
};

}  // namespace thalweg
