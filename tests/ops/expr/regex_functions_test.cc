// Functions of regular expressions, one line a call.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

const Cell kNone = null_of(Type::string());

TEST_CASE("regex functions: matching, extracting, replacing") {
    const std::vector<CallCase> cases = {
        {"REGEXP", {text("foobar"), text("o+b")}, "BOOLEAN", "TRUE"},
        {"REGEXP", {text("foobar"), text("^o")}, "BOOLEAN", "FALSE"},
        {"REGEXP", {text("foobar"), text("")}, "BOOLEAN", "FALSE"},
        {"REGEXP", {text(""), text("^$")}, "BOOLEAN", "TRUE"},
        {"REGEXP", {kNone, text("a")}, "BOOLEAN", "NULL"},
        {"REGEXP_EXTRACT", {text("foothebar"), text("foo(.*?)(bar)"), integer(2)}, "STRING", "bar"},
        {"REGEXP_EXTRACT",
         {text("foothebar"), text("foo(.*?)(bar)"), integer(0)},
         "STRING",
         "foothebar"},
        {"REGEXP_EXTRACT", {text("foothebar"), text("o.")}, "STRING", "oo"},
        {"REGEXP_EXTRACT", {text("abc"), text("x(.)"), integer(1)}, "STRING", "NULL"},
        {"REGEXP_EXTRACT", {text("abc"), text("a(x)?"), integer(1)}, "STRING", "NULL"},
        {"REGEXP_EXTRACT", {text("abc"), text("(b)"), integer(2)}, "STRING", "NULL"},
        {"REGEXP_EXTRACT", {text("abc"), text("(b)"), integer(-1)}, "STRING", "NULL"},
        {"REGEXP_EXTRACT", {text(""), text("a*")}, "STRING", ""},
        {"REGEXP_EXTRACT",
         {text("https://host/channel?channel_id=api-channel-17&x=1"),
          text("(&|^|\\?)channel_id=([^&]*)"),
          integer(2)},
         "STRING",
         "api-channel-17"},
        {"REGEXP_REPLACE", {text("foobar"), text("oo|ar"), text("")}, "STRING", "fb"},
        {"REGEXP_REPLACE", {text("a1b22"), text("(\\d+)"), text("<$1>")}, "STRING", "a<1>b<22>"},
        {"REGEXP_REPLACE", {text("abc"), kNone, text("x")}, "STRING", "NULL"},
        {"REGEXP_COUNT", {text("hello"), text("l")}, "INT", "2"},
        {"REGEXP_COUNT", {text("hello"), text("x*")}, "INT", "6"},
        {"REGEXP_COUNT", {text(""), text("a")}, "INT", "0"},
        {"REGEXP_COUNT", {text("a\u20ac"), text("")}, "INT", "3"},
        {"REGEXP_COUNT", {kNone, text("a")}, "INT", "NULL"},
        {"REGEXP_INSTR", {text("hello"), text("l+")}, "INT", "3"},
        {"REGEXP_INSTR", {text("\u20acx"), text("x")}, "INT", "2"},
        {"REGEXP_INSTR", {text("hello"), text("x")}, "INT", "0"},
        {"REGEXP_INSTR", {text("hello"), kNone}, "INT", "NULL"},
        {"REGEXP_SUBSTR", {text("1a22b"), text("\\d{2}")}, "STRING", "22"},
        {"REGEXP_SUBSTR", {text("abc"), text("x*")}, "STRING", ""},
        {"REGEXP_SUBSTR", {text("abc"), text("x")}, "STRING", "NULL"},
        {"REGEXP_EXTRACT_ALL", {text("k1=v1,k2=v2"), text("(\\w+)=")}, "ARRAY<STRING>", "[k1, k2]"},
        {"REGEXP_EXTRACT_ALL", {text("ab"), text("(a)|b")}, "ARRAY<STRING>", "[a, NULL]"},
        {"REGEXP_EXTRACT_ALL",
         {text("a1 a2"), text("a(\\d)"), integer(0)},
         "ARRAY<STRING>",
         "[a1, a2]"},
        {"REGEXP_EXTRACT_ALL", {text("x"), text("(a)")}, "ARRAY<STRING>", "[]"},
        {"REGEXP_EXTRACT_ALL", {text("x"), text("x")}, "ARRAY<STRING>", "NULL"},
        {"REGEXP_EXTRACT_ALL", {text("x"), text("(x)"), integer(2)}, "ARRAY<STRING>", "NULL"},
        {"SIMILAR TO", {text("abc"), text("(abc|xyz)")}, "BOOLEAN", "TRUE"},
        {"SIMILAR TO", {text("abcd"), text("(abc|xyz)")}, "BOOLEAN", "FALSE"},
        {"SIMILAR TO", {text("a%"), text("a!%"), text("!")}, "BOOLEAN", "TRUE"},
        {"NOT SIMILAR TO", {text("abc"), text("a%")}, "BOOLEAN", "FALSE"},
    };
    for (const CallCase& each : cases) {
        INFO(each.name, " ", show(each.arguments[1].value, each.arguments[1].type));
        const Outcome outcome = call(each.name, each.arguments);
        CHECK_EQ(outcome.show(), each.value);
        CHECK_EQ(outcome.type.with_nullable(true).to_string(), each.type);
    }
}

