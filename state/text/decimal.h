#pragma once

#include "state/base/int128.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// DECIMAL(precision, scale): an Int128 of at most `precision` <= 38 digits, times ten to -scale.
// All roundings are HALF_UP (away from zero), as Flink's. Nothing means overflow of the precision
// or, when parsing, not a number; "1e3" and blanks around are accepted by parse_decimal, as Java.
[[nodiscard]] std::optional<Int128> parse_decimal(std::string_view text,
                                                  std::int32_t precision,
                                                  std::int32_t scale) noexcept;

// "-12.30": exactly `scale` digits after the point, no exponent.
void append_decimal(std::string& out, Int128 unscaled, std::int32_t scale);

[[nodiscard]] Int128 power_of_ten(std::int32_t exponent) noexcept;  // 0 <= exponent <= 38.

// The same number at another scale, checked against `precision`.
[[nodiscard]] std::optional<Int128> rescale_decimal(Int128 unscaled,
                                                    std::int32_t from_scale,
                                                    std::int32_t precision,
                                                    std::int32_t scale) noexcept;

[[nodiscard]] std::optional<Int128> decimal_from_double(double value,
                                                        std::int32_t precision,
                                                        std::int32_t scale) noexcept;
[[nodiscard]] double decimal_to_double(Int128 unscaled, std::int32_t scale) noexcept;

}  // namespace thalweg
