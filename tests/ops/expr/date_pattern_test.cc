// DatePattern and the calendar's arithmetic under it.

#include "ops/expr/date_pattern.h"

#include "ops/expr/time_unit.h"
#include "state/base/random.h"
#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string text_of(std::optional<std::int64_t> nanos) {
    if (!nanos) return "none";
    std::string text;
    append_timestamp(text, *nanos, *nanos % kNanosPerSecond == 0 ? 0 : 9);
    return text;
}

std::int64_t at(const std::string& text) {
    return parse_timestamp(text).value();
}

ClockReading reading(const std::string& text) {
    return reading_of(at(text));
}

TEST_CASE("date pattern: writes what Java writes") {
    struct Row {
        std::string time;
        std::string pattern;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"2024-02-09 13:04:05.123456789", "yyyy-MM-dd HH:mm:ss.SSS", "2024-02-09 13:04:05.123"},
        {"2024-02-09 13:04:05.123456789", "SSSSSSSSS", "123456789"},
        {"2024-02-09 13:04:05", "yyMMdd", "240209"},
        {"2024-02-09 13:04:05", "y-M-d", "2024-2-9"},
        {"2024-02-09 13:04:05", "uuuu", "2024"},
        {"2024-02-09 13:04:05", "EEE, d MMM yyyy", "Fri, 9 Feb 2024"},
        {"2024-02-09 13:04:05", "EEEE MMMM", "Friday February"},
        {"2024-02-09 13:04:05", "h:mm a", "1:04 PM"},
        {"2024-02-09 00:04:05", "hh:mm a kk K", "12:04 AM 24 0"},
        {"2024-02-09 13:04:05", "H'h' m'm' ''", "13h 4m '"},
        {"2024-02-09 13:04:05", "'o''clock'", "o'clock"},
        {"2024-12-31 13:04:05", "D Q", "366 4"},
        {"1969-12-31 23:59:59.999", "ss.SSS", "59.999"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.pattern);
        std::string out;
        (*DatePattern::make(row.pattern))->append(out, at(row.time));
        CHECK_EQ(out, row.expected);
    }
}

TEST_CASE("date pattern: reads the whole text or nothing") {
    struct Row {
        std::string text;
        std::string pattern;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"2024-02-09 13:04:05", "yyyy-MM-dd HH:mm:ss", "2024-02-09 13:04:05"},
        {"2024-02-09 13:04:05.25", "yyyy-MM-dd HH:mm:ss.SS", "2024-02-09 13:04:05.250000000"},
        {"20240209130405", "yyyyMMddHHmmss", "2024-02-09 13:04:05"},
        {"9/2/2024", "d/M/yyyy", "2024-02-09 00:00:00"},
        {"24", "yy", "2024-01-01 00:00:00"},
        {"09 Feb 2024", "dd MMM yyyy", "2024-02-09 00:00:00"},
        {"Friday, February 9, 2024", "EEEE, MMMM d, yyyy", "2024-02-09 00:00:00"},
        {"2024-02-09 01 PM", "yyyy-MM-dd hh a", "2024-02-09 13:00:00"},
        {"2024-02-09 12 AM", "yyyy-MM-dd hh a", "2024-02-09 00:00:00"},
        {"2024-060", "yyyy-DDD", "2024-02-29 00:00:00"},
        {"2024-02-09T13:04", "yyyy-MM-dd'T'HH:mm", "2024-02-09 13:04:00"},
        {"13:04", "HH:mm", "1970-01-01 13:04:00"},
        {"2024-02-30", "yyyy-MM-dd", "none"},
        {"2024-13-01", "yyyy-MM-dd", "none"},
        {"2024-2-9", "yyyy-MM-dd", "none"},
        {"2024-02-09 ", "yyyy-MM-dd", "none"},
        {"2024-02-09", "yyyy/MM/dd", "none"},
        {"2024-02-09 24", "yyyy-MM-dd HH", "none"},
        {"13 PM", "hh a", "none"},
        {"2023-366", "yyyy-DDD", "none"},
        {"9999-01-01", "yyyy-MM-dd", "none"},
        {"", "yyyy", "none"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.pattern);
        CHECK_EQ(text_of((*DatePattern::make(row.pattern))->parse_local(row.text)), row.expected);
    }
}

