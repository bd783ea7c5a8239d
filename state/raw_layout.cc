#include "state/raw_layout.h"

#include "state/base/time.h"

namespace thalweg {

namespace {

RawLayout timestamp_layout(std::int32_t precision) {
    switch (precision) {
        case 0: return {8, kNanosPerSecond};
        case 3: return {8, kNanosPerMilli};
        case 6: return {8, kNanosPerMicro};
        case 9: return {8, 1};
        default: return {};
    }
}

}  // namespace

RawLayout raw_layout_of(const Type& type) noexcept {
    constexpr std::int32_t kShortDecimalDigits = 18;
    switch (type.kind) {
        case TypeKind::kBoolean:
        case TypeKind::kTinyint: return {1, 1};
        case TypeKind::kSmallint: return {2, 1};
        case TypeKind::kInt:
        case TypeKind::kFloat:
        case TypeKind::kDate:
        case TypeKind::kTime: return {4, 1};
        case TypeKind::kBigint:
        case TypeKind::kDouble: return {8, 1};
        case TypeKind::kDecimal: return {type.precision <= kShortDecimalDigits ? 8U : 16U, 1};
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: return timestamp_layout(type.precision);
        case TypeKind::kChar:
        case TypeKind::kBinary: return {static_cast<std::size_t>(type.precision), 1};
        default: return {};
    }
}

std::string raw_layout_error(const Field& field) {
    std::string message = "column '";
    message.append(field.name).append("' is ").append(field.type.to_string());
    message +=
        ", which format 'raw-struct' cannot hold; it takes BOOLEAN, the integers, FLOAT, "
        "DOUBLE, DECIMAL, DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ of precision 0, 3, 6 or "
        "9, CHAR(n) and BINARY(n)";
    return message;
}

}  // namespace thalweg
