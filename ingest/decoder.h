#pragma once

#include "ingest/format.h"
#include "ingest/outlet.h"
#include "state/base/status.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace thalweg {

// Bytes past the end of a piece that a decoder may read (never interpret): every buffer handed to
// decode() has them. simdjson asks for 64.
inline constexpr std::size_t kDecodePadding = 64;

// What is known of a piece of bytes besides the bytes.
struct Piece {
    std::string_view bytes;    // Followed by kDecodePadding readable bytes.
    bool is_end = false;       // Nothing follows: a last record without delimiter counts.
    std::uint64_t offset = 0;  // Of bytes[0] in its split.
    std::string_view peer;     // Metadata of every record in the piece.
    std::int64_t receive_time_ns = 0;
    std::int64_t connection_id = 0;
    std::int64_t sequence = 0;  // Of the first record; the decoder counts on from it.
    std::int64_t dropped_before = 0;
    std::size_t rows_max = kBatchRows;  // How many rows this call may append; or one record's.
    bool stays = false;  // The bytes stay until the rows have been offered, with no others.
};

struct DecodeResult {
    std::size_t consumed = 0;   // Bytes done with: whole records, taken or rejected.
    std::uint64_t records = 0;  // Records consumed = rows appended + rejected.
    std::uint64_t rejected = 0;
};

// Turns bytes into rows: finds the records (framing) and decodes the columns that the query wants,
// straight from the bytes into the batch's columns.
//
// Contract  decode() appends rows to `rows` (schema: the wanted columns) until it has no room for
//           those of a record (rows_of_record_max), the piece's rows_max are appended, or no whole
//           record is left, and reports each rejected record to `outlet.reject`. The caller hands
//           what was not consumed again, with more bytes behind it. Any split of a stream into
//           pieces gives the same rows. A record longer than frame_bytes_max is rejected once and
//           skipped up to its end, over as many pieces as it takes: that state, and nothing else of
//           a split, is in the decoder, so every split has a decoder of its own. Strings are copied
//           into the batch's arena. Of a piece that stays, the batch may owe the cells of columns
//           that may wait.
// Threads   One at a time.
// Failure   A bad record is rejected and the stream goes on; a length prefix that cannot be (0 or
//           beyond the limit) loses the framing: `lost_framing()` is then true and the caller
//           closes the connection.
class Decoder {
  public:
    Decoder() = default;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    virtual ~Decoder() = default;

    virtual DecodeResult decode(const Piece& piece, Batch& rows, Outlet& outlet) = 0;

    [[nodiscard]] virtual bool lost_framing() const { return false; }

    // How many of the bytes consumed so far are the beginning of a record that goes on in the bytes
    // to come, and is skipped: whoever decodes the stream anew begins so far before.
    [[nodiscard]] virtual std::uint64_t skipped_bytes() const { return 0; }
};

// Fails with a message for the user: an unknown format, an unknown option, a type it cannot decode.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_decoder(const FormatSpec& spec);

}  // namespace thalweg
