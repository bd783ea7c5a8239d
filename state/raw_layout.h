#pragma once

#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace thalweg {

// How the format raw-struct lays out a value: little-endian, fixed width, nothing between the
// columns of a row, no NULLs. Both the decoder and the encoder stand on this.
//
//   BOOLEAN 1 byte, 0 or 1       TINYINT 1   SMALLINT 2   INT 4   BIGINT 8   FLOAT 4   DOUBLE 8
//   DATE 4, days since 1970      TIME 4, milliseconds of the day
//   TIMESTAMP(p), TIMESTAMP_LTZ(p): 8, a count of units of the precision (p = 0, 3, 6 or 9: seconds
//     to nanoseconds) since 1970
//   DECIMAL(p, s): the unscaled value in 8 bytes for p <= 18, else in 16
//   CHAR(n), BINARY(n): n bytes, padded with zeros; the padding is not part of the value
struct RawLayout {
    std::size_t bytes = 0;            // 0: the type has no fixed width.
    std::int64_t nanos_per_unit = 1;  // Of timestamps.
};

[[nodiscard]] RawLayout raw_layout_of(const Type& type) noexcept;

// "column 'a' is STRING, which raw-struct cannot hold; ...": for when there is no layout.
[[nodiscard]] std::string raw_layout_error(const Field& field);

}  // namespace thalweg
