#include "ops/expr/time_unit.h"

#include "state/base/int128.h"
#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace thalweg {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kUnits = {
    std::pair{"NANOSECOND"sv, TimeUnit::kNanosecond},
    std::pair{"MICROSECOND"sv, TimeUnit::kMicrosecond},
    std::pair{"MILLISECOND"sv, TimeUnit::kMillisecond},
    std::pair{"SECOND"sv, TimeUnit::kSecond},
    std::pair{"MINUTE"sv, TimeUnit::kMinute},
    std::pair{"HOUR"sv, TimeUnit::kHour},
    std::pair{"DAY"sv, TimeUnit::kDay},
    std::pair{"WEEK"sv, TimeUnit::kWeek},
    std::pair{"MONTH"sv, TimeUnit::kMonth},
    std::pair{"QUARTER"sv, TimeUnit::kQuarter},
    std::pair{"YEAR"sv, TimeUnit::kYear},
    std::pair{"DECADE"sv, TimeUnit::kDecade},
    std::pair{"CENTURY"sv, TimeUnit::kCentury},
    std::pair{"MILLENNIUM"sv, TimeUnit::kMillennium},
    std::pair{"DOW"sv, TimeUnit::kDayOfWeek},
    std::pair{"ISODOW"sv, TimeUnit::kIsoDayOfWeek},
    std::pair{"DOY"sv, TimeUnit::kDayOfYear},
    std::pair{"ISOYEAR"sv, TimeUnit::kIsoYear},
    std::pair{"EPOCH"sv, TimeUnit::kEpoch},
};

// 0 is Sunday. 1970-01-01 was a Thursday.
std::int32_t weekday(std::int32_t days) noexcept {
    return static_cast<std::int32_t>(floor_mod(std::int64_t{days} + 4, 7));
}

std::int32_t iso_weekday(std::int32_t days) noexcept {
    const std::int32_t day = weekday(days);
    return day == 0 ? 7 : day;
}

// The week of ISO 8601 belongs to the year of its Thursday.
std::int32_t iso_thursday(std::int32_t days) noexcept {
    return days - iso_weekday(days) + 4;
}

std::int64_t extract_date(TimeUnit unit, std::int32_t days) noexcept {
    const CivilDate date = civil_from_days(days);
    const std::int64_t year = date.year;
    const auto day_of_year = [](std::int32_t day) {
        return std::int64_t{day} - days_from_civil({civil_from_days(day).year, 1, 1}) + 1;
    };
    switch (unit) {
        case TimeUnit::kDay: return date.day;
        case TimeUnit::kWeek: return (day_of_year(iso_thursday(days)) + 6) / 7;
        case TimeUnit::kMonth: return date.month;
        case TimeUnit::kQuarter: return (date.month + 2) / 3;
        case TimeUnit::kYear: return year;
        case TimeUnit::kDecade: return floor_div(year, 10);
        case TimeUnit::kCentury: return floor_div(year + 99, 100);
        case TimeUnit::kMillennium: return floor_div(year + 999, 1000);
        case TimeUnit::kDayOfWeek: return weekday(days) + 1;
        case TimeUnit::kIsoDayOfWeek: return iso_weekday(days);
        case TimeUnit::kDayOfYear: return day_of_year(days);
        default: return civil_from_days(iso_thursday(days)).year;
    }
}

// The first day of the unit that holds `days`, `ahead` units later. Of units from the week up.
std::int32_t first_day(TimeUnit unit, std::int32_t days, std::int32_t ahead) noexcept {
    if (unit == TimeUnit::kWeek) return days - weekday(days) + 7 * ahead;
    const CivilDate date = civil_from_days(days);
    if (const std::int32_t months = unit_months(unit); months != 0) {
        const std::int64_t month = std::int64_t{date.year} * 12 + date.month - 1;
        const std::int64_t first = (floor_div(month, months) + ahead) * months;
        return days_from_civil({static_cast<std::int32_t>(floor_div(first, 12)),
                                static_cast<std::int32_t>(floor_mod(first, 12)) + 1,
                                1});
    }
    // Decades begin with the year 0, centuries and millennia with the year 1.
    std::int32_t years = 10;
    std::int32_t start = 0;
    if (unit != TimeUnit::kDecade) {
        years = unit == TimeUnit::kCentury ? 100 : 1000;
        start = 1;
    }
    const auto whole = static_cast<std::int32_t>(floor_div(date.year - start, years));
    return days_from_civil({(whole + ahead) * years + start, 1, 1});
}

Int128 wide_nanos(ClockReading reading) noexcept {
    return Int128{reading.days} * kNanosPerDay + reading.nanos;
}

// The reading at a count of nanoseconds, as far as sums may go.
std::optional<ClockReading> reading_at(Int128 nanos) noexcept {
    constexpr Int128 kDaysMax = 4'000'000;  // Beyond the year 9999, far from what 32 bits hold.
    constexpr Int128 kLimit = kDaysMax * kNanosPerDay;
    if (nanos >= kLimit || nanos <= -kLimit) return std::nullopt;
    Int128 days = nanos / kNanosPerDay;
    if (nanos % kNanosPerDay < 0) --days;
    return ClockReading{static_cast<std::int32_t>(days),
                        static_cast<std::int64_t>(nanos - days * kNanosPerDay)};
}

