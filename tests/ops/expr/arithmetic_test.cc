// Arithmetic, comparison and logic of single values: types and results.

#include "state/base/random.h"
#include "state/batch.h"
#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kBigMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kBigMin = std::numeric_limits<std::int64_t>::min();

TEST_CASE("arithmetic: integers widen to the wider one and wrap around") {
    check_calls_or_errors({
        {"+", {integer(1), integer(2)}, "INT", "3"},
        {"+", {integer(1), big(2)}, "BIGINT", "3"},
        {"+", {tiny(100), tiny(100)}, "TINYINT", "-56"},
        {"+", {small(30000), tiny(100)}, "SMALLINT", "30100"},
        {"*", {small(300), small(300)}, "SMALLINT", "24464"},
        {"+", {integer(2147483647), integer(1)}, "INT", "-2147483648"},
        {"+", {big(kBigMax), big(1)}, "BIGINT", "-9223372036854775808"},
        {"-", {big(kBigMin), integer(1)}, "BIGINT", "9223372036854775807"},
        {"*", {big(kBigMax), big(2)}, "BIGINT", "-2"},
        {"-", {integer(-2147483648)}, "INT", "-2147483648"},
        {"-", {tiny(-128)}, "TINYINT", "-128"},
        {"+", {integer(7)}, "INT", "7"},
    });
}

TEST_CASE("arithmetic: integer division truncates, the remainder has the divisor's type") {
    check_calls_or_errors({
        {"/", {integer(7), integer(2)}, "INT", "3"},
        {"/", {integer(-7), integer(2)}, "INT", "-3"},
        {"/", {big(kBigMin), big(-1)}, "BIGINT", "-9223372036854775808"},
        {"/", {integer(-2147483648), integer(-1)}, "INT", "-2147483648"},
        {"%", {integer(-7), integer(3)}, "INT", "-1"},
        {"%", {big(5000000007), integer(10)}, "INT", "7"},
        {"%", {integer(7), big(4)}, "BIGINT", "3"},
        {"MOD", {big(kBigMin), big(-1)}, "BIGINT", "0"},
        {"/", {integer(1), integer(0)}, "INT", "error: division by zero"},
        {"%", {big(1), integer(0)}, "INT", "error: division by zero"},
        {"/", {null_of(Type::integer()), integer(0)}, "INT", "NULL"},
        {"/", {decimal("1", 5, 0), decimal("0.0", 5, 1)}, "", "error: division by zero"},
    });
}

TEST_CASE("arithmetic: a column of INTs divided by one number, up to the ends of the range") {
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t kMin = std::numeric_limits<std::int32_t>::min();
    Random random(11);
    Batch batch(make_schema({{"a", Type::integer()}}));
    auto* const values = batch.column(0).data<std::int32_t>();
    std::vector<std::int64_t> divisors = {1, -1, 2, -2, 3, 7, 5280, -5280, kMax, kMax - 1, kMin};
    for (int i = 0; i < 200; ++i)
        divisors.push_back(static_cast<std::int32_t>(random() >> random.below(40)) | 1);
    for (const std::int64_t divisor : divisors) {
        CAPTURE(divisor);
        for (std::size_t row = 0; row < kBatchRows; ++row) {
            // Multiples of the divisor and their neighbours, as far as they fit.
            const auto factor = static_cast<std::int32_t>(random() >> (32 + random.below(32)));
            const std::int64_t near = factor * divisor + static_cast<std::int64_t>(row % 3) - 1;
            values[row] = static_cast<std::int32_t>(near);
        }
        values[0] = static_cast<std::int32_t>(kMin);
        values[1] = static_cast<std::int32_t>(kMax);
        batch.set_size(kBatchRows);
        Program program(
            {make_call("/",
                       {make_column(0, Type::integer()), make_literal({divisor}, Type::integer())},
                       {})
                 .value()});
        OpContext context;
        const auto* const quotients = program.run(batch.view(), context)[0]->data<std::int32_t>();
        REQUIRE_FALSE(context.failed());
        for (std::size_t row = 0; row < kBatchRows; ++row)
            REQUIRE_EQ(quotients[row], static_cast<std::int32_t>(values[row] / divisor));
    }
}

