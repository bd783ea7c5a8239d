#include "engine/sink/cell_text.h"

#include "state/text/decimal.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

namespace thalweg {

namespace {

void append_instant(std::string& out, const Column& column, std::size_t row, char separator) {
    constexpr std::size_t kDateSize = 10;  // 2020-10-10: years 1677 to 2262 have four digits.
    const std::size_t first = out.size();
    append_timestamp(out, column.data<std::int64_t>()[row], column.type().precision);
    out[first + kDateSize] = separator;
    if (column.type().kind == TypeKind::kTimestampLtz) out += 'Z';
}

}  // namespace

void append_cell_text(std::string& out, const Column& column, std::size_t row, char separator) {
    const Type& type = column.type();
    switch (type.kind) {
        case TypeKind::kBoolean:
            out += column.data<std::uint8_t>()[row] != 0 ? "true" : "false";
            return;
        case TypeKind::kTinyint:
        case TypeKind::kSmallint:
        case TypeKind::kInt:
        case TypeKind::kIntervalYearMonth:
            append_int64(out, column.data<std::int32_t>()[row]);
            return;
        case TypeKind::kBigint:
        case TypeKind::kIntervalDaySecond:
            append_int64(out, column.data<std::int64_t>()[row]);
            return;
        case TypeKind::kFloat: append_float(out, column.data<float>()[row]); return;
        case TypeKind::kDouble: append_double(out, column.data<double>()[row]); return;
        case TypeKind::kDecimal:
            append_decimal(out, column.data<Int128>()[row], type.scale);
            return;
        case TypeKind::kDate: append_date(out, column.data<std::int32_t>()[row]); return;
        case TypeKind::kTime:
            append_time(out, column.data<std::int32_t>()[row], type.precision);
            return;
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: append_instant(out, column, row, separator); return;
        default: out.append(column.data<StringRef>()[row].view()); return;
    }
}

bool is_quoted_in_json(const Type& type) noexcept {
    return !type.is_numeric() && type.kind != TypeKind::kBoolean && !type.is_interval();
}

}  // namespace thalweg
