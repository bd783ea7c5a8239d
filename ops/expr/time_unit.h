#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// What the clock on the wall and the calendar beside it read. Wider than nanoseconds in 64 bits: a
// DATE may lie in the year 9999.
struct ClockReading {
    std::int32_t days;   // Since 1970-01-01.
    std::int64_t nanos;  // Of the day, 0 <= nanos < kNanosPerDay.

    friend auto operator<=>(const ClockReading&, const ClockReading&) = default;
};

// From and to nanoseconds since 1970 as the clock reads; nothing outside of 1677 to 2262.
[[nodiscard]] ClockReading reading_of(std::int64_t local_ns) noexcept;
[[nodiscard]] std::optional<std::int64_t> nanos_of(ClockReading reading) noexcept;

enum class TimeUnit : std::uint8_t {
    kNanosecond,
    kMicrosecond,
    kMillisecond,
    kSecond,
    kMinute,
    kHour,
    kDay,
    kWeek,  // Of EXTRACT the ISO week; FLOOR and CEIL go to Sundays, as Flink's.
    kMonth,
    kQuarter,
    kYear,
    kDecade,
    kCentury,
    kMillennium,
    kDayOfWeek,     // From here on for EXTRACT only. 1 is Sunday.
    kIsoDayOfWeek,  // 1 is Monday.
    kDayOfYear,
    kIsoYear,
    kEpoch,  // Whole seconds since 1970.
};

// "hour", "HOURS", "DOW", "SQL_TSI_HOUR".
[[nodiscard]] std::optional<TimeUnit> parse_time_unit(std::string_view text);

// Nanoseconds, for units up to the week, which are always as long; else 0.
[[nodiscard]] std::int64_t unit_nanos(TimeUnit unit) noexcept;

// Months, for units from the month to the year; else 0.
[[nodiscard]] std::int32_t unit_months(TimeUnit unit) noexcept;

// The unit's number in the reading. Parts of a second count within the second.
[[nodiscard]] std::int64_t extract_unit(TimeUnit unit, ClockReading reading) noexcept;

// The last reading that begins a unit and is not after this one, and the first that is not before
// it. Units that only EXTRACT knows are not to be given.
[[nodiscard]] ClockReading floor_to_unit(TimeUnit unit, ClockReading reading) noexcept;
[[nodiscard]] ClockReading ceil_to_unit(TimeUnit unit, ClockReading reading) noexcept;

// `count` units later, up to years. Months keep the time of day, and take the last day of a month
// that is too short. Nothing when the sum is some ten thousand years away.
[[nodiscard]] std::optional<ClockReading> add_units(TimeUnit unit,
                                                    ClockReading reading,
                                                    std::int64_t count) noexcept;

// How many full units lie between, up to years: positive when `to` is later.
[[nodiscard]] std::int64_t units_between(TimeUnit unit,
                                         ClockReading from,
                                         ClockReading to) noexcept;

}  // namespace thalweg