TEST_CASE("arithmetic: floating point is IEEE's") {
    check_calls_or_errors({
        {"+", {number(0.1), number(0.2)}, "DOUBLE", "0.30000000000000004"},
        {"+", {integer(1), real(0.5)}, "FLOAT", "1.5"},
        {"*", {big(3), number(0.5)}, "DOUBLE", "1.5"},
        {"+", {decimal("1.5", 5, 1), real(1)}, "DOUBLE", "2.5"},
        {"/", {number(1), number(0)}, "DOUBLE", "Infinity"},
        {"/", {number(-1), number(0)}, "DOUBLE", "-Infinity"},
        {"/", {number(0), number(0)}, "DOUBLE", "NaN"},
        {"%", {number(7.5), number(2)}, "DOUBLE", "1.5"},
        {"-", {number(0)}, "DOUBLE", "-0.0"},
    });
}

TEST_CASE("arithmetic: decimals follow Flink's precision and scale") {
    check_calls_or_errors({
        {"+", {decimal("1.25", 10, 2), decimal("3.5", 5, 1)}, "DECIMAL(11, 2)", "4.75"},
        {"-", {decimal("1.25", 10, 2), decimal("3.5", 5, 1)}, "DECIMAL(11, 2)", "-2.25"},
        {"+", {decimal("1.25", 10, 2), integer(3)}, "DECIMAL(13, 2)", "4.25"},
        {"+", {big(3), decimal("1.25", 10, 2)}, "DECIMAL(22, 2)", "4.25"},
        {"*", {decimal("1.25", 10, 2), decimal("3.5", 5, 1)}, "DECIMAL(16, 3)", "4.375"},
        {"/", {decimal("1.00", 10, 2), decimal("3.0", 5, 1)}, "DECIMAL(17, 8)", "0.33333333"},
        {"/", {decimal("2.00", 10, 2), decimal("3.0", 5, 1)}, "DECIMAL(17, 8)", "0.66666667"},
        {"%", {decimal("7.25", 10, 2), decimal("2.0", 5, 1)}, "DECIMAL(6, 2)", "1.25"},
        {"%", {decimal("-7", 10, 0), integer(4)}, "DECIMAL(10, 0)", "-3"},
        {"-", {decimal("1.25", 10, 2)}, "DECIMAL(10, 2)", "-1.25"},
        {"+",
         {decimal("99999999999999999999999999999999999999", 38, 0), decimal("1", 38, 0)},
         "DECIMAL(38, 0)",
         "NULL"},
        {"*",
         {decimal("12345678901234567890.123456", 38, 6), decimal("1000000.5", 38, 6)},
         "DECIMAL(38, 6)",
         "12345685074074018507407401.061728"},
        {"*",
         {decimal("9999999999999999999999999999", 38, 6), decimal("9999999999999999999", 38, 6)},
         "DECIMAL(38, 6)",
         "NULL"},
    });
}

TEST_CASE("comparison: the arguments meet in one type") {
    check_calls_or_errors({
        {"=", {integer(1), big(1)}, "BOOLEAN", "TRUE"},
        {"<", {integer(1), number(1.5)}, "BOOLEAN", "TRUE"},
        {">", {decimal("1.50", 5, 2), decimal("1.5", 5, 1)}, "BOOLEAN", "FALSE"},
        {">=", {decimal("1.50", 5, 2), decimal("1.5", 5, 1)}, "BOOLEAN", "TRUE"},
        {"<", {decimal("1.49", 5, 2), integer(2)}, "BOOLEAN", "TRUE"},
        {"=", {text("10"), integer(10)}, "BOOLEAN", "TRUE"},
        {"<", {text("9"), integer(10)}, "BOOLEAN", "TRUE"},
        {"<", {text("9"), text("10")}, "BOOLEAN", "FALSE"},
        {"<>",
         {text("a long string, not inline"), text("a long string, not inlinE")},
         "BOOLEAN",
         "TRUE"},
        {"=", {timestamp("2020-01-01 00:00:00"), text("2020-01-01 00:00:00")}, "BOOLEAN", "TRUE"},
        {"<", {date("2020-01-01"), timestamp("2020-01-01 00:00:01")}, "BOOLEAN", "TRUE"},
        {"=", {boolean(true), text("true")}, "BOOLEAN", "TRUE"},
        {"=", {number(std::numeric_limits<double>::quiet_NaN()), number(1)}, "BOOLEAN", "FALSE"},
        {"=", {null_of(Type::integer()), integer(1)}, "BOOLEAN", "NULL"},
        {"=", {integer(1), null_of(Type{})}, "BOOLEAN", "NULL"},
        {"=", {null_of(Type::string()), text("a")}, "BOOLEAN", "NULL"},
        {"IS DISTINCT FROM", {null_of(Type::integer()), integer(1)}, "BOOLEAN", "TRUE"},
        {"IS DISTINCT FROM",
         {null_of(Type::integer()), null_of(Type::integer())},
         "BOOLEAN",
         "FALSE"},
        {"IS NOT DISTINCT FROM", {text("a"), text("a")}, "BOOLEAN", "TRUE"},
        {"IS NOT DISTINCT FROM", {null_of(Type::string()), text("a")}, "BOOLEAN", "FALSE"},
        {"BETWEEN", {integer(5), integer(1), big(5)}, "BOOLEAN", "TRUE"},
        {"BETWEEN", {integer(5), null_of(Type::integer()), integer(4)}, "BOOLEAN", "FALSE"},
        {"=", {integer(1), date("2020-01-01")}, "", "error: cannot compare INT with DATE"},
    });
}

