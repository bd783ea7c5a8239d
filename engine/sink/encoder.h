#pragma once

#include "engine/sink/sink.h"
#include "state/base/status.h"
#include "state/batch.h"

#include <cstdint>
#include <memory>
#include <string>

namespace thalweg {

// What stands around a record on its way out.
enum class RecordFraming : std::uint8_t {
    kNewline,         // '\n' behind it.
    kLengthPrefixed,  // u32 little-endian length before it.
    kNone,            // Nothing: fixed-width records, or one record a datagram.
};

// Turns rows into bytes.
//
// Contract  encode() appends one record, framing included, for each selected row, in order. Who
// needs
//           to know where each record ends (datagrams) passes views of one row.
//           Text forms are Flink's: TIMESTAMP '2020-10-10 12:30:05.123' with as many digits as the
//           type's precision, TIMESTAMP_LTZ the same in UTC with a 'Z', DECIMAL with all digits of
//           its scale and without exponent, BYTES in base64.
// Threads   One at a time.
// Failure   A value that the format cannot carry (NULL in raw-struct) is an error that names the
//           column; `out` then holds the records before it.
class Encoder {
  public:
    Encoder() = default;
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    virtual ~Encoder() = default;

    [[nodiscard]] virtual Result<void> encode(const BatchView& rows, std::string& out) = 0;
};

// The framing a format has when the user asks for none.
[[nodiscard]] RecordFraming default_framing(const std::string& format) noexcept;

// Of `spec`, reads format, schema, and the options that begin with the format's name. Fails with a
// message for the user: an unknown format, an unknown option, a type the format cannot carry.
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_encoder(const SinkSpec& spec,
                                                            RecordFraming framing);

}  // namespace thalweg
