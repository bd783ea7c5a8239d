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

std::int32_t day_of(std::int64_t local_ns) noexcept {
    return static_cast<std::int32_t>(floor_div(local_ns, kNanosPerDay));
}

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

std::int64_t saturate(Int128 nanos) noexcept {
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::clamp(nanos, kMin, kMax));
}

}  // namespace

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

std::int64_t extract_unit(TimeUnit unit, std::int64_t local_ns) noexcept {
    switch (unit) {
        case TimeUnit::kNanosecond: return floor_mod(local_ns, kNanosPerSecond);
        case TimeUnit::kMicrosecond: return floor_mod(local_ns, kNanosPerSecond) / kNanosPerMicro;
        case TimeUnit::kMillisecond: return floor_mod(local_ns, kNanosPerSecond) / kNanosPerMilli;
        case TimeUnit::kSecond: return floor_mod(local_ns, kNanosPerMinute) / kNanosPerSecond;
        case TimeUnit::kMinute: return floor_mod(local_ns, kNanosPerHour) / kNanosPerMinute;
        case TimeUnit::kHour: return floor_mod(local_ns, kNanosPerDay) / kNanosPerHour;
        case TimeUnit::kEpoch: return floor_div(local_ns, kNanosPerSecond);
        default: return extract_date(unit, day_of(local_ns));
    }
}

std::int64_t floor_to_unit(TimeUnit unit, std::int64_t local_ns) noexcept {
    if (unit <= TimeUnit::kDay) {
        const std::int64_t nanos = unit_nanos(unit);
        return saturate(Int128{floor_div(local_ns, nanos)} * nanos);
    }
    return saturate(Int128{first_day(unit, day_of(local_ns), 0)} * kNanosPerDay);
}

std::int64_t ceil_to_unit(TimeUnit unit, std::int64_t local_ns) noexcept {
    const std::int64_t floor = floor_to_unit(unit, local_ns);
    if (floor == local_ns) return local_ns;
    if (unit <= TimeUnit::kDay) return saturating_add(floor, unit_nanos(unit));
    return saturate(Int128{first_day(unit, day_of(local_ns), 1)} * kNanosPerDay);
}

std::optional<std::int64_t> add_months(std::int64_t local_ns, std::int64_t months) noexcept {
    // Ten thousand years either way: enough for what 64 bits can say, too little to overflow.
    constexpr std::int64_t kMonthsMax = 120'000;
    if (months > kMonthsMax || months < -kMonthsMax) return std::nullopt;
    const std::int32_t days = day_of(local_ns);
    const CivilDate date = civil_from_days(days);
    const std::int64_t month = std::int64_t{date.year} * 12 + date.month - 1 + months;
    const auto year_index = static_cast<std::int32_t>(floor_div(month, 12));
    const auto month_index = static_cast<std::int32_t>(floor_mod(month, 12));
    const std::int32_t first = days_from_civil({year_index, month_index + 1, 1});
    const std::int32_t next = month_index == 11 ? days_from_civil({year_index + 1, 1, 1})
                                                : days_from_civil({year_index, month_index + 2, 1});
    const std::int32_t sum_days = std::min(first + date.day - 1, next - 1);
    const std::int64_t of_day = floor_mod(local_ns, kNanosPerDay);
    const Int128 sum = Int128{sum_days} * kNanosPerDay + of_day;
    const std::int64_t result = saturate(sum);
    if (result != sum) return std::nullopt;
    return result;
}

std::int64_t months_between(std::int64_t from, std::int64_t to) noexcept {
    if (to < from) return -months_between(to, from);
    const CivilDate first = civil_from_days(day_of(from));
    const CivilDate last = civil_from_days(day_of(to));
    const std::int64_t months =
        (std::int64_t{last.year} - first.year) * 12 + last.month - first.month;
    // The last month counts when its day, cut to the length of the month, and time are reached.
    const std::optional<std::int64_t> reached = add_months(from, months);
    return reached && *reached <= to ? months : months - 1;
}

}  // namespace thalweg
