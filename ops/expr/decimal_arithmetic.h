#pragma once

#include "state/base/int128.h"

#include <cstdint>
#include <optional>

namespace thalweg {

// DECIMAL arithmetic as Flink does it: exact, in up to 256 bits, then rounded HALF_UP to the
// result's scale. Nothing means that the result has more digits than its precision: NULL.

struct Decimal {
    Int128 unscaled;
    std::int32_t scale;
};

struct DecimalShape {
    std::int32_t precision;
    std::int32_t scale;
};

[[nodiscard]] std::optional<Int128> decimal_add(Decimal a, Decimal b, DecimalShape result) noexcept;
[[nodiscard]] std::optional<Int128> decimal_multiply(Decimal a,
                                                     Decimal b,
                                                     DecimalShape result) noexcept;

// Of a divisor that is not zero. The remainder has the sign of `a`.
[[nodiscard]] std::optional<Int128> decimal_divide(Decimal a,
                                                   Decimal b,
                                                   DecimalShape result) noexcept;
[[nodiscard]] std::optional<Int128> decimal_modulo(Decimal a,
                                                   Decimal b,
                                                   DecimalShape result) noexcept;

// Divides by 10^digits, rounding halves away from zero.
[[nodiscard]] Int128 decimal_drop_digits(Int128 unscaled, std::int32_t digits) noexcept;

// Negative, zero or positive as a is less than, equal to or greater than b. For all values.
[[nodiscard]] int compare_decimal(Int128 a,
                                  std::int32_t a_scale,
                                  Int128 b,
                                  std::int32_t b_scale) noexcept;

}  // namespace thalweg
