// CAST, TRY_CAST and the casts that happen unasked.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <limits>

namespace thalweg {
namespace {

struct CastCase {
    Cell from;
    Type target;
    std::string_view value;
};

void check(const std::vector<CastCase>& cases) {
    for (const CastCase& each : cases) {
        INFO(show(each.from.value, each.from.type),
             ": ",
             each.from.type.to_string(),
             " to ",
             each.target.to_string());
        const Outcome outcome = cast(each.from, each.target);
        CHECK_EQ(outcome.show(), each.value);
        if (outcome.error.empty()) CHECK(same_but_null(outcome.type, each.target));
    }
}

Type of_length(TypeKind kind, std::int32_t length) {
    return {kind, true, length, 0, nullptr};
}

TEST_CASE("cast: between numbers as Java narrows and Flink rounds") {
    const Type tinyint = Type::of(TypeKind::kTinyint);
    check({
        {integer(300), tinyint, "44"},
        {big(4294967297), Type::integer(), "1"},
        {number(2.9), Type::integer(), "2"},
        {number(-2.9), Type::bigint(), "-2"},
        {number(1e300), Type::integer(), "2147483647"},
        {number(-1e300), Type::bigint(), "-9223372036854775808"},
        {number(std::numeric_limits<double>::quiet_NaN()), Type::integer(), "0"},
        {number(300), tinyint, "44"},
        {boolean(true), Type::integer(), "1"},
        {integer(-5), Type::boolean(), "TRUE"},
        {integer(3), Type::double_precision(), "3.0"},
        {integer(3), Type::decimal(10, 2), "3.00"},
        {integer(12345), Type::decimal(4, 0), "NULL"},
        {number(1.005), Type::decimal(10, 1), "1.0"},
        {decimal("2.55", 10, 2), Type::decimal(10, 1), "2.6"},
        {decimal("-2.55", 10, 2), Type::decimal(10, 1), "-2.6"},
        {decimal("999.9", 10, 1), Type::decimal(3, 0), "NULL"},
        {decimal("2.99", 10, 2), Type::integer(), "2"},
        {decimal("2.5", 10, 1), Type::double_precision(), "2.5"},
        {decimal("0.0", 10, 1), Type::boolean(), "FALSE"},
    });
}

TEST_CASE("cast: to text in Flink's forms") {
    const Type string = Type::string();
    check({
        {boolean(true), string, "TRUE"},
        {big(-42), string, "-42"},
        {number(1), string, "1.0"},
        {number(1e10), string, "1.0E10"},
        {decimal("1.50", 10, 2), string, "1.50"},
        {date("2020-02-29"), string, "2020-02-29"},
        {timestamp("2020-01-01 10:20:30.123"), string, "2020-01-01 10:20:30.123"},
        {timestamp("2020-01-01 10:20:30", 0), string, "2020-01-01 10:20:30"},
        {integral(TypeKind::kTime, 3723000), string, "01:02:03"},
        {months(14), string, "+1-02"},
        {months(-1), string, "-0-01"},
        {seconds(-90061), string, "-1 01:01:01.000"},
        {integer(12345), of_length(TypeKind::kVarchar, 3), "123"},
        {text("abc"), of_length(TypeKind::kChar, 5), "abc  "},
        {text("äöü"), of_length(TypeKind::kChar, 2), "äö"},
        {text("a text that is longer than twelve bytes"),
         of_length(TypeKind::kVarchar, 20),
         "a text that is longe"},
        {text("abc"), of_length(TypeKind::kVarbinary, 2), "ab"},
    });
}

TEST_CASE("cast: from text, with blanks around") {
    check({
        {text(" 42 "), Type::integer(), "42"},
        {text("1.9"), Type::integer(), "1"},
        {text("2147483648"), Type::integer(), "error: cannot cast '2147483648' to INT"},
        {text("abc"), Type::bigint(), "error: cannot cast 'abc' to BIGINT"},
        {text(""), Type::integer(), "error: cannot cast '' to INT"},
        {text("1e3"), Type::double_precision(), "1000.0"},
        {text("Yes"), Type::boolean(), "TRUE"},
        {text("f"), Type::boolean(), "FALSE"},
        {text("maybe"), Type::boolean(), "error: cannot cast 'maybe' to BOOLEAN"},
        {text("1.005"), Type::decimal(10, 2), "1.01"},
        {text("12345"), Type::decimal(3, 0), "NULL"},
        {text("x"), Type::decimal(3, 0), "error: cannot cast 'x' to DECIMAL(3, 0)"},
        {text("2020-01-01"), Type::of(TypeKind::kDate), "2020-01-01"},
        {text("2020-01-01 10:20:30.123456"), Type::timestamp(3), "2020-01-01 10:20:30.123"},
        {text("12:34:56"), Type::of(TypeKind::kTime), "12:34:56"},
        {text("nonsense"), Type::timestamp(3), "error: cannot cast 'nonsense' to TIMESTAMP(3)"},
    });
}

TEST_CASE("cast: between times, through the zone where one is local") {
    const ExprSettings shanghai = {.zone = TimeZone::find("Asia/Shanghai").value()};
    const Cell wall = timestamp("2020-01-01 08:30:00");
    const auto shown = [&](const Cell& cell, const Type& target) {
        return cast(cell, target, CastMode::kCast, shanghai).show();
    };
    CHECK_EQ(cast(wall, Type::of(TypeKind::kDate)).show(), "2020-01-01");
    CHECK_EQ(cast(wall, Type::of(TypeKind::kTime)).show(), "08:30:00");
    CHECK_EQ(cast(date("2020-01-02"), Type::timestamp(0)).show(), "2020-01-02 00:00:00");
    CHECK_EQ(cast(timestamp("1969-12-31 23:59:59.9999", 9), Type::timestamp(3)).show(),
             "1969-12-31 23:59:59.999");
    const Outcome utc = cast(wall, Type::timestamp_ltz(3), CastMode::kCast, shanghai);
    CHECK_EQ(std::get<std::int64_t>(utc.value.data),
             parse_timestamp("2020-01-01 00:30:00").value());
    CHECK_EQ(shown(instant("2019-12-31 20:00:00"), Type::of(TypeKind::kDate)), "2020-01-01");
    CHECK_EQ(shown(instant("2020-01-01 00:00:00"), Type::string()), "2020-01-01 08:00:00.000");
    CHECK_EQ(cast(integer(1), Type::timestamp(3)).error, "cannot cast INT to TIMESTAMP(3)");
}

TEST_CASE("cast: TRY_CAST gives NULL and a nullable type") {
    const Outcome outcome = cast(text("abc"), Type::integer(), CastMode::kTryCast);
    CHECK_EQ(outcome.show(), "NULL");
    CHECK(outcome.type.nullable);
    CHECK_EQ(cast(text("12"), Type::integer(), CastMode::kTryCast).show(), "12");
}

TEST_CASE("cast: unasked only where nothing is lost but digits") {
    const auto error = [](const Cell& cell, const Type& target) {
        return cast(cell, target, CastMode::kImplicit).error;
    };
    CHECK_EQ(error(integer(1), Type::bigint()), "");
    CHECK_EQ(error(integer(1), Type::decimal(10, 2)), "");
    CHECK_EQ(error(null_of(Type{}), Type::string()), "");
    CHECK_EQ(error(big(1), Type::integer()), "BIGINT is not taken for INT without a CAST");
    CHECK_EQ(error(text("1"), Type::integer()), "STRING is not taken for INT without a CAST");
}

}  // namespace
}  // namespace thalweg
