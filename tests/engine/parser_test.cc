// The grammar as tables: text and what it means, written back in canonical form; then every query
// that the examples of other projects ask; then what must hold for all trees.

#include "engine/sql/parser.h"

#include "engine/sql/children.h"
#include "engine/sql/limits.h"
#include "engine/sql/unparse.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace thalweg::sql {
namespace {

std::string expression(std::string_view text) {
    const auto parsed = parse_expression(text);
    return parsed ? to_sql(**parsed) : "error: " + parsed.error().message();
}

std::string statement(std::string_view text) {
    const auto parsed = parse_statement(text);
    return parsed ? to_sql(*parsed) : "error: " + parsed.error().message();
}

template <class Node>
const Node& node_of(const ExprPtr& expr) {
    return std::get<Node>(expr->node);
}

struct Row {
    std::string text;
    std::string canonical;  // "" when it is the text itself.
};

void check_rows(const std::vector<Row>& rows, std::string (*write)(std::string_view)) {
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const std::string& expected = row.canonical.empty() ? row.text : row.canonical;
        CHECK(write(row.text) == expected);
        CHECK(write(expected) == expected);
    }
}

TEST_CASE("operators bind as in Flink") {
    check_rows(
        {
            {"a + b * c", "a + (b * c)"},
            {"a - b - c", "(a - b) - c"},
            {"a || b + c", "(a || b) + c"},
            {"a % b * c / d", "((a % b) * c) / d"},
            {"-a + b", "(-a) + b"},
            {"- - 1", "-(-1)"},
            {"+a", ""},
            {"a = b AND c <> d OR NOT e < f", "((a = b) AND (c <> d)) OR (NOT (e < f))"},
            {"not a and b", "(NOT a) AND b"},
            {"a != b", "a <> b"},
            {"a = b IS NULL", "(a = b) IS NULL"},
            {"a + 1 is not null", "(a + 1) IS NOT NULL"},
            {"a IS NOT TRUE OR b IS FALSE", "(a IS NOT TRUE) OR (b IS FALSE)"},
            {"a IS UNKNOWN", ""},
            {"a IS JSON", "a IS JSON VALUE"},
            {"a IS NOT JSON OBJECT", ""},
            {"a IS DISTINCT FROM b + 1", "a IS DISTINCT FROM (b + 1)"},
            {"a IS NOT DISTINCT FROM b AND c", "(a IS NOT DISTINCT FROM b) AND c"},
            {"a BETWEEN b + 1 AND c AND d", "(a BETWEEN (b + 1) AND c) AND d"},
            {"a NOT BETWEEN SYMMETRIC 1 AND 2", ""},
            {"a between asymmetric 1 and 2", "a BETWEEN 1 AND 2"},
            {"a IN (1, 2, b + 1)", ""},
            {"a NOT IN (SELECT b FROM t)", ""},
            {"(a, b) IN ((1, 2), (3, 4))", "ROW(a, b) IN (ROW(1, 2), ROW(3, 4))"},
            {"a LIKE 'x%' ESCAPE '!' OR b", "(a LIKE 'x%' ESCAPE '!') OR b"},
            {"a NOT LIKE b || '%'", "a NOT LIKE (b || '%')"},
            {"a not similar to 'x'", "a NOT SIMILAR TO 'x'"},
            {"EXISTS (SELECT 1) AND NOT EXISTS (SELECT 2)",
             "EXISTS (SELECT 1) AND (NOT EXISTS (SELECT 2))"},
            {"json_value(a, 'p' RETURNING VARCHAR NULL ON EMPTY DEFAULT b + 1 ON ERROR)",
             "json_value(a, 'p' RETURNING STRING NULL ON EMPTY DEFAULT b + 1 ON ERROR)"},
            {"JSON_VALUE(a, 'p')", ""},
            {"JSON_EXISTS(a, 'p' UNKNOWN ON ERROR)", ""},
            {"JSON_QUERY(a, 'p' WITH ARRAY WRAPPER EMPTY OBJECT ON EMPTY)",
             "JSON_QUERY(a, 'p' WITH UNCONDITIONAL ARRAY WRAPPER EMPTY OBJECT ON EMPTY)"},
            {"JSON_QUERY(a, 'p' WITHOUT WRAPPER)", "JSON_QUERY(a, 'p' WITHOUT ARRAY WRAPPER)"},
            {"JSON_OBJECT(KEY a VALUE b, 'c' VALUE NULL NULL ON NULL)",
             "JSON_OBJECT(a VALUE b, 'c' VALUE NULL NULL ON NULL)"},
            {"JSON_OBJECT()", "`JSON_OBJECT`()"},
            {"JSON_ARRAY(a, b ABSENT ON NULL)", ""},
            {"JSON_ARRAY(ABSENT ON NULL)", ""},
            {"(a, b) OVERLAPS (c, d)", "ROW(a, b) OVERLAPS ROW(c, d)"},
            {"a::INT + 1", "CAST(a AS INT) + 1"},
            {"-a[1].b::STRING", "-CAST(a[1].b AS STRING)"},
            {"((a))", "a"},
            {"(SELECT 1) + 2", ""},
            {"((SELECT 1) UNION ALL (SELECT 2))", "((SELECT 1) UNION ALL (SELECT 2))"},
        },
        expression);
}