TEST_CASE("regex functions: a bad literal fails the planning, a bad value the query") {
    const ExprPtr column = make_column(0, Type::string());
    const ExprPtr bad = literal(text("a(?=b)"));
    for (const char* name : {"REGEXP", "REGEXP_EXTRACT", "SIMILAR TO"}) {
        CAPTURE(name);
        const ExprPtr pattern = std::string(name) == "SIMILAR TO" ? literal(text("(")) : bad;
        const auto made = make_call(name, {column, pattern}, {});
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().message.find("cannot be used") != std::string::npos);
    }
    const auto with_columns = [](const char* name, std::vector<Cell> cells) {
        std::vector<ExprPtr> columns;
        for (std::size_t i = 0; i < cells.size(); ++i)
            columns.push_back(make_column(i, cells[i].type));
        return run_on_row(make_call(name, columns, {}).value(), cells).error;
    };
    CHECK(with_columns("REGEXP", {text("a"), text("(")}).find("cannot be used") !=
          std::string::npos);
    CHECK(with_columns("REGEXP_REPLACE", {text("a"), text("a"), text("$3")}).find("group") !=
          std::string::npos);
}

TEST_CASE("regex functions: patterns and replacements may change from row to row") {
    Arena arena;
    std::vector<Column> columns;
    columns.reserve(3);
    std::vector<const Column*> pointers;
    std::vector<ExprPtr> arguments;
    const std::vector<std::vector<std::string>> rows = {
        {"aXb", "X", "-"}, {"aXb", "(X)", "$1$1"}, {"aXb", "(a)(X)", "$2$1"}, {"aXb", "a", "$0!"}};
    for (std::size_t i = 0; i < 3; ++i) {
        Column& column = columns.emplace_back(Type::string());
        for (std::size_t row = 0; row < rows.size(); ++row)
            set_value(column, row, Value{rows[row][i]}, arena);
        pointers.push_back(&column);
        arguments.push_back(make_column(i, Type::string()));
    }
    Program program({make_call("REGEXP_REPLACE", arguments, {}).value()});
    OpContext context;
    const Column& result =
        *program.run({.columns = pointers, .selection = Selection::all(rows.size())}, context)[0];
    const std::vector<std::string> expected = {"a-b", "aXXb", "Xab", "a!Xb"};
    for (std::size_t row = 0; row < rows.size(); ++row)
        CHECK_EQ(result.data<StringRef>()[row].view(), expected[row]);
}

}  // namespace
}  // namespace thalweg
