// Functions of dates and instants, one line a call.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

ExprSettings in_zone(std::string_view name) {
    return {.zone = *TimeZone::find(name)};
}

Cell time_of(std::string_view digits) {
    return {{std::int64_t{parse_time(digits).value()}}, Type::of(TypeKind::kTime).not_null()};
}

// `unit` becomes argument `index`, a literal where the others are columns.
Outcome call_unit(std::string_view name,
                  std::size_t index,
                  const std::string& unit,
                  const std::vector<Cell>& cells,
                  const ExprSettings& settings = {}) {
    return evaluate(cells, [&](std::vector<ExprPtr> arguments) {
        arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(index),
                         literal(text(unit)));
        return make_call(name, std::move(arguments), settings);
    });
}

// EXTRACT, FLOOR, ...: `unit` is argument `index`.
struct UnitCase {
    std::string_view name;
    std::size_t index;
    std::string unit;
    std::vector<Cell> arguments;
    std::string_view type;
    std::string_view value;
};

void check_units(const std::vector<UnitCase>& cases, const ExprSettings& settings = {}) {
    for (const UnitCase& each : cases) {
        INFO(each.name, " ", each.unit);
        const Outcome outcome =
            call_unit(each.name, each.index, each.unit, each.arguments, settings);
        CHECK_EQ(outcome.show(), each.value);
        CHECK_EQ(outcome.type.with_nullable(true).to_string(), each.type);
    }
}

const Cell kTime = timestamp("1994-09-27 13:14:15.678");

TEST_CASE("time functions: parts") {
    check_calls({
        {"YEAR", {date("1994-09-27")}, "BIGINT", "1994"},
        {"YEAR", {kTime}, "BIGINT", "1994"},
        {"YEAR", {null_of(Type::timestamp(3))}, "BIGINT", "NULL"},
        {"QUARTER", {date("1994-09-27")}, "BIGINT", "3"},
        {"MONTH", {kTime}, "BIGINT", "9"},
        {"WEEK", {date("1994-09-27")}, "BIGINT", "39"},
        {"DAYOFYEAR", {date("1994-09-27")}, "BIGINT", "270"},
        {"DAYOFMONTH", {kTime}, "BIGINT", "27"},
        {"DAYOFWEEK", {date("1994-09-27")}, "BIGINT", "3"},
        {"HOUR", {kTime}, "BIGINT", "13"},
        {"MINUTE", {time_of("10:44:31")}, "BIGINT", "44"},
        {"SECOND", {kTime}, "BIGINT", "15"},
        {"YEAR", {date("9999-12-31")}, "BIGINT", "9999"},
        {"DAYOFYEAR", {date("0001-12-31")}, "BIGINT", "365"},
    });
    check_units({
        {"EXTRACT", 0, "DAY", {date("2006-06-05")}, "BIGINT", "5"},
        {"EXTRACT", 0, "HOUR", {kTime}, "BIGINT", "13"},
        {"EXTRACT", 0, "MILLISECOND", {kTime}, "BIGINT", "678"},
        {"EXTRACT", 0, "MINUTE", {time_of("10:44:31")}, "BIGINT", "44"},
        {"EXTRACT", 0, "EPOCH", {instant("1970-01-02 00:00:00")}, "BIGINT", "86400"},
        {"EXTRACT", 0, "DOW", {date("2021-01-03")}, "BIGINT", "1"},
    });
    // The parts of an instant are those of the session's clock; its EPOCH is nobody's.
    const ExprSettings shanghai = in_zone("Asia/Shanghai");
    check_calls({{"HOUR", {instant("2024-01-01 20:00:00")}, "BIGINT", "4"},
                 {"DAYOFMONTH", {instant("2024-01-01 20:00:00")}, "BIGINT", "2"},
                 {"HOUR", {timestamp("2024-01-01 20:00:00")}, "BIGINT", "20"}},
                shanghai);
    check_units({{"EXTRACT", 0, "EPOCH", {instant("1970-01-02 00:00:00")}, "BIGINT", "86400"}},
                shanghai);
}

