#pragma once

#include "state/arena.h"
#include "state/column.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thalweg {

// What the text of a field is read with.
struct TextContext {
    const TimeZone* zone;  // Of TIMESTAMP_LTZ without an offset.
    Arena* scratch;        // For bytes that are not in the text as they are; lives for the call.
};

// Reads a field's text as a value of the column's type and writes it to `row`. False: it is none,
// or out of range. Blanks around numbers, booleans and times are ignored, as Flink does.
//
//   BOOLEAN         true, false, in any case
//   TINYINT...      an optional sign and digits
//   FLOAT, DOUBLE   1.5, 1e3, NaN, Infinity
//   DECIMAL         exactly, rounded to the scale
//   CHAR, VARCHAR   the text, borrowed; must be UTF-8, which the caller has checked
//   BINARY...       base64
//   DATE, TIME      2020-10-10, 12:30:05.123
//   TIMESTAMP       2020-10-10 12:30:05.123, or with 'T' and 'Z'; digits beyond the precision are
//   cut TIMESTAMP_LTZ   the same; with 'Z' it is UTC, without the time of the zone
[[nodiscard]] bool write_text(std::string_view text,
                              Column& column,
                              std::size_t row,
                              const TextContext& context);

// The integer that fits the column's integer type, written. False: out of range.
[[nodiscard]] inline bool write_integer(std::int64_t value, Column& column, std::size_t row) {
    column.set_valid(row);
    const TypeKind kind = column.type().kind;
    if (kind == TypeKind::kBigint) {
        column.data<std::int64_t>()[row] = value;
        return true;
    }
    std::int64_t max = INT32_MAX;
    if (kind == TypeKind::kSmallint) max = INT16_MAX;
    if (kind == TypeKind::kTinyint) max = INT8_MAX;
    column.data<std::int32_t>()[row] = static_cast<std::int32_t>(value);
    return value <= max && value >= -max - 1;
}

// Borrows the text.
inline void write_string(std::string_view text, Column& column, std::size_t row) {
    column.set_valid(row);
    column.data<StringRef>()[row] = StringRef(text);
}

[[nodiscard]] std::string_view trim_blanks(std::string_view text) noexcept;

// Whether the text is UTF-8. ASCII is decided at 32 bytes a step; reads up to 31 bytes past the
// end.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace thalweg
