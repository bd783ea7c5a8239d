// Dates, times and timestamps as text, and the calendar under them.

#include "state/text/timestamp.h"

#include "state/base/random.h"
#include "state/base/time.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string timestamp_text(std::int64_t nanos, std::int32_t precision) {
    std::string text;
    append_timestamp(text, nanos, precision);
    return text;
}

TEST_CASE("timestamp: the calendar has no gap in two thousand years") {
    CHECK_EQ(days_from_civil({1970, 1, 1}), 0);
    CHECK_EQ(days_from_civil({2000, 3, 1}), 11'017);
    CHECK_EQ(days_from_civil({1969, 12, 31}), -1);
    CivilDate last = civil_from_days(days_from_civil({-400, 1, 1}) - 1);
    CHECK(last == CivilDate{-401, 12, 31});
    for (std::int32_t days = days_from_civil({-400, 1, 1}); days < days_from_civil({2500, 1, 1});
         ++days) {
        const CivilDate date = civil_from_days(days);
        REQUIRE(days_from_civil(date) == days);
        const bool same_month = date.month == last.month && date.day == last.day + 1;
        const bool next_month = date.day == 1 && date.month == last.month % 12 + 1;
        REQUIRE((same_month || next_month));
        last = date;
    }
}

TEST_CASE("timestamp: text is read whole or not at all") {
    struct Row {
        std::string text;
        std::string expected;  // At nine digits.
    };

    const std::vector<Row> rows = {
        {"2020-10-10 12:30:05", "2020-10-10 12:30:05.000000000"},
        {"2020-10-10T12:30:05", "2020-10-10 12:30:05.000000000"},
        {"2020-10-10 12:30:05Z", "2020-10-10 12:30:05.000000000"},
        {"2020-10-10T12:30:05.25Z", "2020-10-10 12:30:05.250000000"},
        {"2020-10-10 12:30:05.1", "2020-10-10 12:30:05.100000000"},
        {"2020-10-10 12:30:05.123456789", "2020-10-10 12:30:05.123456789"},
        {"2020-10-10 12:30", "2020-10-10 12:30:00.000000000"},
        {"2020-10-10T12:30Z", "2020-10-10 12:30:00.000000000"},
        {"2020-10-10", "2020-10-10 00:00:00.000000000"},
        {"2020-02-29 23:59:59", "2020-02-29 23:59:59.000000000"},
        {"1969-12-31 23:59:59.999999999", "1969-12-31 23:59:59.999999999"},
        {"1677-09-21 00:12:43.145224192", "1677-09-21 00:12:43.145224192"},
        {"1677-09-21 00:12:43.145224191", "none"},
        {"2262-04-11 23:47:16.854775807", "2262-04-11 23:47:16.854775807"},
        {"2262-04-11 23:47:16.854775808", "none"},
        {"9999-12-31", "none"},
        {"2020-10-10 12:30:05.1234567890", "none"},
        {"2020-10-10 12:30:05.", "none"},
        {"2020-10-10 12:30:05,1", "none"},
        {"2020-10-10 12:30:05.1x", "none"},
        {"2020-10-10 12:30:5", "none"},
        {"2020-10-10 12:30:", "none"},
        {"2020-10-10 12:30:60", "none"},
        {"2020-10-10 12:60:00", "none"},
        {"2020-10-10 24:00:00", "none"},
        {"2021-02-29 00:00:00", "none"},
        {"1900-02-29", "none"},
        {"2020-13-01", "none"},
        {"2020-00-01", "none"},
        {"2020-01-00", "none"},
        {"2020-04-31 00:00:00", "none"},
        {"2020-10-10x12:30:05", "none"},
        {"2020/10/10 12:30:05", "none"},
        {"2020-1-10 12:30:05", "none"},
        {"2020-10-10 ", "none"},
        {"2020-10-1a", "none"},
        {"202a-10-10 12:30:05", "none"},
        {"2020-10-10 1/:30:05", "none"},
        {"", "none"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const std::optional<std::int64_t> nanos = parse_timestamp(row.text);
        CHECK_EQ(nanos ? timestamp_text(*nanos, 9) : "none", row.expected);
    }
}

TEST_CASE("timestamp: dates and times alone") {
    CHECK(parse_date("1970-01-02") == 1);
    CHECK(parse_date("9999-12-31") == 2'932'896);
    CHECK_FALSE(parse_date("1970-01-02 ").has_value());
    CHECK_FALSE(parse_date("1970-1-02").has_value());
    CHECK_FALSE(parse_date("1970-01-32").has_value());
    CHECK(parse_time("12:30:05") == 45'005'000);
    CHECK(parse_time("12:30:05.123") == 45'005'123);
    CHECK(parse_time("12:30:05.1239") == 45'005'123);
    CHECK(parse_time("00:00") == 0);
    CHECK_FALSE(parse_time("24:00:00").has_value());
    CHECK_FALSE(parse_time("1:00:00").has_value());
    CHECK_FALSE(parse_time("12:30:05.").has_value());
    CHECK_FALSE(parse_time("").has_value());

    std::string text;
    append_date(text, 0);
    text += ' ';
    append_date(text, days_from_civil({12345, 6, 7}));
    text += ' ';
    append_date(text, days_from_civil({-5, 6, 7}));
    CHECK_EQ(text, "1970-01-01 +12345-06-07 -0005-06-07");
    text.clear();
    append_time(text, 45'005'123, 0);
    text += ' ';
    append_time(text, 45'005'123, 2);
    CHECK_EQ(text, "12:30:05 12:30:05.12");
    CHECK_EQ(timestamp_text(-1, 3), "1969-12-31 23:59:59.999");
    CHECK_EQ(timestamp_text(1'500'000'000, 0), "1970-01-01 00:00:01");
    CHECK_EQ(timestamp_text(1'500'000'000, 3), "1970-01-01 00:00:01.500");
}

TEST_CASE("timestamp: what is written reads back") {
    constexpr std::uint64_t kSeed = 5;
    CAPTURE(kSeed);
    Random random(kSeed);
    for (int i = 0; i < 50'000; ++i) {
        const auto nanos = static_cast<std::int64_t>(random());
        REQUIRE(parse_timestamp(timestamp_text(nanos, 9)) == nanos);
        const std::int64_t millis = floor_div(nanos, kNanosPerMilli) * kNanosPerMilli;
        if (millis < nanos - kNanosPerMilli) continue;  // Below the range.
        REQUIRE(parse_timestamp(timestamp_text(nanos, 3)).value_or(millis) == millis);
    }
}

}  // namespace
}  // namespace thalweg