TEST_CASE("time functions: FLOOR and CEIL to a unit") {
    check_units({
        {"FLOOR", 1, "MINUTE", {time_of("12:44:31")}, "TIME(0)", "12:44:00"},
        {"CEIL", 1, "MINUTE", {time_of("12:44:31")}, "TIME(0)", "12:45:00"},
        {"FLOOR", 1, "HOUR", {kTime}, "TIMESTAMP(3)", "1994-09-27 13:00:00.000"},
        {"CEIL", 1, "HOUR", {kTime}, "TIMESTAMP(3)", "1994-09-27 14:00:00.000"},
        {"CEILING", 1, "DAY", {kTime}, "TIMESTAMP(3)", "1994-09-28 00:00:00.000"},
        {"FLOOR", 1, "MONTH", {date("1994-09-27")}, "DATE", "1994-09-01"},
        {"CEIL", 1, "YEAR", {date("1994-09-27")}, "DATE", "1995-01-01"},
    });
    // A day begins at midnight of the session's clock; an hour at a full hour of it.
    const ExprSettings kolkata = in_zone("Asia/Kolkata");
    const auto floor = [&](const char* unit, const char* utc) {
        return std::get<std::int64_t>(
            call_unit("FLOOR", 1, unit, {instant(utc)}, kolkata).value.data);
    };
    CHECK_EQ(floor("DAY", "2024-01-01 20:00:00"), parse_timestamp("2024-01-01 18:30:00"));
    CHECK_EQ(floor("HOUR", "2024-01-01 20:10:00"), parse_timestamp("2024-01-01 19:30:00"));
}

TEST_CASE("time functions: sums and differences") {
    const auto add = [](const char* unit, std::int64_t count, const Cell& to) {
        const Outcome outcome = call_unit("TIMESTAMPADD", 0, unit, {big(count), to});
        return outcome.show() + " " + outcome.type.with_nullable(true).to_string();
    };
    CHECK_EQ(add("HOUR", 2, kTime), "1994-09-27 15:14:15.678 TIMESTAMP(3)");
    CHECK_EQ(add("MONTH", 5, kTime), "1995-02-27 13:14:15.678 TIMESTAMP(3)");
    CHECK_EQ(add("WEEK", -1, date("1994-09-27")), "1994-09-20 DATE");
    CHECK_EQ(add("MONTH", 1, date("2024-01-31")), "2024-02-29 DATE");
    CHECK_EQ(add("DAY", -1, date("9999-12-31")), "9999-12-30 DATE");
    CHECK(add("HOUR", 1, date("9999-12-31")).find("1677 to 2262") != std::string::npos);
    CHECK_EQ(add("HOUR", 1, date("1994-09-27")), "1994-09-27 01:00:00.000 TIMESTAMP(3)");
    CHECK_EQ(add("MINUTE", 30, time_of("23:45:00")), "00:15:00 TIME(0)");
    CHECK(add("YEAR", 1'000'000, kTime).find("1677 to 2262") != std::string::npos);

    const auto difference = [](const char* unit, const Cell& from, const Cell& to) {
        const Outcome outcome = call_unit("TIMESTAMPDIFF", 0, unit, {from, to});
        return outcome.show() + " " + outcome.type.with_nullable(true).to_string();
    };
    const Cell later = timestamp("1994-10-27 13:14:15");
    CHECK_EQ(difference("DAY", kTime, later), "29 INT");
    CHECK_EQ(difference("MONTH", kTime, later), "0 INT");
    CHECK_EQ(difference("MONTH", date("1994-09-27"), later), "1 INT");
    CHECK_EQ(difference("DAY", later, kTime), "-29 INT");
    CHECK_EQ(difference("YEAR", date("2020-02-29"), date("2024-02-28")), "3 INT");
    CHECK_EQ(difference("QUARTER", date("2020-01-01"), date("2021-01-01")), "4 INT");
    CHECK_EQ(difference("SECOND", kTime, timestamp("1994-09-27 13:14:17.677")), "1 INT");
    CHECK_EQ(difference("HOUR", instant("1994-09-27 10:00:00"), instant("1994-09-27 12:30:00")),
             "2 INT");
    CHECK(difference("NANOSECOND", kTime, later).find("does not fit INT") != std::string::npos);
}

