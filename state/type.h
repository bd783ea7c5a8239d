#pragma once

#include "state/base/int128.h"
#include "state/string_ref.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// The types of SQL. kNull is the type of a bare NULL before it is coerced. Snapshots hold the
// numbers (state/batch_codec.h): they stay, and new ones come last.
enum class TypeKind : std::uint8_t {
    kNull,
    kBoolean,
    kTinyint,
    kSmallint,
    kInt,
    kBigint,
    kFloat,
    kDouble,
    kDecimal,
    kChar,
    kVarchar,  // STRING is VARCHAR(kLengthMax).
    kBinary,
    kVarbinary,  // BYTES is VARBINARY(kLengthMax).
    kDate,
    kTime,
    kTimestamp,
    kTimestampLtz,
    kIntervalYearMonth,
    kIntervalDaySecond,
    kArray,
    kMap,
    kRow,
};

// How the values of a type lie in memory. Kernels are written for these, not for TypeKind.
enum class Physical : std::uint8_t {
    kBool,     // std::uint8_t, 0 or 1: BOOLEAN
    kInt32,    // std::int32_t: TINYINT SMALLINT INT; DATE in days since 1970; TIME in milliseconds
               // of the day; INTERVAL YEAR TO MONTH in months
    kInt64,    // std::int64_t: BIGINT; TIMESTAMP, TIMESTAMP_LTZ and INTERVAL DAY TO SECOND in ns
    kFloat,    // float
    kDouble,   // double
    kDecimal,  // Int128, the value times ten to the scale
    kString,   // StringRef: CHAR VARCHAR BINARY VARBINARY
    kList,     // ListRef into the child columns: ARRAY (one child), MAP (keys, values)
    kRow,      // nothing of its own; one child column for each field
};

struct Field;

// A type as SQL knows it. A value; copying one is cheap.
//
// `precision` is the length of CHAR, VARCHAR, BINARY and VARBINARY, the digits of DECIMAL, and the
// digits after the second of TIME, TIMESTAMP and TIMESTAMP_LTZ; `scale` is DECIMAL's.
struct Type {
    static constexpr std::int32_t kLengthMax = 2'147'483'647;
    static constexpr std::int32_t kDecimalPrecisionMax = 38;

    TypeKind kind = TypeKind::kNull;
    bool nullable = true;
    std::int32_t precision = 0;
    std::int32_t scale = 0;
    std::shared_ptr<const std::vector<Field>> fields;  // ARRAY: 1, MAP: 2, ROW: all. Else null.

    static Type of(TypeKind kind) { return {kind, true, 0, 0, nullptr}; }

    static Type boolean() { return of(TypeKind::kBoolean); }

    static Type integer() { return of(TypeKind::kInt); }

    static Type bigint() { return of(TypeKind::kBigint); }

    static Type real() { return of(TypeKind::kFloat); }

    static Type double_precision() { return of(TypeKind::kDouble); }

    static Type string() { return {TypeKind::kVarchar, true, kLengthMax, 0, nullptr}; }

    static Type bytes() { return {TypeKind::kVarbinary, true, kLengthMax, 0, nullptr}; }

    static Type decimal(std::int32_t precision, std::int32_t scale) {
        return {TypeKind::kDecimal, true, precision, scale, nullptr};
    }

    static Type timestamp(std::int32_t precision) {
        return {TypeKind::kTimestamp, true, precision, 0, nullptr};
    }

    static Type timestamp_ltz(std::int32_t precision) {
        return {TypeKind::kTimestampLtz, true, precision, 0, nullptr};
    }

    static Type array(Type element);
    static Type map(Type key, Type value);
    static Type row(std::vector<Field> fields);

    [[nodiscard]] Type not_null() const;
    [[nodiscard]] Type with_nullable(bool is_nullable) const;

    [[nodiscard]] Physical physical() const noexcept;

    [[nodiscard]] bool is_integer() const noexcept {
        return kind >= TypeKind::kTinyint && kind <= TypeKind::kBigint;
    }

    [[nodiscard]] bool is_exact() const noexcept {
        return is_integer() || kind == TypeKind::kDecimal;
    }

    [[nodiscard]] bool is_approximate() const noexcept {
        return kind == TypeKind::kFloat || kind == TypeKind::kDouble;
    }

    [[nodiscard]] bool is_numeric() const noexcept { return is_exact() || is_approximate(); }

    [[nodiscard]] bool is_character() const noexcept {
        return kind == TypeKind::kChar || kind == TypeKind::kVarchar;
    }

    [[nodiscard]] bool is_binary() const noexcept {
        return kind == TypeKind::kBinary || kind == TypeKind::kVarbinary;
    }

    [[nodiscard]] bool is_timestamp() const noexcept {
        return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampLtz;
    }

    [[nodiscard]] bool is_interval() const noexcept {
        return kind == TypeKind::kIntervalYearMonth || kind == TypeKind::kIntervalDaySecond;
    }

    // Flink's spelling, with NOT NULL where it applies: "DECIMAL(10, 2) NOT NULL".
    [[nodiscard]] std::string to_string() const;

    // Equal in everything, nullability and field names included.
    friend bool operator==(const Type& a, const Type& b);
};

// Equal but for nullability at any depth.
[[nodiscard]] bool same_but_null(const Type& a, const Type& b);

struct Field {
    std::string name;
    Type type;

    friend bool operator==(const Field&, const Field&) = default;
};

// Where the elements of one ARRAY or MAP value lie in the child columns of its column.
struct ListRef {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};

[[nodiscard]] std::size_t physical_bytes(Physical physical) noexcept;

// Calls visit.template operator()<T>() with the C++ type of a flat physical form: std::uint8_t,
// std::int32_t, std::int64_t, float, double, Int128 or StringRef. Lists and rows are the caller's.
template <class Visit>
decltype(auto) visit_physical(Physical physical, Visit&& visit) {
    switch (physical) {
        case Physical::kBool: return visit.template operator()<std::uint8_t>();
        case Physical::kInt32: return visit.template operator()<std::int32_t>();
        case Physical::kInt64: return visit.template operator()<std::int64_t>();
        case Physical::kFloat: return visit.template operator()<float>();
        case Physical::kDouble: return visit.template operator()<double>();
        case Physical::kDecimal: return visit.template operator()<Int128>();
        case Physical::kString:
        case Physical::kList:
        case Physical::kRow: break;
    }
    return visit.template operator()<StringRef>();
}

}  // namespace thalweg