TEST_CASE("comparison: TIMESTAMP and TIMESTAMP_LTZ meet through the zone") {
    const ExprSettings shanghai = {.zone = TimeZone::find("Asia/Shanghai").value()};
    const std::vector<Cell> cells = {timestamp("2020-01-01 08:00:00"),
                                     instant("2020-01-01 00:00:00")};
    CHECK_EQ(call("=", cells, shanghai).show(), "TRUE");
    CHECK_EQ(call("=", cells).show(), "FALSE");
}

TEST_CASE("logic: three values") {
    const Cell yes = boolean(true);
    const Cell no = boolean(false);
    const Cell unknown = null_of(Type::boolean());
    check_calls_or_errors({
        {"AND", {yes, yes}, "BOOLEAN", "TRUE"},
        {"AND", {yes, no}, "BOOLEAN", "FALSE"},
        {"AND", {unknown, no}, "BOOLEAN", "FALSE"},
        {"AND", {no, unknown}, "BOOLEAN", "FALSE"},
        {"AND", {unknown, yes}, "BOOLEAN", "NULL"},
        {"AND", {yes, unknown, no}, "BOOLEAN", "FALSE"},
        {"OR", {no, no}, "BOOLEAN", "FALSE"},
        {"OR", {unknown, yes}, "BOOLEAN", "TRUE"},
        {"OR", {yes, unknown}, "BOOLEAN", "TRUE"},
        {"OR", {unknown, no}, "BOOLEAN", "NULL"},
        {"OR", {no, unknown, yes}, "BOOLEAN", "TRUE"},
        {"NOT", {yes}, "BOOLEAN", "FALSE"},
        {"NOT", {unknown}, "BOOLEAN", "NULL"},
        {"IS TRUE", {unknown}, "BOOLEAN", "FALSE"},
        {"IS NOT TRUE", {unknown}, "BOOLEAN", "TRUE"},
        {"IS FALSE", {no}, "BOOLEAN", "TRUE"},
        {"IS NOT FALSE", {unknown}, "BOOLEAN", "TRUE"},
        {"IS UNKNOWN", {unknown}, "BOOLEAN", "TRUE"},
        {"IS NOT UNKNOWN", {yes}, "BOOLEAN", "TRUE"},
        {"IS NULL", {null_of(Type::string())}, "BOOLEAN", "TRUE"},
        {"IS NOT NULL", {text("")}, "BOOLEAN", "TRUE"},
    });
}

TEST_CASE("conditional: CASE, IF, COALESCE, NULLIF") {
    const Cell none = null_of(Type::integer());
    check_calls_or_errors({
        {"CASE", {boolean(false), integer(1), boolean(true), big(2), tiny(3)}, "BIGINT", "2"},
        {"CASE", {null_of(Type::boolean()), integer(1)}, "INT", "NULL"},
        {"IF", {boolean(true), text("yes"), null_of(Type{})}, "STRING", "yes"},
        {"COALESCE", {none, none, integer(3)}, "INT", "3"},
        {"COALESCE", {none, big(4), integer(3)}, "BIGINT", "4"},
        {"IFNULL", {null_of(Type::string()), text("x")}, "STRING", "x"},
        {"NULLIF", {integer(1), integer(1)}, "INT", "NULL"},
        {"NULLIF", {integer(1), integer(2)}, "INT", "1"},
        {"CASE",
         {boolean(true), integer(1), text("a")},
         "",
         "error: CASE: no common type of INT NOT NULL and STRING NOT NULL"},
    });
    CHECK_FALSE(call("COALESCE", {none, integer(3)}).type.nullable);
    CHECK(call("COALESCE", {none, none}).type.nullable);
}

TEST_CASE("calls: an error names what was given and what is taken") {
    CHECK_EQ(call("NOT", {integer(1)}).error, "NOT does not take (INT), it takes (BOOLEAN)");
    CHECK_EQ(call("NO_SUCH", {integer(1)}).error, "there is no function NO_SUCH");
}

}  // namespace
}  // namespace thalweg