TEST_CASE("time functions: units are checked when the query is planned") {
    const ExprPtr column = make_column(0, Type::timestamp(3));
    const ExprPtr clock = make_column(0, Type::of(TypeKind::kTime));
    CHECK_FALSE(make_call("EXTRACT", {literal(text("FORTNIGHT")), column}, {}));
    CHECK_FALSE(make_call("FLOOR", {column, literal(text("DOW"))}, {}));
    CHECK_FALSE(make_call("EXTRACT", {literal(text("YEAR")), clock}, {}));
    CHECK_FALSE(make_call("TIMESTAMPADD", {literal(text("CENTURY")), column, column}, {}));
    CHECK_FALSE(make_call("DATE_FORMAT", {column, literal(text("bbb"))}, {}));
    CHECK_FALSE(make_call("DATE_FORMAT", {column, literal(text("HH X"))}, {}));
    CHECK_FALSE(make_call("TO_TIMESTAMP_LTZ", {literal(big(1)), literal(integer(4))}, {}));
}

TEST_CASE("time functions: text to time") {
    check_calls({
        {"TO_TIMESTAMP",
         {text("2023-01-01 12:30:00.123456")},
         "TIMESTAMP(3)",
         "2023-01-01 12:30:00.123"},
        {"TO_TIMESTAMP", {text("2023-01-01")}, "TIMESTAMP(3)", "2023-01-01 00:00:00.000"},
        {"TO_TIMESTAMP", {text("yesterday")}, "TIMESTAMP(3)", "NULL"},
        {"TO_TIMESTAMP",
         {text("01/02/2023 03:04"), text("dd/MM/yyyy HH:mm")},
         "TIMESTAMP(3)",
         "2023-02-01 03:04:00.000"},
        {"TO_TIMESTAMP", {text("01-02"), text("dd/MM")}, "TIMESTAMP(3)", "NULL"},
        {"TO_DATE", {text("2023-01-31")}, "DATE", "2023-01-31"},
        {"TO_DATE", {text("31.01.2023"), text("dd.MM.yyyy")}, "DATE", "2023-01-31"},
        {"TO_DATE", {text("2023-02-30")}, "DATE", "NULL"},
        {"UNIX_TIMESTAMP", {text("1970-01-01 00:01:00")}, "BIGINT", "60"},
        {"UNIX_TIMESTAMP", {text("nothing")}, "BIGINT", "-9223372036854775808"},
    });
    // The four examples of Flink's documentation.
    const std::string millis = "yyyy-MM-dd HH:mm:ss.SSS";
    check_calls(
        {{"UNIX_TIMESTAMP", {text("1970-01-01 08:00:01.001"), text(millis)}, "BIGINT", "25201"},
         {"UNIX_TIMESTAMP",
          {text("1970-01-01 08:00:01.001 +0800"), text(millis + " X")},
          "BIGINT",
          "1"},
         {"UNIX_TIMESTAMP",
          {text("1970-01-01 08:00:01.001 +0800"), text(millis)},
          "BIGINT",
          "25201"},
         {"UNIX_TIMESTAMP",
          {text("1970-01-01 08:00:01.001"), text(millis + " X")},
          "BIGINT",
          "-9223372036854775808"}},
        in_zone("Europe/Berlin"));
}

