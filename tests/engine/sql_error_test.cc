// What a person sees when a script is wrong: a table of mistakes and of what is said about them.

#include "engine/sql/sql_error.h"

#include "engine/sql/parser.h"
#include "engine/sql/suggest.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg::sql {
namespace {

struct Row {
    std::string text;
    std::string error;  // "line:column: message", and " (hint)" when there is one.
};

std::string error_of(const std::string& text) {
    const auto parsed = parse_script(text);
    if (parsed) return "none";
    const SqlError& error = parsed.error();
    std::string result = std::to_string(error.location().line) + ":";
    result += std::to_string(error.location().column) + ": " + error.message();
    return error.hint().empty() ? result : result + " (" + error.hint() + ")";
}

TEST_CASE("mistakes are named where they are") {
    const std::vector<Row> rows = {
        {"SELECT SUM(a FROM t",
         "1:14: expected ')' to close the argument list of SUM, found 'FROM'"},
        {"SELECT a FORM t", "1:10: unexpected 'FORM' (did you mean FROM?)"},
        {"SELECT a FROM t WERE b", "1:17: unexpected 'WERE' (did you mean WHERE?)"},
        {"SELCT a",
         "1:1: expected a statement such as SELECT, INSERT INTO or CREATE TABLE, found "
         "'SELCT' (did you mean SELECT?)"},
        {"SELECT a, FROM t",
         "1:11: expected an expression after ',', found 'FROM' (remove the "
         "comma, or write `FROM` if it is a name)"},
        {"SELECT a FROM", "1:14: expected a table, found the end of the text"},
        {"SELECT 1;\nSELECT (2;", "2:10: expected ')' to close the parenthesis, found ';'"},
        {"CREATE TABLE t (order INT)",
         "1:17: expected a column name, found the reserved word order (to use it as a name, write "
         "it in backticks: `order`)"},
        {"CREATE TABLE t (a STRNG)", "1:19: unknown data type STRNG (did you mean STRING?)"},
        {"CREATE TABLE t (a, b INT)", "1:18: expected the data type of column a, found ','"},
        {"CREATE TABLE t (a INT) WITH (connector = 'x')",
         "1:30: expected an option key in single quotes, found connector (keys and values of "
         "options are strings: 'key' = 'value')"},
        {"SELECT CASE WHEN a THEN 1",
         "1:26: expected WHEN, ELSE or END to close the CASE, found the end of the text"},
        {"SELECT a FROM t JOIN u",
         "1:23: expected ON or USING after the joined table, found the "
         "end of the text"},
        {"SELECT INTERVAL 'x' DAY",
         "1:17: 'x' is not an interval DAY (write a number: INTERVAL "
         "'10' DAY)"},
        {"SELECT INTERVAL '1:60' HOUR TO MINUTE",
         "1:17: '1:60' is not an interval HOUR TO MINUTE (write INTERVAL '1 10:00:00.004' DAY TO "
         "SECOND, or fewer of its parts)"},
        {"SELECT INTERVAL '300000' YEAR TO DAY",
         "1:8: an interval goes from a longer unit to a shorter one (write YEAR TO MONTH, or two "
         "of DAY, HOUR, MINUTE and SECOND)"},
        {"SELECT INTERVAL '10' MINUT",
         "1:22: expected a unit: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND, found "
         "'MINUT' (did you mean MINUTE?)"},
        {"SELECT INTERVAL '200000' DAY", "1:17: the interval is too long"},
        {"SELECT X'4'", "1:8: a binary literal has two hex digits for each byte"},
        {"SELECT U&'\\d800'",
         "1:8: the string has an escape that is no character (write "
         "U&'\\00e9' with four hex digits or U&'\\+01f600' with six)"},
        {"SELECT \"a\"",
         "1:8: unexpected '\"' (names are quoted with backticks, strings with "
         "single quotes)"},
        {"SELECT t.* + 1 FROM t", "1:12: expected ';' or the end of the statement, found '+'"},
        {"SELECT f(t.*)", "1:10: '.*' stands only in a select list"},
        {"SELECT a b c FROM t", "1:12: expected ';' or the end of the statement, found 'c'"},
        {"SELECT a FROM r AS x FOR SYSTEM_TIME AS OF y",
         "1:22: FOR SYSTEM_TIME AS OF stands before the alias (write t FOR SYSTEM_TIME AS OF x AS "
         "x)"},
        {"SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A{0}) DEFINE A AS TRUE)",
         "1:44: the quantifier matches nothing"},
        {"EXECUTE STATEMENT SET BEGIN END", "1:29: the statement set is empty"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(error_of(row.text) == row.error);
    }
}

TEST_CASE("what is not built yet says so") {
    const std::vector<Row> rows = {
        {"ALTER TABLE t RENAME TO u", "1:1: ALTER is not supported yet"},
        {"USE CATALOG c", "1:1: USE is not supported yet"},
        {"CREATE CATALOG c WITH ('a'='b')", "1:8: CREATE CATALOG is not supported yet"},
        {"CREATE MATERIALIZED TABLE t AS SELECT 1",
         "1:8: CREATE MATERIALIZED is not supported yet"},
        {"STOP JOB 'x'", "1:1: STOP is not supported yet"},
        {"COMPILE PLAN 'p' FOR SELECT 1", "1:1: COMPILE is not supported yet"},
        {"SELECT ?", "1:8: a parameter '?' is not supported yet"},
        {"SELECT a > ANY (SELECT 1)",
         "1:12: this comparison with ANY is not supported yet (use EXISTS with the comparison in "
         "its WHERE)"},
        {"SELECT a = ALL (SELECT 1)",
         "1:12: this comparison with ALL is not supported yet (compare with (SELECT MAX(...) ...) "
         "or (SELECT MIN(...) ...))"},
        {"SELECT a AT TIME ZONE 'x'", "1:10: AT TIME ZONE is not supported yet"},
        {"SELECT * FROM a LEFT SEMI JOIN b ON c", "1:22: SEMI JOIN is not supported yet"},
        {"SELECT * FROM a ASOF JOIN b ON c", "1:17: ASOF JOIN is not supported yet"},
        {"SELECT * FROM a TABLESAMPLE BERNOULLI (1)", "1:17: TABLESAMPLE is not supported yet"},
        {"WITH RECURSIVE a AS (SELECT 1) SELECT 2", "1:6: WITH RECURSIVE is not supported yet"},
        {"SELECT JSON_VALUE(a, 'b' RETURNING DATE)",
         "1:36: this type behind RETURNING of JSON_VALUE is not supported yet"},
        {"SELECT SUM(a) OVER (ORDER BY b GROUPS 1 PRECEDING)",
         "1:32: a frame of GROUPS is not supported yet"},
        {"SELECT a FROM t QUALIFY b", "1:17: QUALIFY is not supported yet"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(error_of(row.text) == row.error);
    }
}

TEST_CASE("an error shows its line") {
    const std::string text = "SELECT a,\n\tb FORM t\r\nWHERE c";
    const auto parsed = parse_script(text);
    REQUIRE_FALSE(parsed);
    CHECK(format_error("q.sql", text, parsed.error()) ==
          "q.sql:2:4: error: unexpected 'FORM'\n"
          "    \tb FORM t\n"
          "    \t  ^~~~\n"
          "hint: did you mean FROM?\n");
    CHECK(format_error("q", "", SqlError({}, "empty")) == "q:1:1: error: empty\n    \n    ^\n");
    const std::string wide = "\u00e9\u00e9 x";
    CHECK(format_error("q", wide, SqlError({5, 1, 6, 1}, "here")) ==
          "q:1:6: error: here\n    \u00e9\u00e9 x\n       ^\n");
    const std::string longer(1000, 'y');
    const std::string shown = format_error("q", longer, SqlError({500, 1, 501, 3}, "here"));
    CHECK(shown.find(std::string(80, ' ') + "^~~\n") != std::string::npos);
    CHECK(shown.size() < 400);
}

TEST_CASE("near misses are found") {
    CHECK(edit_distance("kitten", "sitting", 9) == 3);
    CHECK(edit_distance("FORM", "from", 2) == 1);
    CHECK(edit_distance("abc", "abcdefgh", 2) == 3);
    CHECK(edit_distance("", "ab", 2) == 2);
    const std::vector<std::string> names = {"price", "bidder", "auction"};
    CHECK(nearest("pricee", std::span<const std::string>(names)) == "price");
    CHECK(nearest("Biddre", std::span<const std::string>(names)) == "bidder");
    CHECK(nearest("seller", std::span<const std::string>(names)).empty());
    CHECK(nearest("", std::span<const std::string>(names)).empty());
    CHECK(did_you_mean("x") == "did you mean x?");
    CHECK(did_you_mean("").empty());
}

}  // namespace
}  // namespace thalweg::sql