TEST_CASE("literals keep what they say") {
    check_rows(
        {
            {"'it''s'", ""},
            {"U&'\\00e9\\+01f600'", "'\u00e9\U0001f600'"},
            {"U&'!0041' UESCAPE '!'", "'A'"},
            {"x'45F0'", "X'45f0'"},
            {"0.10", ""},
            {".5", ""},
            {"1.", ""},
            {"123456789012345678901234567890", ""},
            {"1E3", ""},
            {"1.5e-2", ""},
            {"true", "TRUE"},
            {"Unknown", "UNKNOWN"},
            {"null", "NULL"},
            {"date '2026-01-31'", "DATE '2026-01-31'"},
            {"TIME '10:00:00'", ""},
            {"TIMESTAMP '2026-01-31 10:00:00.123'", ""},
            {"TIMESTAMP_LTZ '2026-01-31 10:00:00'", ""},
            {"TIMESTAMP WITH LOCAL TIME ZONE '2026-01-31 10:00:00'",
             "TIMESTAMP_LTZ '2026-01-31 10:00:00'"},
            {"interval '10' minutes", "INTERVAL '10' MINUTE"},
            {"INTERVAL -'5' DAY", ""},
            {"INTERVAL '1 10:00:00.004' DAY TO SECOND(3)",
             "INTERVAL '1 10:00:00.004' DAY TO SECOND"},
            {"INTERVAL '2-10' YEAR TO MONTH", ""},
            {"ARRAY['a', 'b'][1]", "(ARRAY['a', 'b'])[1]"},
            {"MAP['k', 1]", ""},
            {"ARRAY[]", ""},
            {"ROW(1, 'a')", ""},
            {"(1, 'a')", "ROW(1, 'a')"},
        },
        expression);
}