TEST_CASE("time functions: numbers to time") {
    const auto from = [](const Cell& number, std::int64_t precision) {
        const Outcome outcome = evaluate({number}, [&](const std::vector<ExprPtr>& arguments) {
            return make_call("TO_TIMESTAMP_LTZ", {arguments[0], literal(integer(precision))}, {});
        });
        return outcome.show() + " " + outcome.type.with_nullable(true).to_string();
    };
    CHECK_EQ(from(big(1'700'000'000), 0), "2023-11-14 22:13:20.000 TIMESTAMP_LTZ(3)");
    CHECK_EQ(from(big(1'700'000'000'123), 3), "2023-11-14 22:13:20.123 TIMESTAMP_LTZ(3)");
    CHECK_EQ(from(integer(1), 0), "1970-01-01 00:00:01.000 TIMESTAMP_LTZ(3)");
    CHECK_EQ(from(big(1'700'000'000'123'456), 6), "2023-11-14 22:13:20.123456 TIMESTAMP_LTZ(6)");
    CHECK_EQ(from(big(1'700'000'000'123'456'789), 9),
             "2023-11-14 22:13:20.123456789 TIMESTAMP_LTZ(9)");
    CHECK_EQ(from(number(1.5), 0), "1970-01-01 00:00:01.500 TIMESTAMP_LTZ(3)");
    CHECK_EQ(from(big(1'000'000'000'000), 0), "NULL TIMESTAMP_LTZ(3)");
    CHECK_EQ(from(null_of(Type::bigint()), 3), "NULL TIMESTAMP_LTZ(3)");
    check_calls({{"TO_TIMESTAMP_LTZ",
                  {text("2023-01-01 00:00:00")},
                  "TIMESTAMP_LTZ(3)",
                  "2023-01-01 00:00:00.000"},
                 {"TO_TIMESTAMP_LTZ", {big(1)}, "TIMESTAMP_LTZ(3)", "1970-01-01 00:00:00.001"}});
}

TEST_CASE("time functions: time to text") {
    check_calls({
        {"DATE_FORMAT", {kTime, text("yyyy-MM-dd HH:mm")}, "STRING", "1994-09-27 13:14"},
        {"DATE_FORMAT", {kTime, text("HH")}, "STRING", "13"},
        {"DATE_FORMAT", {date("1994-09-27"), text("EEE d MMM")}, "STRING", "Tue 27 Sep"},
        {"DATE_FORMAT", {text("1994-09-27 13:14:15"), text("yyyyMMdd")}, "STRING", "19940927"},
        {"FROM_UNIXTIME", {big(44)}, "STRING", "1970-01-01 00:00:44"},
        {"FROM_UNIXTIME", {integer(44), text("mm:ss")}, "STRING", "00:44"},
        {"CONVERT_TZ",
         {text("1970-01-01 00:00:00"), text("UTC"), text("America/Los_Angeles")},
         "STRING",
         "1969-12-31 16:00:00"},
        {"CONVERT_TZ", {text("?"), text("UTC"), text("GMT+8")}, "STRING", "NULL"},
    });
    check_calls(
        {{"FROM_UNIXTIME", {big(44)}, "STRING", "1970-01-01 09:00:44"},
         {"DATE_FORMAT", {instant("2024-01-01 20:00:00"), text("dd HH")}, "STRING", "02 05"},
         {"DATE_FORMAT", {timestamp("2024-01-01 20:00:00"), text("dd HH")}, "STRING", "01 20"}},
        in_zone("Asia/Tokyo"));
    const ExprPtr column = make_column(0, Type::string());
    CHECK_FALSE(
        make_call("CONVERT_TZ", {column, literal(text("Nowhere")), literal(text("UTC"))}, {}));
}

TEST_CASE("time functions: the present is what the context says, and never folded") {
    struct Row {
        const char* name;
        const char* type;
        std::int64_t value;
    };

    const std::int64_t now = parse_timestamp("2024-01-01 20:30:40.123456789").value();
    const std::int64_t utc = parse_timestamp("2024-01-01 20:30:40.123").value();
    const std::int64_t local = parse_timestamp("2024-01-02 05:30:40.123").value();
    const std::vector<Row> rows = {
        {"CURRENT_TIMESTAMP", "TIMESTAMP_LTZ(3) NOT NULL", utc},
        {"NOW", "TIMESTAMP_LTZ(3) NOT NULL", utc},
        {"CURRENT_ROW_TIMESTAMP", "TIMESTAMP_LTZ(3) NOT NULL", utc},
        {"PROCTIME", "TIMESTAMP_LTZ(3) NOT NULL", utc},
        {"LOCALTIMESTAMP", "TIMESTAMP(3) NOT NULL", local},
        {"CURRENT_DATE", "DATE NOT NULL", parse_date("2024-01-02").value()},
        {"CURRENT_TIME", "TIME(0) NOT NULL", parse_time("05:30:40").value()},
        {"LOCALTIME", "TIME(0) NOT NULL", parse_time("05:30:40").value()},
        {"UNIX_TIMESTAMP", "BIGINT NOT NULL", utc / kNanosPerSecond},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const ExprPtr expr = make_call(row.name, {}, in_zone("Asia/Tokyo")).value();
        CHECK_EQ(expr->type.to_string(), row.type);
        REQUIRE(expr->kind == ExprKind::kCall);
        Program program({expr});
        OpContext context;
        context.now_ns = now;
        const Column& result =
            *program.run({.columns = {}, .selection = Selection::all(3)}, context)[0];
        CHECK(value_at(result, 2) == Value{row.value});
        context.now_ns += kNanosPerDay + kNanosPerHour;
        const Column& next =
            *program.run({.columns = {}, .selection = Selection::all(3)}, context)[0];
        CHECK_FALSE(value_at(next, 0) == Value{row.value});
    }
}

}  // namespace
}  // namespace thalweg