std::optional<ClockReading> add_months(ClockReading reading, std::int64_t months) noexcept {
    constexpr std::int64_t kMonthsMax = 120'000;  // Ten thousand years.
    if (months > kMonthsMax || months < -kMonthsMax) return std::nullopt;
    const CivilDate date = civil_from_days(reading.days);
    const std::int64_t month = std::int64_t{date.year} * 12 + date.month - 1 + months;
    const auto first_of = [](std::int64_t index) {
        return days_from_civil({static_cast<std::int32_t>(floor_div(index, 12)),
                                static_cast<std::int32_t>(floor_mod(index, 12)) + 1,
                                1});
    };
    const std::int32_t day = first_of(month) + date.day - 1;
    return ClockReading{std::min(day, first_of(month + 1) - 1), reading.nanos};
}

std::int64_t months_between(ClockReading from, ClockReading to) noexcept {
    if (to < from) return -months_between(to, from);
    const CivilDate first = civil_from_days(from.days);
    const CivilDate last = civil_from_days(to.days);
    const std::int64_t months =
        (std::int64_t{last.year} - first.year) * 12 + last.month - first.month;
    // The last month counts when its day, cut to the length of the month, and time are reached.
    const std::optional<ClockReading> reached = add_months(from, months);
    return reached && *reached <= to ? months : months - 1;
}

}  // namespace

ClockReading reading_of(std::int64_t local_ns) noexcept {
    return {static_cast<std::int32_t>(floor_div(local_ns, kNanosPerDay)),
            floor_mod(local_ns, kNanosPerDay)};
}

std::optional<std::int64_t> nanos_of(ClockReading reading) noexcept {
    const Int128 nanos = wide_nanos(reading);
    if (nanos < std::numeric_limits<std::int64_t>::min() ||
        nanos > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return static_cast<std::int64_t>(nanos);
}

std::optional<TimeUnit> parse_time_unit(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    std::string_view name = upper;
    if (name.starts_with("SQL_TSI_")) name.remove_prefix(8);
    if (name == "CENTURIES") return TimeUnit::kCentury;
    for (const auto& [word, unit] : kUnits) {
        if (name == word) return unit;
        if (unit <= TimeUnit::kDecade && name.ends_with('S') &&
            name.substr(0, name.size() - 1) == word)
            return unit;
    }
    return std::nullopt;
}

std::int64_t unit_nanos(TimeUnit unit) noexcept {
    switch (unit) {
        case TimeUnit::kNanosecond: return 1;
        case TimeUnit::kMicrosecond: return kNanosPerMicro;
        case TimeUnit::kMillisecond: return kNanosPerMilli;
        case TimeUnit::kSecond: return kNanosPerSecond;
        case TimeUnit::kMinute: return kNanosPerMinute;
        case TimeUnit::kHour: return kNanosPerHour;
        case TimeUnit::kDay: return kNanosPerDay;
        case TimeUnit::kWeek: return 7 * kNanosPerDay;
        default: return 0;
    }
}

std::int32_t unit_months(TimeUnit unit) noexcept {
    switch (unit) {
        case TimeUnit::kMonth: return 1;
        case TimeUnit::kQuarter: return 3;
        case TimeUnit::kYear: return 12;
        default: return 0;
    }
}

std::int64_t extract_unit(TimeUnit unit, ClockReading reading) noexcept {
    const std::int64_t of_second = reading.nanos % kNanosPerSecond;
    switch (unit) {
        case TimeUnit::kNanosecond: return of_second;
        case TimeUnit::kMicrosecond: return of_second / kNanosPerMicro;
        case TimeUnit::kMillisecond: return of_second / kNanosPerMilli;
        case TimeUnit::kSecond: return reading.nanos % kNanosPerMinute / kNanosPerSecond;
        case TimeUnit::kMinute: return reading.nanos % kNanosPerHour / kNanosPerMinute;
        case TimeUnit::kHour: return reading.nanos / kNanosPerHour;
        case TimeUnit::kEpoch:
            return std::int64_t{reading.days} * 86'400 + reading.nanos / kNanosPerSecond;
        default: return extract_date(unit, reading.days);
    }
}

ClockReading floor_to_unit(TimeUnit unit, ClockReading reading) noexcept {
    if (unit > TimeUnit::kDay) return {first_day(unit, reading.days, 0), 0};
    return {reading.days, reading.nanos - reading.nanos % unit_nanos(unit)};
}

ClockReading ceil_to_unit(TimeUnit unit, ClockReading reading) noexcept {
    const ClockReading floor = floor_to_unit(unit, reading);
    if (floor == reading) return reading;
    if (unit > TimeUnit::kDay) return {first_day(unit, reading.days, 1), 0};
    const std::int64_t nanos = floor.nanos + unit_nanos(unit);
    if (nanos < kNanosPerDay) return {floor.days, nanos};
    return {floor.days + 1, 0};
}

std::optional<ClockReading> add_units(TimeUnit unit,
                                      ClockReading reading,
                                      std::int64_t count) noexcept {
    if (const std::int32_t months = unit_months(unit); months != 0) {
        std::int64_t all = 0;
        if (__builtin_mul_overflow(count, std::int64_t{months}, &all)) return std::nullopt;
        return add_months(reading, all);
    }
    return reading_at(wide_nanos(reading) + Int128{count} * unit_nanos(unit));
}

std::int64_t units_between(TimeUnit unit, ClockReading from, ClockReading to) noexcept {
    if (const std::int32_t months = unit_months(unit); months != 0)
        return months_between(from, to) / months;
    const Int128 units = (wide_nanos(to) - wide_nanos(from)) / unit_nanos(unit);
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::clamp(units, -kMax, kMax));
}

}  // namespace thalweg