TEST_CASE("intervals are decoded") {
    constexpr std::int64_t kSecond = 1'000'000'000;

    struct {
        const char* text;
        std::int64_t value;
    } const rows[] = {
        {"INTERVAL '10' SECOND", 10 * kSecond},
        {"INTERVAL '0.001' SECOND", 1'000'000},
        {"INTERVAL '.5' SECONDS", 500'000'000},
        {"INTERVAL '-3' HOUR", -3 * 3600 * kSecond},
        {"INTERVAL -'-3' HOUR", 3 * 3600 * kSecond},
        {"INTERVAL '2' WEEK", 14 * 86'400 * kSecond},
        {"INTERVAL '100' DAY", 100 * 86'400 * kSecond},
        {"INTERVAL '1 10:00:00.004' DAY TO SECOND", (86'400 + 36'000) * kSecond + 4'000'000},
        {"INTERVAL '1 2' DAY TO HOUR", 26 * 3600 * kSecond},
        {"INTERVAL '10:30' HOUR TO MINUTE", 37'800 * kSecond},
        {"INTERVAL '1:02.000000003' MINUTE TO SECOND", 62 * kSecond + 3},
        {"INTERVAL '2' QUARTER", 6},
        {"INTERVAL '2-10' YEAR TO MONTH", 34},
        {"INTERVAL '3' YEAR", 36},
        {"INTERVAL '14' MONTH", 14},
    };

    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto parsed = parse_expression(row.text);
        REQUIRE(parsed);
        CHECK(node_of<IntervalLiteral>(*parsed).value == row.value);
    }
}

TEST_CASE("names are case-sensitive, keywords are not, and most keywords can be names") {
    check_rows(
        {
            {"`order`.`a``b`", ""},
            {"T.Value", ""},
            {"t.order", "t.`order`"},
            {"cross.a", "`cross`.a"},
            {"value + year * timestamp", "value + (year * `timestamp`)"},
            {"date", "`date`"},
            {"EXPR$0", ""},
            {"left(a, 2)", "left(a, 2)"},
            {"if(a, b, c)", "if(a, b, c)"},
            {"cat.db.f(x)", ""},
            {"`cast`(x)", ""},
        },
        expression);
}

TEST_CASE("calls and special forms") {
    check_rows(
        {
            {"COUNT(*)", ""},
            {"count(DISTINCT x)", ""},
            {"SUM(ALL x)", "SUM(x)"},
            {"now()", ""},
            {"CURRENT_TIMESTAMP", ""},
            {"current_date()", ""},
            {"SUM(x) FILTER (WHERE c > 1)", ""},
            {"LISTAGG(x, ',') WITHIN GROUP (ORDER BY y DESC NULLS LAST)", ""},
            {"LAG(x, 1) IGNORE NULLS OVER (PARTITION BY k ORDER BY ts)", ""},
            {"SUM(x) OVER w", "SUM(x) OVER (w)"},
            {"SUM(x) OVER (w ROWS 3 PRECEDING)",
             "SUM(x) OVER (w ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)"},
            {"SUM(x) OVER (PARTITION BY k, l ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING "
             "AND UNBOUNDED FOLLOWING)",
             ""},
            {"f(a => 1, B => TABLE t PARTITION BY k ORDER BY ts)",
             "f(a => 1, B => TABLE t PARTITION BY (k) ORDER BY (ts))"},
            {"extract(years FROM x)", "extract(YEAR FROM x)"},
            {"EXTRACT(DOY FROM x)", ""},
            {"TIMESTAMPADD(MONTH, 3, x)", ""},
            {"TIMESTAMPDIFF(days, a, b)", "TIMESTAMPDIFF(DAY, a, b)"},
            {"FLOOR(x TO HOUR)", ""},
            {"FLOOR(x)", ""},
            {"CEIL(x, 1)", ""},
            {"TRIM(x)", ""},
            {"TRIM(' ' FROM x)", "TRIM(BOTH ' ' FROM x)"},
            {"TRIM(LEADING FROM x)", "TRIM(LEADING ' ' FROM x)"},
            {"TRIM(TRAILING 'a' FROM x)", ""},
            {"SUBSTRING(x FROM 2 FOR 3)", "SUBSTRING(x, 2, 3)"},
            {"SUBSTRING(x, 2)", ""},
            {"POSITION('a' IN x)", "POSITION('a', x)"},
            {"OVERLAY(x PLACING y FROM 1 FOR 2)", "OVERLAY(x, y, 1, 2)"},
            {"CAST(x AS DECIMAL(10, 2))", ""},
            {"try_cast(x AS int)", "TRY_CAST(x AS INT)"},
            {"CASE WHEN a THEN 1 ELSE 2 END", ""},
            {"case x when 1 then 'a' when 2 then 'b' end",
             "CASE x WHEN 1 THEN 'a' WHEN 2 THEN 'b' END"},
            {"f(x).a[1].b", ""},
            {"(a).b", ""},
            {"DESCRIPTOR(ts)", ""},
        },
        expression);
}

TEST_CASE("types") {
    for (const char* type : {"BOOLEAN",
                             "TINYINT",
                             "BIGINT NOT NULL",
                             "DOUBLE",
                             "DECIMAL(10, 2)",
                             "CHAR(3)",
                             "VARCHAR",
                             "VARBINARY(7)",
                             "TIME(0)",
                             "TIMESTAMP(3)",
                             "TIMESTAMP(3) WITH TIME ZONE",
                             "TIMESTAMP_LTZ(9)",
                             "INTERVAL YEAR TO MONTH",
                             "INTERVAL DAY(2) TO SECOND(3)",
                             "INTERVAL SECOND(2, 6)",
                             "ARRAY<MAP<STRING NOT NULL, ROW<a INT, b BYTES 'raw'>>>",
                             "MULTISET<STRING>",
                             "ROW<>",
                             "RAW",
                             "VARIANT",
                             "`catalog`.`money`"}) {
        const std::string text = "CAST(x AS " + std::string(type) + ")";
        CHECK(expression(text) == text);
    }
    CHECK(expression("CAST(x AS timestamp(3) with local time zone)") ==
          "CAST(x AS TIMESTAMP_LTZ(3))");
    CHECK(expression("CAST(x AS INTEGER ARRAY NOT NULL)") == "CAST(x AS ARRAY<INT> NOT NULL)");
    CHECK(expression("CAST(x AS ROW(a INT NULL, b DOUBLE PRECISION))") ==
          "CAST(x AS ROW<a INT, b DOUBLE>)");
}

TEST_CASE("queries") {
    check_rows(
        {
            {"select 1", "SELECT 1"},
            {"SELECT DISTINCT a AS x, t.*, * FROM t", ""},
            {"SELECT a x FROM t y (p, q)", "SELECT a AS x FROM t AS y (p, q)"},
            {"SELECT a FROM t WHERE b GROUP BY c, (d, e), () HAVING f", ""},
            {"SELECT a FROM t GROUP BY (a + b) * 2", ""},
            {"SELECT a FROM t GROUP BY GROUPING SETS ((a), (b, c), ()), ROLLUP (a, (b, c)), "
             "CUBE(a)",
             "SELECT a FROM t GROUP BY GROUPING SETS (a, (b, c), ()), ROLLUP (a, (b, c)), CUBE "
             "(a)"},
            {"SELECT a FROM t ORDER BY a DESC NULLS FIRST, b LIMIT 10 OFFSET 5", ""},
            {"SELECT a FROM t OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY",
             "SELECT a FROM t LIMIT 10 OFFSET 5"},
            {"SELECT a FROM t FETCH FIRST ROW ONLY", "SELECT a FROM t LIMIT 1"},
            {"SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4", ""},
            {"(SELECT 1 ORDER BY a) UNION DISTINCT SELECT 2",
             "(SELECT 1 ORDER BY a) UNION SELECT 2"},
            {"WITH a AS (SELECT 1), b (x) AS (SELECT 2) SELECT * FROM a, b", ""},
            {"VALUES (1, 'a'), 2, ROW(3, 4)", "VALUES (1, 'a'), (2), (3, 4)"},
            {"SELECT * FROM (VALUES (1)) AS t (a)", ""},
            {"SELECT * FROM ((SELECT 1) UNION (SELECT 2)) AS t", ""},
            {"SELECT * FROM a JOIN b ON x = y LEFT OUTER JOIN c USING (k, l)",
             "SELECT * FROM a JOIN b ON x = y LEFT JOIN c USING (k, l)"},
            {"SELECT * FROM a, b CROSS JOIN c, (d FULL JOIN e ON f)",
             "SELECT * FROM a, b CROSS JOIN c, d FULL JOIN e ON f"},
            {"SELECT * FROM a NATURAL JOIN (b RIGHT JOIN c ON TRUE)", ""},
            {"SELECT * FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.c = r.c", ""},
            {"SELECT * FROM t /*+ OPTIONS('k' = 'v', 'l'='w') */ AS x",
             "SELECT * FROM t /*+ OPTIONS('k' = 'v', 'l' = 'w') */ AS x"},
            {"SELECT /*+ STATE_TTL('a'='1h'), BROADCAST(b) */ a FROM b",
             "SELECT /*+ STATE_TTL('a' = '1h'), BROADCAST('b') */ a FROM b"},
            {"SELECT * FROM t CROSS JOIN UNNEST(tags) AS u (tag)", ""},
            {"SELECT * FROM t, LATERAL TABLE(split(line)) AS s (w)", ""},
            {"SELECT * FROM t LEFT JOIN LATERAL TABLE(f(x)) AS s (w) ON TRUE", ""},
            {"SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTES))",
             "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTE))"},
            {"SELECT * FROM TABLE(HOP((SELECT * FROM t), DESCRIPTOR(ts), INTERVAL '5' MINUTE, "
             "INTERVAL '10' MINUTE))",
             "SELECT * FROM TABLE(HOP(TABLE (SELECT * FROM t), DESCRIPTOR(ts), INTERVAL '5' "
             "MINUTE, "
             "INTERVAL '10' MINUTE))"},
            {"SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' "
             "MINUTE))",
             "SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY (k), DESCRIPTOR(ts), INTERVAL '5' "
             "MINUTE))"},
            {"SELECT * FROM TABLE(TUMBLE(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SIZE => "
             "INTERVAL '10' MINUTE))",
             ""},
            {"SELECT SUM(x) OVER w FROM t WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 10 "
             "PRECEDING AND CURRENT ROW)",
             "SELECT SUM(x) OVER (w) FROM t WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN "
             "10 "
             "PRECEDING AND CURRENT ROW)"},
            {"SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY s ORDER BY ts MEASURES LAST(B.ts) AS b "
             "ONE ROW PER MATCH AFTER MATCH SKIP TO LAST UP PATTERN (A B+ C*? (D | E){2,3} F{,4} "
             "G{2}) WITHIN INTERVAL '1' HOUR DEFINE B AS B.p > 1, C AS TRUE) AS m",
             "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY s ORDER BY ts MEASURES LAST(B.ts) AS b "
             "ONE ROW PER MATCH AFTER MATCH SKIP TO LAST UP PATTERN ((A B {1,} C {0,}? (D | E) "
             "{2,3} F {0,4} G {2,2})) WITHIN INTERVAL '1' HOUR DEFINE B AS B.p > 1, C AS TRUE) AS "
             "m"},
        },
        statement);
}

TEST_CASE("statements") {
    check_rows(
        {
            {"CREATE TEMPORARY TABLE IF NOT EXISTS c.d.t (id BIGINT NOT NULL COMMENT 'key', r "
             "TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', `offset` BIGINT METADATA VIRTUAL, cost "
             "AS "
             "price * 1.19 COMMENT 'gross', WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, "
             "CONSTRAINT "
             "pk PRIMARY KEY (id) NOT ENFORCED) COMMENT 'x' DISTRIBUTED BY HASH (id) INTO 4 "
             "BUCKETS "
             "PARTITIONED BY (dt) WITH ('a' = 'b', 'c' = 'd') LIKE src (EXCLUDING ALL INCLUDING "
             "GENERATED)",
             ""},
            {"CREATE TABLE t (id INT PRIMARY KEY NOT ENFORCED, value STRING, key INT)",
             "CREATE TABLE t (id INT, value STRING, key INT, PRIMARY KEY (id) NOT ENFORCED)"},
            {"CREATE OR REPLACE TABLE t AS SELECT 1", ""},
            {"create view if not exists v (a, b comment 'x') comment 'y' as select 1, 2",
             "CREATE VIEW IF NOT EXISTS v (a, b COMMENT 'x') COMMENT 'y' AS SELECT 1, 2"},
            {"CREATE TEMPORARY SYSTEM FUNCTION f AS 'a.b' LANGUAGE JAVA USING JAR 'x', JAR 'y'",
             ""},
            {"INSERT INTO t (a, b) SELECT 1, 2", ""},
            {"INSERT INTO t VALUES (1, 'x'), (2, 'y')", ""},
            {"INSERT INTO t (SELECT 1)", ""},
            {"INSERT INTO t ((SELECT 1) UNION ALL (SELECT 2))", ""},
            {"EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END", ""},
            {"BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;",
             "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END"},
            {"SET 'a' = 'b'", ""},
            {"SET", ""},
            {"RESET 'a'", ""},
            {"RESET;", "RESET"},
            {"EXPLAIN PLAN FOR SELECT 1", "EXPLAIN SELECT 1"},
            {"EXPLAIN CHANGELOG_MODE, PLAN_ADVICE INSERT INTO a SELECT 1", ""},
            {"DROP TEMPORARY VIEW IF EXISTS a.b", ""},
            {"DROP DATABASE d CASCADE", ""},
            {"SHOW TABLES", ""},
            {"SHOW COLUMNS FROM t", ""},
            {"SHOW CREATE VIEW v", ""},
            {"DESC t", "DESCRIBE t"},
            {"DESCRIBE FUNCTION EXTENDED sum", "DESCRIBE FUNCTION sum"},
        },
        statement);
}

TEST_CASE("a script is its statements, and each knows its place") {
    const std::string script = "-- first\nSELECT 1;\n;\n  SET 'a' = 'b' /* c */ ;\nSELECT\n  x";
    const auto parsed = parse_script(script);
    REQUIRE(parsed);
    REQUIRE(parsed->size() == 3);
    const Location& first = (*parsed)[0].location;
    CHECK(script.substr(first.offset, first.length) == "SELECT 1");
    CHECK(first.line == 2);
    const Location& second = (*parsed)[1].location;
    CHECK(script.substr(second.offset, second.length) == "SET 'a' = 'b'");
    CHECK(second.line == 4);
    CHECK(second.column == 3);
    CHECK(parse_script("")->empty());
    CHECK(parse_script(" ; -- nothing\n")->empty());
}

TEST_CASE("expressions know their place") {
    const std::string text = "a + f(b, 'x') * (c)";
    const auto parsed = parse_expression(text);
    REQUIRE(parsed);
    const auto at = [&](const Expr& expr) {
        return text.substr(expr.location.offset, expr.location.length);
    };
    const auto& sum = node_of<Binary>(*parsed);
    const auto& product = node_of<Binary>(sum.right);
    CHECK(at(**parsed) == text);
    CHECK(at(*sum.right) == "f(b, 'x') * (c)");
    CHECK(at(*product.left) == "f(b, 'x')");
    CHECK(at(*product.right) == "(c)");
}

TEST_CASE("limits are errors") {
    const auto message = [](const std::string& text) {
        const auto parsed = parse_statement(text);
        return parsed ? std::string("none") : parsed.error().message();
    };
    const auto repeat = [](std::string_view piece, std::size_t count) {
        std::string result;
        for (std::size_t i = 0; i < count; ++i)
            result += piece;
        return result;
    };
    CHECK(message("SELECT " + repeat("(", 100) + "1" + repeat(")", 100)) == "none");
    for (const char* open :
         {"(", "NOT ", "- ", "f(", "CASE WHEN ", "ARRAY[", "a IN (", "(SELECT "}) {
        CAPTURE(open);
        CHECK(message("SELECT " + repeat(open, 100'000)) == "nested deeper than 200 levels");
    }
    CHECK(message("SELECT * FROM " + repeat("(", 5000)) == "nested deeper than 200 levels");
    CHECK(message("SELECT CAST(x AS " + repeat("ARRAY<", 5000)) == "nested deeper than 200 levels");
    CHECK(message("SELECT 1" + repeat(" + 1", 900)) == "none");
    CHECK(message("SELECT 1" + repeat(" + 1", 1100)) ==
          "the expression is more than 1000 operators high");
    CHECK(message("SELECT a" + repeat("[1]", 1100)) ==
          "the expression is more than 1000 operators high");
    CHECK(message("SELECT 1" + repeat(" UNION ALL SELECT 1", 1100)) ==
          "the query is more than 1000 levels high");
    CHECK(message("SELECT 1 FROM t" + repeat(", t", 1100)) ==
          "the query is more than 1000 levels high");
    CHECK(message("SELECT 1" + repeat(", 1", kListLimit)) == "the list has more than 10000 items");
    CHECK(message("SELECT '" + repeat("x", kStatementBytesLimit) + "'") ==
          "the statement is longer than 1048576 bytes");
}

// ------------------------------------------------------------------------------ generated trees

// Writes random expressions of the whole grammar.
class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    std::string expr(int depth) {
        if (depth == 0) return leaf();
        const auto sub = [&] { return expr(depth - 1); };
        switch (pick(18)) {
            case 0: return sub() + " + " + sub();
            case 1: return sub() + " * " + sub() + " || " + sub();
            case 2: return "- " + sub();
            case 3: return "NOT " + sub();
            case 4: return sub() + (pick(2) == 0 ? " = " : " <> ") + sub();
            case 5: return sub() + " AND " + sub() + " OR " + sub();
            case 6: return "(" + sub() + ")";
            case 7: return "f(" + sub() + ", " + sub() + ")";
            case 8: return "CASE WHEN " + sub() + " THEN " + sub() + " ELSE " + sub() + " END";
            case 9: return "CAST(" + sub() + " AS ROW<a INT, b ARRAY<STRING> NOT NULL>)";
            case 10: return "(" + sub() + ") BETWEEN (" + sub() + ") AND (" + sub() + ")";
            case 11: return sub() + " IS NOT NULL";
            case 12: return "(" + sub() + ") NOT IN (" + sub() + ", " + sub() + ")";
            case 13: return "(" + sub() + ")[" + sub() + "].`x y`";
            case 14: return "(SELECT " + sub() + " FROM t WHERE " + sub() + " LIMIT 1)";
            case 15: return "SUM(" + sub() + ") FILTER (WHERE " + sub() + ") OVER (ORDER BY a)";
            case 16: return "EXISTS (SELECT 1 UNION ALL SELECT " + sub() + ")";
            default: return "ARRAY[" + sub() + ", (" + sub() + ", 1)]";
        }
    }

  private:
    std::string leaf() {
        static const std::vector<std::string> leaves = {
            "a",
            "t.`b`",
            "1",
            "2.50",
            "1e9",
            "'it''s'",
            "NULL",
            "DATE '2026-01-31'",
            "COUNT(*)",
            "X'00ff'",
            "TRUE",
            "`select`",
            "date",
            "INTERVAL '1' HOUR",
            "CURRENT_DATE",
            "TRIM(BOTH 'x' FROM b)",
            "EXTRACT(DAY FROM ts)",
        };
        return leaves[pick(leaves.size())];
    }

    std::size_t pick(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    std::mt19937_64 random_;
};

TEST_CASE("what is written back parses to the same tree") {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        CAPTURE(seed);
        const std::string text = Generator(seed).expr(3);
        CAPTURE(text);
        const auto first = parse_expression(text);
        REQUIRE(first);
        const std::string canonical = to_sql(**first);
        CAPTURE(canonical);
        const auto second = parse_expression(canonical);
        REQUIRE(second);
        CHECK(to_sql(**second) == canonical);
        CHECK((*second)->height == (*first)->height);
    }
}

// ------------------------------------------------------------------------------ shared examples

// The scripts of other projects have variables such as ${NEXMARK_TABLE} for names.
std::string read_script(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    std::string script = text.str();
    for (std::size_t at = script.find("${"); at != std::string::npos; at = script.find("${", at)) {
        script.erase(script.find('}', at), 1);
        script.erase(at, 2);
    }
    return script;
}

TEST_CASE("every example script parses and round-trips") {
    const std::filesystem::path root = std::filesystem::path(THALWEG_SOURCE_DIR) / "../shared";
    int count = 0;
    for (const char* folder : {"cases", "nexmark"}) {
        if (!std::filesystem::exists(root / folder)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            if (entry.path().extension() != ".sql") continue;
            const std::string path = entry.path().string();
            const std::string text = read_script(entry.path());
            const auto parsed = parse_script(text);
            if (!parsed) FAIL_CHECK(format_error(path, text, parsed.error()));
            if (!parsed) continue;
            ++count;
            for (const Statement& each : *parsed) {
                const std::string canonical = to_sql(each);
                CAPTURE(path);
                CHECK(statement(canonical) == canonical);
            }
        }
    }
    MESSAGE("scripts parsed: " << count);
}

}  // namespace
}  // namespace thalweg::sql
