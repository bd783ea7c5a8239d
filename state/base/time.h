#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <limits>

// Instants and durations of event time and processing time.
//
// Shape
//   An instant is a signed 64-bit count of nanoseconds since 1970-01-01 00:00:00 UTC, which spans
//   the years 1677 to 2262. A duration is a signed 64-bit count of nanoseconds. In columns both are
//   plain int64; the strong types below are for the few places where a swap would compile.
//
// Failure
//   Nothing here overflows: sums saturate at the ends of the range, so that "the watermark minus a
//   delay" and "the maximal watermark plus one" keep their order.

namespace thalweg {

inline constexpr std::int64_t kNanosPerMicro = 1'000;
inline constexpr std::int64_t kNanosPerMilli = 1'000'000;
inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNanosPerMinute = 60 * kNanosPerSecond;
inline constexpr std::int64_t kNanosPerHour = 60 * kNanosPerMinute;
inline constexpr std::int64_t kNanosPerDay = 24 * kNanosPerHour;

[[nodiscard]] constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? std::numeric_limits<std::int64_t>::max()
                 : std::numeric_limits<std::int64_t>::min();
}

[[nodiscard]] constexpr std::int64_t saturating_sub(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(a, b, &difference)) return difference;
    return b < 0 ? std::numeric_limits<std::int64_t>::max()
                 : std::numeric_limits<std::int64_t>::min();
}

// Rounds towards minus infinity, as windows before 1970 need. `divisor` is positive.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) noexcept {
    const std::int64_t quotient = value / divisor;
    return quotient - (value % divisor < 0 ? 1 : 0);
}

[[nodiscard]] constexpr std::int64_t floor_mod(std::int64_t value, std::int64_t divisor) noexcept {
    const std::int64_t remainder = value % divisor;
    return remainder < 0 ? remainder + divisor : remainder;
}

// The promise that no row with an event time at or before `nanos` will follow. Starts at kMin
// ("nothing is known"); kMax means the input has ended and fires everything.
struct Watermark {
    std::int64_t nanos = std::numeric_limits<std::int64_t>::min();

    [[nodiscard]] static constexpr Watermark min() noexcept { return {}; }

    [[nodiscard]] static constexpr Watermark max() noexcept {
        return {std::numeric_limits<std::int64_t>::max()};
    }

    [[nodiscard]] constexpr bool is_max() const noexcept { return *this == max(); }

    // Whether everything that belongs to a window or slice ending (exclusively) at `end_nanos` has
    // arrived. Flink's clock of windows has milliseconds: the last instant of a window is
    // `end - 1 ms`.
    [[nodiscard]] constexpr bool passes(std::int64_t end_nanos) const noexcept {
        return nanos >= saturating_sub(end_nanos, kNanosPerMilli);
    }

    friend constexpr auto operator<=>(const Watermark&, const Watermark&) = default;
};

}  // namespace thalweg