TEST_CASE("date pattern: offsets are read") {
    struct Row {
        std::string text;
        std::string pattern;
        std::int64_t minutes;
    };

    const std::vector<Row> rows = {
        {"12 +0800", "HH X", 480},
        {"12 +08", "HH X", 480},
        {"12 Z", "HH X", 0},
        {"12 -0330", "HH Z", -210},
        {"12 +01:30",
         "HH X"
         "XX",
         90},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto pattern = *DatePattern::make(row.pattern);
        CHECK(pattern->has_offset());
        const auto parsed = pattern->parse(row.text);
        REQUIRE(parsed.has_value());
        CHECK(parsed->offset_ns == row.minutes * kNanosPerMinute);
        CHECK_EQ(parsed->bytes, row.text.size());
    }
    CHECK_FALSE((*DatePattern::make("HH X"))->parse("12 8").has_value());
    for (const char* pattern : {"'open", "yyyy-bb", "SSSSSSSSSS", "n"}) {
        CAPTURE(pattern);
        CHECK_FALSE(DatePattern::make(pattern).has_value());
    }
}

TEST_CASE("time unit: parts of a date") {
    struct Row {
        std::string time;
        std::string unit;
        std::int64_t expected;
    };

    const std::vector<Row> rows = {
        {"1994-09-27 13:14:15.678", "YEAR", 1994},
        {"1994-09-27 13:14:15.678", "QUARTER", 3},
        {"1994-09-27 13:14:15.678", "MONTH", 9},
        {"1994-09-27 13:14:15.678", "WEEK", 39},
        {"1994-09-27 13:14:15.678", "DOY", 270},
        {"1994-09-27 13:14:15.678", "DAY", 27},
        {"1994-09-27 13:14:15.678", "DOW", 3},
        {"1994-09-27 13:14:15.678", "ISODOW", 2},
        {"1994-09-27 13:14:15.678", "HOUR", 13},
        {"1994-09-27 13:14:15.678", "minutes", 14},
        {"1994-09-27 13:14:15.678", "SECOND", 15},
        {"1994-09-27 13:14:15.678", "MILLISECOND", 678},
        {"1994-09-27 13:14:15.678", "MICROSECOND", 678'000},
        {"1994-09-27 13:14:15.678", "DECADE", 199},
        {"1994-09-27 13:14:15.678", "CENTURY", 20},
        {"2000-01-01", "CENTURY", 20},
        {"2001-01-01", "CENTURY", 21},
        {"2001-01-01", "MILLENNIUM", 3},
        {"1970-01-02", "EPOCH", 86'400},
        {"1969-12-31 23:59:59.5", "EPOCH", -1},
        {"1969-12-31 23:59:59.5", "SECOND", 59},
        {"2021-01-03", "WEEK", 53},
        {"2021-01-03", "ISOYEAR", 2020},
        {"2021-01-03", "DOW", 1},
        {"2021-01-03", "ISODOW", 7},
        {"2021-01-04", "WEEK", 1},
    };
    for (const Row& row : rows) {
        CAPTURE(row.unit);
        CAPTURE(row.time);
        CHECK_EQ(extract_unit(parse_time_unit(row.unit).value(), reading(row.time)), row.expected);
    }
    CHECK_FALSE(parse_time_unit("FORTNIGHT").has_value());
    CHECK_FALSE(parse_time_unit("").has_value());
    CHECK(parse_time_unit("SQL_TSI_DAY") == TimeUnit::kDay);
}

TEST_CASE("time unit: down and up to a unit") {
    struct Row {
        std::string time;
        std::string unit;
        std::string floor;
        std::string ceil;
    };

    const std::vector<Row> rows = {
        {"2024-02-09 13:04:05.5", "SECOND", "2024-02-09 13:04:05", "2024-02-09 13:04:06"},
        {"2024-02-09 13:04:05.5", "MINUTE", "2024-02-09 13:04:00", "2024-02-09 13:05:00"},
        {"2024-02-09 13:04:05", "HOUR", "2024-02-09 13:00:00", "2024-02-09 14:00:00"},
        {"2024-02-09 13:04:05", "DAY", "2024-02-09 00:00:00", "2024-02-10 00:00:00"},
        {"2024-02-09 13:04:05", "WEEK", "2024-02-04 00:00:00", "2024-02-11 00:00:00"},
        {"2024-02-11 00:00:00", "WEEK", "2024-02-11 00:00:00", "2024-02-11 00:00:00"},
        {"2024-02-09 13:04:05", "MONTH", "2024-02-01 00:00:00", "2024-03-01 00:00:00"},
        {"2024-12-09 13:04:05", "MONTH", "2024-12-01 00:00:00", "2025-01-01 00:00:00"},
        {"2024-02-09 13:04:05", "QUARTER", "2024-01-01 00:00:00", "2024-04-01 00:00:00"},
        {"2024-02-09 13:04:05", "YEAR", "2024-01-01 00:00:00", "2025-01-01 00:00:00"},
        {"2024-02-09 13:04:05", "DECADE", "2020-01-01 00:00:00", "2030-01-01 00:00:00"},
        {"2000-02-09 13:04:05", "CENTURY", "1901-01-01 00:00:00", "2001-01-01 00:00:00"},
        {"2024-01-01 00:00:00", "YEAR", "2024-01-01 00:00:00", "2024-01-01 00:00:00"},
        {"1969-12-31 23:59:59.5", "HOUR", "1969-12-31 23:00:00", "1970-01-01 00:00:00"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.unit);
        CAPTURE(row.time);
        const TimeUnit unit = parse_time_unit(row.unit).value();
        CHECK_EQ(text_of(nanos_of(floor_to_unit(unit, reading(row.time)))), row.floor);
        CHECK_EQ(text_of(nanos_of(ceil_to_unit(unit, reading(row.time)))), row.ceil);
    }
}

TEST_CASE("time unit: months are added and counted in full") {
    const auto add = [](const char* time, std::int64_t months) {
        const auto sum = add_units(TimeUnit::kMonth, reading(time), months);
        return text_of(sum ? nanos_of(*sum) : std::nullopt);
    };
    CHECK_EQ(add("2024-01-31 12:00:00", 1), "2024-02-29 12:00:00");
    CHECK_EQ(add("2024-03-31 12:00:00", -1), "2024-02-29 12:00:00");
    CHECK_EQ(add("2024-02-29 12:00:00", 12), "2025-02-28 12:00:00");
    CHECK_EQ(add("2024-11-15 12:00:00", 3), "2025-02-15 12:00:00");
    CHECK_EQ(add("2024-01-15 12:00:00", 100'000), "none");
    CHECK_EQ(add("2024-01-15 12:00:00", 1'000'000), "none");
    const auto between = [](const char* from, const char* to) {
        return units_between(TimeUnit::kMonth, reading(from), reading(to));
    };
    CHECK_EQ(between("2024-01-15", "2024-02-15"), 1);
    CHECK_EQ(between("2024-01-15", "2024-02-14 23:59:59"), 0);
    CHECK_EQ(between("2024-02-15", "2024-01-15"), -1);
    CHECK_EQ(between("2024-01-15 00:00:01", "2025-01-15"), 11);
    CHECK_EQ(between("2024-01-31", "2024-02-29"), 1);
}

TEST_CASE("time unit: what is added is what lies between, for dates of all centuries") {
    constexpr std::uint64_t kSeed = 41;
    CAPTURE(kSeed);
    Random random(kSeed);
    for (int i = 0; i < 10'000; ++i) {
        const ClockReading from{static_cast<std::int32_t>(random.below(3'600'000)) - 700'000,
                                static_cast<std::int64_t>(random.below(kNanosPerDay - 1)) + 1};
        for (const TimeUnit unit : {TimeUnit::kNanosecond,
                                    TimeUnit::kHour,
                                    TimeUnit::kWeek,
                                    TimeUnit::kMonth,
                                    TimeUnit::kQuarter,
                                    TimeUnit::kYear}) {
            const auto count = static_cast<std::int64_t>(random.below(1'000));
            const ClockReading to = add_units(unit, from, count).value();
            REQUIRE(units_between(unit, from, to) == count);
            REQUIRE(units_between(unit, to, from) == -count);
            const ClockReading before{to.days, to.nanos - 1};
            const std::int64_t less = before < from ? 0 : std::max<std::int64_t>(0, count - 1);
            REQUIRE(units_between(unit, from, before) ==
                    (count == 0 && unit == TimeUnit::kNanosecond ? -1 : less));
        }
    }
}

TEST_CASE("time unit: rounding goes to the nearest start of a unit on either side") {
    constexpr std::uint64_t kSeed = 43;
    CAPTURE(kSeed);
    Random random(kSeed);
    for (int i = 0; i < 10'000; ++i) {
        const ClockReading at{static_cast<std::int32_t>(random.below(3'600'000)) - 700'000,
                              static_cast<std::int64_t>(random.below(kNanosPerDay))};
        for (int u = 0; u <= static_cast<int>(TimeUnit::kMillennium); ++u) {
            const auto unit = static_cast<TimeUnit>(u);
            const ClockReading floor = floor_to_unit(unit, at);
            const ClockReading ceil = ceil_to_unit(unit, at);
            REQUIRE(floor <= at);
            REQUIRE(at <= ceil);
            REQUIRE(floor_to_unit(unit, floor) == floor);
            REQUIRE(ceil_to_unit(unit, ceil) == ceil);
            REQUIRE(floor_to_unit(unit, ceil) == ceil);
            if (unit_nanos(unit) != 0 || unit_months(unit) != 0)
                REQUIRE(units_between(unit, floor, ceil) == (floor == ceil ? 0 : 1));
        }
    }
}

}  // namespace
}  // namespace thalweg
