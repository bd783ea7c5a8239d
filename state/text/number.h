#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// Numbers as text, in the forms of Flink: what CAST, the decoders and the encoders share.
//
// Parsing takes the whole text (no blanks around it) or gives nothing. Integers: an optional sign,
// digits, no overflow. Floating point: an optional sign and fast_float's grammar, with "NaN" and
// "Infinity" in any case; what is too large for the type is infinite, as in Java.
// Formatting appends; doubles and floats in Java's shortest form: 1.0, 0.1, 1.0E10, 1.0E-5, NaN.
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text) noexcept;
[[nodiscard]] std::optional<double> parse_double(std::string_view text) noexcept;
[[nodiscard]] std::optional<float> parse_float(std::string_view text) noexcept;

void append_int64(std::string& out, std::int64_t value);
void append_double(std::string& out, double value);
void append_float(std::string& out, float value);

}  // namespace thalweg
