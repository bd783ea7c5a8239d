#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Digits to numbers eight at a time, where the bytes behind the text may be read (kDecodePadding).

namespace thalweg {

// How many of the eight characters in `chunk` (the first in the low byte) are digits, from the
// first.
[[nodiscard]] inline std::size_t count_digits(std::uint64_t chunk) noexcept {
    const std::uint64_t high = (chunk & 0xf0f0f0f0f0f0f0f0ULL) ^ 0x3030303030303030ULL;
    const std::uint64_t low =
        ((chunk & 0x0f0f0f0f0f0f0f0fULL) + 0x0606060606060606ULL) & 0xf0f0f0f0f0f0f0f0ULL;
    const std::uint64_t wrong = high | low;
    return wrong == 0 ? 8 : static_cast<std::size_t>(std::countr_zero(wrong)) / 8;
}

// The value of the first `count` (1 to 8) digits of `chunk`: pairs, fours, eight, by
// multiplication.
[[nodiscard]] inline std::uint64_t value_of_digits(std::uint64_t chunk,
                                                   std::size_t count) noexcept {
    chunk <<= (8 - count) * 8;
    chunk = (chunk & 0x0f0f0f0f0f0f0f0fULL) * 2561 >> 8U;
    chunk = (chunk & 0x00ff00ff00ff00ffULL) * 6553601 >> 16U;
    return (chunk & 0x0000ffff0000ffffULL) * 42949672960001ULL >> 32U;
}

inline constexpr std::uint64_t kPowersOfTen[9] = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

// Reads the digits at `*text` and moves it behind them; returns how many they were. `value` is
// theirs for up to 18 digits, and meaningless for more: nothing but a count that large is reported
// then. Reads up to 31 bytes from *text on.
[[nodiscard]] inline std::size_t read_digits(const char*& text, std::uint64_t& value) noexcept {
    value = 0;
    std::size_t total = 0;
    while (total <= 18) {
        std::uint64_t chunk = 0;
        std::memcpy(&chunk, text, sizeof chunk);
        const std::size_t count = count_digits(chunk);
        if (count == 0) break;
        value = value * kPowersOfTen[count] + value_of_digits(chunk, count);
        text += count;
        total += count;
        if (count < 8) break;
    }
    return total;
}

// Reads "-12.5" as a double: a sign, digits, a point and more digits, up to 15 of them in all. Both
// the digits as an integer and the power of ten are then exact doubles, and their quotient is
// rounded once: it is the nearest double (Clinger's fast path). False: anything else, which may
// still be a number. Reads up to 31 bytes from `end` on. With it a CSV record of 36 bytes went from
// 50 to 42 ns (decode_bench).
[[nodiscard]] inline bool read_short_double(const char* text,
                                            const char* end,
                                            double& value) noexcept {
    constexpr std::size_t kExactDigits = 15;
    constexpr double kPowers[16] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const bool is_negative = *text == '-';
    if (is_negative) ++text;
    std::uint64_t whole = 0;
    const std::size_t whole_digits = read_digits(text, whole);
    std::uint64_t fraction = 0;
    std::size_t fraction_digits = 0;
    if (text < end && *text == '.') {
        ++text;
        fraction_digits = read_digits(text, fraction);
        if (fraction_digits == 0) return false;
    }
    if (text != end || whole_digits == 0 || whole_digits + fraction_digits > kExactDigits)
        return false;
    const double power = kPowers[fraction_digits];
    const double magnitude =
        static_cast<double>(whole * static_cast<std::uint64_t>(power) + fraction) / power;
    value = is_negative ? -magnitude : magnitude;
    return true;
}

}  // namespace thalweg
