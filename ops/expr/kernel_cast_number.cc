#include "ops/expr/cast.h"
#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/kernel.h"
#include "state/text/decimal.h"

#include <cmath>
#include <concepts>
#include <limits>

namespace thalweg {

namespace {

// Java's narrowing of floating point: towards zero, NaN to 0, out of range to the nearest end.
template <class T, class F>
T integer_from_floating(F value) {
    constexpr F kEnd = static_cast<F>(std::numeric_limits<T>::max());
    if (value != value) return 0;
    if (value >= kEnd) return std::numeric_limits<T>::max();
    if (value <= -kEnd) return std::numeric_limits<T>::min();
    return static_cast<T>(value);
}

// One number as Java casts it; Width is the type's width, To what it lies in. TINYINT and SMALLINT
// from floating point go by way of INT.
template <class Width, class To, class From>
To convert_number(From value) {
    if constexpr (std::floating_point<From> && std::integral<To>) {
        return static_cast<Width>(integer_from_floating<To>(value));
    } else {
        return static_cast<Width>(value);
    }
}

template <class From>
void cast_number_from(const KernelCall& call) {
    switch (call.result.type().kind) {
        case TypeKind::kBoolean:
            map_unary<std::uint8_t, From>(
                call, [](From a) -> std::uint8_t { return a != From{0} ? 1 : 0; });
            return;
        case TypeKind::kTinyint:
            map_unary<std::int32_t, From>(call, convert_number<std::int8_t, std::int32_t, From>);
            return;
        case TypeKind::kSmallint:
            map_unary<std::int32_t, From>(call, convert_number<std::int16_t, std::int32_t, From>);
            return;
        case TypeKind::kInt:
            map_unary<std::int32_t, From>(call, convert_number<std::int32_t, std::int32_t, From>);
            return;
        case TypeKind::kBigint:
            map_unary<std::int64_t, From>(call, convert_number<std::int64_t, std::int64_t, From>);
            return;
        case TypeKind::kFloat:
            map_unary<float, From>(call, convert_number<float, float, From>);
            return;
        default: map_unary<double, From>(call, convert_number<double, double, From>); return;
    }
}

// convert(row) gives an optional Int128; nothing is an overflow, which is NULL.
template <class Convert>
void fill_decimal(const KernelCall& call, Convert convert) {
    auto* const out = call.result.data<Int128>();
    call.selection.for_each([&](std::size_t row) {
        const std::optional<Int128> value = convert(row);
        out[row] = value.value_or(0);
        if (!value.has_value()) call.result.set_null(row);
    });
}

// Flink cuts the fraction and keeps the low bits.
std::int64_t integer_from_decimal(Int128 unscaled, std::int32_t scale) {
    return static_cast<std::int64_t>(unscaled / power_of_ten(scale));
}

template <class Width, class To>
void fill_integer(const KernelCall& call, std::int32_t scale) {
    map_unary<To, Int128>(call, [scale](Int128 value) {
        return static_cast<Width>(integer_from_decimal(value, scale));
    });
}

}  // namespace

void cast_number(const KernelCall& call) {
    switch (call.arguments[0]->physical()) {
        case Physical::kBool: cast_number_from<std::uint8_t>(call); return;
        case Physical::kInt32: cast_number_from<std::int32_t>(call); return;
        case Physical::kInt64: cast_number_from<std::int64_t>(call); return;
        case Physical::kFloat: cast_number_from<float>(call); return;
        default: cast_number_from<double>(call); return;
    }
}

void cast_to_decimal(const KernelCall& call) {
    const Column& from = *call.arguments[0];
    const std::int32_t precision = call.result.type().precision;
    const std::int32_t scale = call.result.type().scale;
    visit_physical(from.physical(), [&]<class T>() {
        if constexpr (!std::is_same_v<T, StringRef>) {
            const T* const values = from.data<T>();
            const std::int32_t from_scale = from.type().scale;
            fill_decimal(call, [&](std::size_t row) {
                if constexpr (std::floating_point<T>) {
                    return decimal_from_double(static_cast<double>(values[row]), precision, scale);
                } else {
                    return rescale_decimal(values[row], from_scale, precision, scale);
                }
            });
        }
    });
}

void cast_from_decimal(const KernelCall& call) {
    const std::int32_t scale = call.arguments[0]->type().scale;
    switch (call.result.type().kind) {
        case TypeKind::kBoolean:
            map_unary<std::uint8_t, Int128>(
                call, [](Int128 a) -> std::uint8_t { return a != 0 ? 1 : 0; });
            return;
        case TypeKind::kTinyint: fill_integer<std::int8_t, std::int32_t>(call, scale); return;
        case TypeKind::kSmallint: fill_integer<std::int16_t, std::int32_t>(call, scale); return;
        case TypeKind::kInt: fill_integer<std::int32_t, std::int32_t>(call, scale); return;
        case TypeKind::kBigint: fill_integer<std::int64_t, std::int64_t>(call, scale); return;
        case TypeKind::kFloat:
            map_unary<float, Int128>(call, [scale](Int128 a) {
                return static_cast<float>(decimal_to_double(a, scale));
            });
            return;
        default:
            map_unary<double, Int128>(call,
                                      [scale](Int128 a) { return decimal_to_double(a, scale); });
            return;
    }
}

}  // namespace thalweg
