#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// A date of the proleptic Gregorian calendar.
struct CivilDate {
    std::int32_t year;
    std::int32_t month;  // 1 to 12
    std::int32_t day;    // 1 to 31

    friend bool operator==(const CivilDate&, const CivilDate&) = default;
};

// Days since 1970-01-01 and back (Hinnant's algorithms of days_from_civil and civil_from_days).
[[nodiscard]] std::int32_t days_from_civil(CivilDate date) noexcept;
[[nodiscard]] CivilDate civil_from_days(std::int32_t days) noexcept;

// Dates, times and timestamps as text. Parsing takes the whole text or gives nothing, also for
// instants outside 1677 to 2262.
//   date       2020-10-10                          days since 1970
//   time       12:30:05[.123]                      milliseconds of the day
//   timestamp  2020-10-10 12:30:05[.123456789]     nanoseconds since 1970; 'T' for the blank, a
//              trailing 'Z' and a date alone are accepted too; seconds may be left out
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int32_t> parse_time(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

void append_date(std::string& out, std::int32_t days);
// Both with exactly `precision` (0 to 9) digits of the second's fraction, cut off.
void append_time(std::string& out, std::int32_t millis_of_day, std::int32_t precision);
void append_timestamp(std::string& out, std::int64_t nanos, std::int32_t precision);

}  // namespace thalweg
