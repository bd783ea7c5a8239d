// Mathematical functions, intervals, IN, GREATEST and LEAST, lists and rows.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <set>

namespace thalweg {
namespace {

TEST_CASE("math: functions of doubles take every number") {
    check_calls_or_errors({
        {"SQRT", {integer(9)}, "DOUBLE", "3.0"},
        {"SQRT", {integer(-1)}, "DOUBLE", "NaN"},
        {"POWER", {integer(2), number(10)}, "DOUBLE", "1024.0"},
        {"EXP", {integer(0)}, "DOUBLE", "1.0"},
        {"LN", {integer(1)}, "DOUBLE", "0.0"},
        {"LOG", {integer(2), integer(8)}, "DOUBLE", "3.0"},
        {"LOG2", {integer(8)}, "DOUBLE", "3.0"},
        {"LOG10", {decimal("100.0", 4, 1)}, "DOUBLE", "2.0"},
        {"ATAN2", {integer(0), integer(1)}, "DOUBLE", "0.0"},
        {"DEGREES", {number(3.141592653589793)}, "DOUBLE", "180.0"},
        {"PI", {}, "DOUBLE", "3.141592653589793"},
        {"E", {}, "DOUBLE", "2.718281828459045"},
        {"SQRT", {null_of(Type::integer())}, "DOUBLE", "NULL"},
    });
}

TEST_CASE("math: ABS, SIGN, FLOOR and CEIL keep the type") {
    check_calls_or_errors({
        {"ABS", {integer(-3)}, "INT", "3"},
        {"ABS", {number(-2.5)}, "DOUBLE", "2.5"},
        {"ABS", {decimal("-1.50", 5, 2)}, "DECIMAL(5, 2)", "1.50"},
        {"ABS", {integer(-2147483648)}, "INT", "-2147483648"},
        {"SIGN", {integer(-3)}, "INT", "-1"},
        {"SIGN", {decimal("1.50", 5, 2)}, "DECIMAL(5, 2)", "1.00"},
        {"FLOOR", {number(-1.5)}, "DOUBLE", "-2.0"},
        {"FLOOR", {decimal("-1.50", 5, 2)}, "DECIMAL(5, 0)", "-2"},
        {"CEIL", {decimal("1.01", 5, 2)}, "DECIMAL(5, 0)", "2"},
        {"CEILING", {number(1.2)}, "DOUBLE", "2.0"},
        {"FLOOR", {integer(5)}, "INT", "5"},
    });
}

TEST_CASE("math: ROUND is half up and TRUNCATE cuts") {
    check_calls_or_errors({
        {"ROUND", {number(2.5)}, "DOUBLE", "3.0"},
        {"ROUND", {number(-2.5)}, "DOUBLE", "-3.0"},
        {"ROUND", {number(2.345), integer(2)}, "DOUBLE", "2.35"},
        {"ROUND", {number(1234.5), integer(-2)}, "DOUBLE", "1200.0"},
        {"ROUND", {integer(1250), integer(-2)}, "INT", "1300"},
        {"ROUND", {decimal("2.55", 5, 2)}, "DECIMAL(4, 0)", "3"},
        {"TRUNCATE", {number(2.999), integer(2)}, "DOUBLE", "2.99"},
        {"TRUNCATE", {integer(-1299), integer(-2)}, "INT", "-1200"},
    });
    const Cell price = decimal("2.345", 5, 3);
    const auto rounded =
        make_call("ROUND", {make_column(0, price.type), literal(integer(1))}, {}).value();
    CHECK_EQ(rounded->type.to_string(), "DECIMAL(4, 1) NOT NULL");
    CHECK_EQ(run_on_row(rounded, {price}).show(), "2.3");
}

TEST_CASE("math: RAND is neither folded nor shared") {
    const ExprPtr first = make_call("RAND", {}, {}).value();
    CHECK_EQ(first->kind, ExprKind::kCall);
    const ExprPtr difference =
        make_call("-", {first, make_call("RAND", {}, {}).value()}, {}).value();
    Program program({first, difference});
    OpContext context;
    const auto columns = program.run({.columns = {}, .selection = Selection::all(1000)}, context);
    std::set<double> values;
    for (std::size_t row = 0; row < 1000; ++row) {
        const double value = columns[0]->data<double>()[row];
        CHECK(value >= 0.0);
        CHECK(value < 1.0);
        values.insert(value);
        CHECK_NE(columns[1]->data<double>()[row], 0.0);
    }
    CHECK_GT(values.size(), 990);
}

TEST_CASE("interval: added to and taken from times") {
    const Cell noon = timestamp("2020-01-31 12:00:00");
    check_calls_or_errors({
        {"+", {noon, seconds(90)}, "TIMESTAMP(3)", "2020-01-31 12:01:30.000"},
        {"-", {noon, seconds(90)}, "TIMESTAMP(3)", "2020-01-31 11:58:30.000"},
        {"+", {seconds(90), noon}, "TIMESTAMP(3)", "2020-01-31 12:01:30.000"},
        {"+", {noon, months(1)}, "TIMESTAMP(3)", "2020-02-29 12:00:00.000"},
        {"-", {noon, months(14)}, "TIMESTAMP(3)", "2018-11-30 12:00:00.000"},
        {"-",
         {timestamp("1969-12-31 01:00:00"), months(1)},
         "TIMESTAMP(3)",
         "1969-11-30 01:00:00.000"},
        {"-",
         {instant("2020-01-31 12:00:00"), seconds(1)},
         "TIMESTAMP_LTZ(3)",
         "2020-01-31 11:59:59.000"},
        {"+", {date("2020-01-31"), months(1)}, "DATE", "2020-02-29"},
        {"+", {date("2020-01-31"), seconds(2 * 86400)}, "DATE", "2020-02-02"},
        {"-", {integral(TypeKind::kTime, 1000), seconds(2)}, "TIME(0)", "23:59:59"},
        {"+", {seconds(1), seconds(2)}, "INTERVAL DAY TO SECOND(3)", "+0 00:00:03.000"},
        {"*", {integer(3), seconds(2)}, "INTERVAL DAY TO SECOND(3)", "+0 00:00:06.000"},
        {"*", {months(5), integer(3)}, "INTERVAL YEAR TO MONTH", "+1-03"},
        {"-", {seconds(5)}, "INTERVAL DAY TO SECOND(3)", "-0 00:00:05.000"},
        {"<", {seconds(5), seconds(6)}, "BOOLEAN", "TRUE"},
        {"-", {null_of(Type::timestamp(3)), seconds(6)}, "TIMESTAMP(3)", "NULL"},
    });
}

TEST_CASE("in: a list of literals is a set, of others a chain of comparisons") {
    const auto contains = [](const Cell& value, const std::vector<Cell>& list) {
        std::vector<ExprPtr> arguments = {make_column(0, value.type)};
        for (const Cell& cell : list)
            arguments.push_back(literal(cell));
        const auto in = make_call("IN", arguments, {});
        return in ? run_on_row(*in, {value}).show() : in.error().message;
    };
    std::vector<Cell> many;
    for (int i = 0; i < 50; ++i)
        many.push_back(integer(50 - i));
    CHECK_EQ(contains(integer(7), many), "TRUE");
    CHECK_EQ(contains(integer(51), many), "FALSE");
    CHECK_EQ(contains(integer(2), {integer(1), integer(2)}), "TRUE");
    CHECK_EQ(contains(big(2), {decimal("2.0", 2, 1)}), "TRUE");
    CHECK_EQ(contains(text("ab"), {text("a"), text("ab"), text("a long one, not inline")}), "TRUE");
    CHECK_EQ(contains(text("a long one, not inline"), {text("a long one, not inline")}), "TRUE");
    CHECK_EQ(contains(integer(3), {integer(1), null_of(Type::integer())}), "NULL");
    CHECK_EQ(contains(integer(1), {integer(1), null_of(Type::integer())}), "TRUE");
    CHECK_EQ(contains(null_of(Type::integer()), {integer(1)}), "NULL");
    check_calls_or_errors({
        {"IN", {integer(3), integer(1), integer(3)}, "BOOLEAN", "TRUE"},
        {"IN", {integer(3), null_of(Type::integer()), integer(4)}, "BOOLEAN", "NULL"},
    });
}

TEST_CASE("choice: NULL if any argument is") {
    check_calls_or_errors({
        {"GREATEST", {integer(1), big(5), tiny(3)}, "BIGINT", "5"},
        {"LEAST", {text("b"), text("a")}, "STRING", "a"},
        {"LEAST", {integer(1), null_of(Type::integer())}, "INT", "NULL"},
        {"GREATEST", {decimal("1.5", 3, 1), integer(2)}, "DECIMAL(11, 1)", "2.0"},
    });
}

TEST_CASE("collection: elements, fields and constructors") {
    const Cell words = {{Value::List{{std::string("a")}, {}, {std::string("a longer element")}}},
                        Type::array(Type::string())};
    const Cell ages = {{Value::List{{std::string("ann")}, {std::int64_t{7}}}},
                       Type::map(Type::string(), Type::integer())};
    check_calls_or_errors({
        {"ITEM", {words, integer(3)}, "STRING", "a longer element"},
        {"ITEM", {words, integer(2)}, "STRING", "NULL"},
        {"ITEM", {words, integer(4)}, "STRING", "NULL"},
        {"ITEM", {words, integer(0)}, "STRING", "NULL"},
        {"ITEM", {ages, text("ann")}, "INT", "7"},
        {"ITEM", {ages, text("bob")}, "INT", "NULL"},
        {"CARDINALITY", {words}, "INT", "3"},
        {"CARDINALITY", {null_of(words.type)}, "INT", "NULL"},
        {"CARDINALITY", {ages}, "INT", "1"},
        {"ARRAY", {integer(1), null_of(Type::integer()), integer(3)}, "ARRAY<INT>", "[1, NULL, 3]"},
        {"MAP", {text("k"), integer(1)}, "MAP<STRING NOT NULL, INT NOT NULL>", "{k=1}"},
    });
}

TEST_CASE("collection: FIELD of a row that may be NULL is nullable") {
    const Type row = Type::row({{"name", Type::string().not_null()}, {"age", Type::integer()}});
    const Cell ann = {{Value::List{{std::string("ann with a long name")}, {std::int64_t{7}}}},
                      row.not_null()};
    const auto field = [](const Type& type, std::string name) {
        return make_call("FIELD", {make_column(0, type), literal(text(std::move(name)))}, {});
    };
    CHECK_EQ(run_on_row(field(ann.type, "name").value(), {ann}).show(), "ann with a long name");
    CHECK_EQ(run_on_row(field(ann.type, "age").value(), {ann}).show(), "7");
    CHECK_FALSE(field(row.not_null(), "name").value()->type.nullable);
    CHECK(field(row.not_null(), "age").value()->type.nullable);
    CHECK(field(row, "name").value()->type.nullable);
    CHECK_EQ(run_on_row(field(row, "name").value(), {null_of(row)}).show(), "NULL");
    CHECK_EQ(field(row, "size").error().message,
             "ROW<`name` STRING NOT NULL, `age` INT> has no field size");
}

}  // namespace
}  // namespace thalweg
