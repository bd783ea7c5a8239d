// What functions do at their ends: results too long, chance mentioned twice, formats and addresses
// that Java refuses.

#include "state/batch.h"
#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

ExprPtr make(std::string_view name, const std::vector<ExprPtr>& arguments) {
    return make_call(name, arguments, {}).value();
}

ExprPtr number_literal(std::int64_t value) {
    return literal(integer(value));
}

ExprPtr chance(std::int64_t bound) {
    return make("RAND_INTEGER", {number_literal(bound)});
}

// The values of many rows.
std::vector<Value> run(const ExprPtr& expr) {
    Program program({expr});
    OpContext context;
    const auto columns = program.run({.columns = {}, .selection = Selection::all(1000)}, context);
    REQUIRE_EQ(context.error, "");
    std::vector<Value> values;
    for (std::size_t row = 0; row < 1000; ++row)
        values.push_back(value_at(*columns[0], row));
    return values;
}

TEST_CASE("function limits: chance is asked once where it is written once") {
    const ExprPtr never = make("BETWEEN", {chance(10), number_literal(5), number_literal(4)});
    const ExprPtr there =
        make("COALESCE", {make("NULLIF", {chance(2), number_literal(0)}), number_literal(9)});
    for (const ExprPtr& expr : {never, substitute(never, {})}) {
        for (const Value& value : run(expr))
            REQUIRE_FALSE(std::get<bool>(value.data));
    }
    for (const ExprPtr& expr : {there, substitute(there, {})}) {
        for (const Value& value : run(expr)) {
            REQUIRE_FALSE(value.is_null());
            REQUIRE_NE(std::get<std::int64_t>(value.data), 0);
        }
    }
}

TEST_CASE("function limits: chance written twice is asked twice") {
    std::set<bool> seen;
    for (const Value& value : run(make("=", {chance(2), chance(2)})))
        seen.insert(std::get<bool>(value.data));
    CHECK_EQ(seen.size(), 2);
}

TEST_CASE("function limits: a text of more than 64 MiB ends the query") {
    const std::vector<Cell> cells = {text("a")};
    const ExprPtr a = make_column(0, cells[0].type);
    const ExprPtr thousand = make("REPEAT", {a, number_literal(1'000)});
    const ExprPtr million = make("REPEAT", {a, number_literal(1'000'000)});
    const ExprPtr many = make("REPEAT", {a, number_literal(40'000'000)});
    for (const ExprPtr& expr :
         {make("HEX", {many}),
          make("REPLACE", {thousand, a, million}),
          make("REPLACE", {thousand, literal(text("")), million}),
          make("REGEXP_REPLACE", {thousand, a, million}),
          make("ARRAY_JOIN", {make("SPLIT", {thousand, literal(text(""))}), million})}) {
        const std::string shown = run_on_row(expr, cells).show();
        CHECK_EQ(shown, "error: a function would make a text of more than 67108864 bytes");
    }
}

// "a" within "a", a thousand of them: half a million objects of a thousand bytes.
TEST_CASE("function limits: a long JSON_QUERY is an error of the data") {
    std::string json = "1";
    for (int i = 0; i < 1'000; ++i)
        json = "{\"a\":" + json + "}";
    const std::vector<Cell> cells = {text(json)};
    std::vector<ExprPtr> arguments = {make_column(0, cells[0].type)};
    for (const std::string_view word : {"$..a..a", "", "NULL", "EMPTY ARRAY"})
        arguments.push_back(literal(text(std::string(word))));
    CHECK_EQ(run_on_row(make("JSON_QUERY", arguments), cells).show(), "[]");
}

TEST_CASE("function limits: flags and widths that a format's conversion does not have") {
    const auto print = [](const char* format, const Cell& cell) {
        return call("PRINTF", {text(format), cell}).show();
    };
    for (const char* const bad : {"%+s",
                                  "% s",
                                  "%08s",
                                  "%,s",
                                  "%(s",
                                  "%#S",
                                  "%+b",
                                  "%08B",
                                  "%5n",
                                  "%-5n",
                                  "%.1n",
                                  "%05%"}) {
        CAPTURE(bad);
        CHECK_EQ(print(bad, text("a")), "NULL");
    }
    for (const char* const bad : {"%+c", "%05c", "%,C"})
        CHECK_EQ(print(bad, integer(97)), "NULL");
    CHECK_EQ(print("%-3s|%1$3b|%-2%|%n", text("a")), "a  |true|% |\n");
    CHECK_EQ(print("%-3c|", integer(97)), "a  |");
}

TEST_CASE("function limits: addresses") {
    struct Row {
        std::string_view url;
        std::string_view protocol;
        std::string_view host;
    };

    const std::vector<Row> rows = {
        {"HTTP://h/", "http", "h"},
        {"hTTps://h", "https", "h"},
        {"http://h:/", "http", "h"},
        {"http://h:2147483647/", "http", "h"},
        {"http://h:2147483648/", "NULL", "NULL"},
        {"http://h:99999999999999999999/", "NULL", "NULL"},
        {"http://a:b:80/", "NULL", "NULL"},
        {"http://[::1]:80/", "http", "[::1]"},
        {"http://[::1]x/", "NULL", "NULL"},
        {"http://[::1/", "NULL", "NULL"},
        {"h/", "NULL", "NULL"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.url);
        const Cell url = text(std::string(row.url));
        CHECK_EQ(call("PARSE_URL", {url, text("PROTOCOL")}).show(), row.protocol);
        CHECK_EQ(call("PARSE_URL", {url, text("HOST")}).show(), row.host);
    }
    CHECK_EQ(call("URL_DECODE", {text("%FFa%C3%A9%C3")}).show(), "\ufffda\u00e9\ufffd");
}

TEST_CASE("function limits: NULL has none of any character") {
    const Cell none = null_of(Type::string());
    CHECK_EQ(call("COUNT_CHAR", {none, text("a")}).show(), "0");
    CHECK_EQ(call("COUNT_CHAR", {text("a"), none}).show(), "NULL");
}

}  // namespace
}  // namespace thalweg
