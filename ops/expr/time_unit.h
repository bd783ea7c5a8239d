#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// The calendar's arithmetic on instants of a wall clock: nanoseconds since 1970 as it reads.
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

// Nanoseconds, for units up to a week that are always as long; else 0.
[[nodiscard]] std::int64_t unit_nanos(TimeUnit unit) noexcept;

// Months, for units from the month to the year; else 0.
[[nodiscard]] std::int32_t unit_months(TimeUnit unit) noexcept;

// The unit's number in the instant. Parts of a second count within the second.
[[nodiscard]] std::int64_t extract_unit(TimeUnit unit, std::int64_t local_ns) noexcept;

// The last instant that begins a unit and is not after `local_ns`, and the first that is not before
// it. Units that only EXTRACT knows are not to be given.
[[nodiscard]] std::int64_t floor_to_unit(TimeUnit unit, std::int64_t local_ns) noexcept;
[[nodiscard]] std::int64_t ceil_to_unit(TimeUnit unit, std::int64_t local_ns) noexcept;

// The same time of day months later, on the last day of the month where there is no such day.
// Nothing when the sum is outside of what 64 bits can say.
[[nodiscard]] std::optional<std::int64_t> add_months(std::int64_t local_ns,
                                                     std::int64_t months) noexcept;

// How many full months lie between: positive when `to` is later.
[[nodiscard]] std::int64_t months_between(std::int64_t from, std::int64_t to) noexcept;

}  // namespace thalweg
