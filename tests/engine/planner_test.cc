// What EXPLAIN says of queries that exercise one rewrite each, word for word; and what a script
// leaves in its topology. The results of plans are told in tests/sql.

#include "engine/plan/planner.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace thalweg::plan {
namespace {

constexpr std::string_view kTables = R"(
    CREATE TABLE t (ts TIMESTAMP(3), k STRING, v INT, r ROW<a INT, b ROW<c STRING, d INT>>,
                    unused STRING, WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)
    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = 'json');
    CREATE TABLE o (v INT)
    WITH ('connector' = 'filesystem', 'path' = '/nowhere/o', 'format' = 'csv');
    CREATE VIEW w AS
    SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR));
)";

Plan plan(const std::string& statements) {
    auto planned = plan_script(std::string(kTables) + statements, {});
    REQUIRE_MESSAGE(planned.has_value(), planned.error().message());
    return *std::move(planned);
}

// Of the stages only: what comes before and behind them is the same for all.
std::string explain(const std::string& query) {
    const std::string text = plan("EXPLAIN " + query + ";").explained;
    constexpr std::string_view kSource = "source t (tcp, json)\n";
    CHECK(text.starts_with(kSource));
    const std::size_t promises = text.find("after a crash");
    CHECK(promises != std::string::npos);
    return "\n" + text.substr(kSource.size(), promises - kSource.size());
}

TEST_CASE("planner: SHOW FUNCTIONS names all") {
    const std::string names = plan("SHOW FUNCTIONS;").explained;
    CHECK(names.starts_with("ABS\nACOS\n"));
    CHECK(names.find("\nSUM\n") != std::string::npos);
    CHECK(names.find('$') == std::string::npos);
    CHECK(names.find("IS NULL") == std::string::npos);
}

TEST_CASE("planner: tables, views and functions are described") {
    CHECK_EQ(plan("DESCRIBE t;").explained,
             R"(name    type                                        null  key  watermark
ts      TIMESTAMP(3) *ROWTIME*                      TRUE       ts - INTERVAL '1' MINUTE
k       STRING                                      TRUE
v       INT                                         TRUE
r       ROW<`a` INT, `b` ROW<`c` STRING, `d` INT>>  TRUE
unused  STRING                                      TRUE
)");
    CHECK_EQ(
        plan("CREATE TABLE p (a INT, b INT, PRIMARY KEY (b, a) NOT ENFORCED) WITH ('connector' = "
             "'print'); DESC p;")
            .explained,
        "name  type  null  key        watermark\n"
        "a     INT   TRUE  PRI(b, a)\n"
        "b     INT   TRUE  PRI(b, a)\n");
    CHECK_EQ(plan("SHOW TABLES;").explained, "o\nt\nw\n");
    CHECK_EQ(plan("SHOW VIEWS; DROP VIEW w; SHOW VIEWS; SHOW TABLES;").explained, "w\no\nt\n");
    CHECK_EQ(plan("SHOW CREATE TABLE o;").explained,
             "CREATE TABLE o (v INT) WITH ('connector' = 'filesystem', 'path' = '/nowhere/o', "
             "'format' = 'csv')\n");
    CHECK_EQ(
        plan("CREATE VIEW IF NOT EXISTS w AS SELECT 1 AS one; CREATE VIEW x AS SELECT 2 AS two; "
             "SHOW CREATE VIEW x; SHOW COLUMNS FROM x;")
            .explained,
        "CREATE VIEW x AS SELECT 2 AS two\n"
        "name  type  null   key  watermark\n"
        "two   INT   FALSE\n");
    CHECK_EQ(plan("DESCRIBE FUNCTION sign;").explained.substr(0, 6), "SIGN: ");
    CHECK_EQ(plan("DESC FUNCTION EXTENDED `COUNT`;").explained,
             "COUNT: rows, or values that are not NULL\n");
}

TEST_CASE("planner: what is not there cannot be described") {
    const auto message = [](std::string_view statement) {
        const auto planned = plan_script(std::string(kTables) + std::string(statement), {});
        REQUIRE_FALSE(planned.has_value());
        return planned.error().message();
    };
    CHECK_EQ(message("DESCRIBE nix;"), "there is no table or view 'nix'");
    CHECK_EQ(message("SHOW CREATE VIEW t;"), "there is no table or view 't'");
    CHECK_EQ(message("DESCRIBE FUNCTION nix;"), "there is no function 'nix'");
}

TEST_CASE("planner: conditions and unread columns stay out of the decoder's way") {
    CHECK_EQ(explain(R"(SELECT k, v * 2 AS w FROM t WHERE k <> 'x' AND v > 3)"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    pushed into the source: filter ((k <> 'x') AND (v > 3))
    project k, (v * 2)
    -> gathered by stage 1
stage 1, merge
    write result (table)
)");
}

TEST_CASE("planner: columns wait for the one filter behind a source") {
    // The columns that may wait, of the only source of a script.
    const auto waiting = [](const std::string& script) {
        const Plan planned = plan(script);
        REQUIRE_EQ(planned.topology->sources.size(), 1);
        std::string names;
        for (const WantedColumn& column : planned.topology->sources[0].source.format.wanted) {
            if (column.may_wait) names += column.path.front() + " ";
        }
        return names;
    };
    CHECK_EQ(waiting("INSERT INTO o SELECT v FROM t WHERE k <> 'x';"), "v ");
    CHECK_EQ(waiting("INSERT INTO o SELECT v FROM t WHERE v > 3 AND k <> 'x';"), "");
    CHECK_EQ(waiting("INSERT INTO o SELECT v FROM t;"), "");
    CHECK_EQ(waiting(R"(INSERT INTO o SELECT CAST(COUNT(*) AS INT) FROM w WHERE v > 3
                        GROUP BY window_start, window_end, k;)"),
             "k ");
    CHECK_EQ(waiting(R"(INSERT INTO o SELECT v FROM t WHERE k <> 'x';
                        INSERT INTO o SELECT v FROM t WHERE k <> 'y';)"),
             "");  // Two readers.
}

TEST_CASE("planner: what is promised of each source and sink") {
    const std::string text = plan(R"(
CREATE TABLE f (v INT) WITH ('connector' = 'filesystem', 'path' = '/in', 'format' = 'json');
CREATE TABLE p (v INT) WITH ('connector' = 'print');
INSERT INTO o SELECT v FROM f;
INSERT INTO p SELECT v FROM f;
INSERT INTO o SELECT v FROM t;
INSERT INTO p SELECT v FROM t;)")
                                 .topology->explain;
    CHECK(text.ends_with(R"(
after a crash, started again on its state directory
    f -> o: exactly once
    f -> p: at least once
    t -> o: no result twice; records read since the last epoch are lost
    t -> p: nothing: results may come again, records read since the last epoch are lost
)"));
}

TEST_CASE("planner: only the fields of a ROW that are read are decoded") {
    CHECK_EQ(explain(R"(SELECT r.b.c, r.a + 1 AS a FROM t WHERE r.b.c LIKE 'a%')"),
             R"(
    decodes r.b.c, ts, r.a (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    pushed into the source: filter (r.b.c LIKE 'a%')
    project r.b.c, (r.a + 1)
    -> gathered by stage 1
stage 1, merge
    write result (table)
)");
}

TEST_CASE("planner: an aggregate takes its window in, and runs in two phases") {
    CHECK_EQ(explain(R"(SELECT window_end, k, SUM(v) AS s FROM w WHERE v > 0
        GROUP BY window_start, window_end, k HAVING COUNT(*) > 1 AND k <> '')"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    pushed into the source: filter ((v > 0) AND (k <> ''))
    project k, v, ts
    aggregate locally TUMBLE(size 1 h), keys k: SUM(v), COUNT(*)
    -> by hash of k to stage 1
    -> rows that hardly share keys, by hash of k to stage 1 port 1
stage 1, on every shard
    merge aggregates TUMBLE(size 1 h), keys k: SUM(v), COUNT(*)
        state: about 40 bytes per key and slice (key 16 and long texts, states 24)
    filter (COUNT(*) > 1)
    project window_end, k, SUM(v)
    -> gathered in order of windows by stage 2
stage 2, merge
    write result (table)
)");
}

TEST_CASE("planner: DISTINCT aggregates run in one phase") {
    CHECK_EQ(explain(R"(SELECT window_end, COUNT(DISTINCT v) AS n FROM w
        GROUP BY window_start, window_end)"),
             R"(
    decodes ts, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    project v, ts
    -> to one shard, stage 1
stage 1, on every shard
    aggregate TUMBLE(size 1 h): COUNT(DISTINCT v)
        state: about 16 bytes per key and slice (key 8, states 8 and distinct values)
    project window_end, COUNT(DISTINCT v)
    -> gathered in order of windows by stage 2
stage 2, merge
    write result (table)
)");
}

TEST_CASE("planner: a GROUP BY of finer keys than its input needs no exchange") {
    CHECK_EQ(explain(R"(SELECT window_start, k, big, SUM(s) FROM
            (SELECT k, v > 10 AS big, window_start, window_end, SUM(v) AS s FROM w
             GROUP BY k, v > 10, window_start, window_end)
        GROUP BY window_start, window_end, k, big)"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    project k, (v > 10), v, ts
    aggregate locally TUMBLE(size 1 h), keys k, (v > 10): SUM(v)
    -> by hash of k, (v > 10) to stage 1
    -> rows that hardly share keys, by hash of k, (v > 10) to stage 1 port 1
stage 1, on every shard
    merge aggregates TUMBLE(size 1 h), keys k, (v > 10): SUM(v)
        state: about 32 bytes per key and slice (key 16 and long texts, states 16)
    project k, (v > 10), SUM(v), window_start, window_end
    aggregate TUMBLE(size 1 h) attached, keys k, big: SUM(s)
        state: about 32 bytes per key and slice (key 16 and long texts, states 16)
    project window_start, k, big, SUM(s)
    -> gathered in order of windows by stage 2
stage 2, merge
    write result (table)
)");
}

TEST_CASE("planner: a join meets by hash, and its sides are told apart") {
    CHECK_EQ(explain(R"(SELECT a.k, a.v, b.v AS w FROM w AS a LEFT JOIN w AS b
        ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.k = b.k
        AND a.v + 1 = b.v AND a.v < b.r.a
        WHERE a.v > 5 AND b.v IS NULL)"),
             R"(
    decodes ts, k, v, r (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
    -> stage 1
stage 0, on every ingest agent
    pushed into the source: filter (v > 5)
    assign TUMBLE(size 1 h)
    project k, v, window_start, window_end, (v + 1)
    -> by hash of k, (v + 1) to stage 2
stage 1, on every ingest agent
    assign TUMBLE(size 1 h)
    project k, v, r, window_start, window_end
    -> by hash of k, v to stage 2 port 1
stage 2, on every shard
    window join TUMBLE(size 1 h) on left.k = right.k, (v + 1) = right.v if (left.v < r.a)
        state: the rows of both sides until their window fires
    filter (right.v IS NULL)
    project left.k, left.v, right.v
    -> gathered in order of windows by stage 3
stage 3, merge
    write result (table)
)");
}

TEST_CASE("planner: a union shares the scan, each side with its condition") {
    CHECK_EQ(explain(R"(SELECT k, v FROM t WHERE v > 1 UNION ALL SELECT k, 0 FROM t WHERE v <= 1)"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
    -> stage 1
stage 0, on every ingest agent
    pushed into the source: filter (v > 1)
    -> in turn to stage 2
stage 1, on every ingest agent
    pushed into the source: filter (v <= 1)
    project k, 0
    -> in turn to stage 2
stage 2, on every shard
    union all
    -> gathered by stage 3
stage 3, merge
    write result (table)
)");
}

TEST_CASE("planner: RAND() stays above the aggregate it was written above") {
    CHECK_EQ(explain(R"(SELECT k, c FROM
            (SELECT k, COUNT(*) AS c FROM w GROUP BY window_start, window_end, k)
        WHERE RAND() < 0.5)"),
             R"(
    decodes ts, k (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    project k, ts
    aggregate locally TUMBLE(size 1 h), keys k: COUNT(*)
    -> by hash of k to stage 1
    -> rows that hardly share keys, by hash of k to stage 1 port 1
stage 1, on every shard
    merge aggregates TUMBLE(size 1 h), keys k: COUNT(*)
        state: about 24 bytes per key and slice (key 16 and long texts, states 8)
    filter (RAND() < 0.5)
    project k, COUNT(*)
    -> gathered in order of windows by stage 2
stage 2, merge
    write result (table)
)");
}

TEST_CASE("planner: a condition on a guarded division keeps its place") {
    CHECK_EQ(explain(R"(SELECT k FROM (SELECT k, v, v + 1 AS n FROM t)
        WHERE n <> 1 AND 10 / v > 1 AND v > 2)"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    pushed into the source: filter (v > 2)
    project k, v, (v + 1)
    filter ((n <> 1) AND ((10 / v) > 1))
    project k
    -> gathered by stage 1
stage 1, merge
    write result (table)
)");
}

TEST_CASE("planner: a SELECT does not write into a table of its sink's name") {
    const Plan planned = plan(
        "CREATE TABLE result (v INT) WITH ('connector' = 'print', 'format' = 'csv');"
        "INSERT INTO result SELECT v FROM t; SELECT v FROM t;");
    CHECK_EQ(planned.topology->sinks.size(), 2);
}

TEST_CASE("planner: a table dropped and created again is another sink") {
    const Plan planned = plan(
        "INSERT INTO o SELECT v FROM t; DROP TABLE o;"
        "CREATE TABLE o (k STRING) WITH ('connector' = 'print', 'format' = 'csv');"
        "INSERT INTO o SELECT k FROM t;");
    CHECK_EQ(planned.topology->sinks.size(), 2);
}

TEST_CASE("planner: INSERTs into one table share its sink") {
    const Plan planned = plan("INSERT INTO o SELECT v FROM t; INSERT INTO o SELECT r.a FROM t;");
    CHECK_EQ(planned.topology->sinks.size(), 1);
    CHECK_EQ(planned.topology->sources.size(), 1);
}

TEST_CASE("planner: a sink fills in its own columns, and nobody else does") {
    const Plan planned = plan(
        "CREATE TABLE s (n BIGINT METADATA FROM 'result_sequence' VIRTUAL, v INT NOT NULL,"
        " result_epoch BIGINT METADATA VIRTUAL) WITH ('connector' = 'print');"
        "INSERT INTO s SELECT v FROM t;");
    const SinkSpec& sink = planned.topology->sinks[0];
    CHECK_EQ(sink.schema->size(), 3);
    CHECK_EQ(sink.required, std::vector<std::size_t>{1});
    REQUIRE_EQ(sink.numbers.size(), 2);
    CHECK_EQ(sink.numbers[0].index, 0);
    CHECK(sink.numbers[0].number == ResultNumber::kSequence);
    CHECK_EQ(sink.numbers[1].index, 2);
    CHECK(sink.numbers[1].number == ResultNumber::kEpoch);
    CHECK(
        planned.topology->explain.ends_with("since the last epoch are lost; rows are numbered\n"));
}

TEST_CASE("planner: columns of a sink that are refused") {
    const auto message = [](const std::string& column, const std::string& query) {
        const auto planned = plan_script(std::string(kTables) + "CREATE TABLE s (v INT, " + column +
                                             ") WITH ('connector' = 'tcp', 'address' = "
                                             "'127.0.0.1:4712', 'format' = 'json');" +
                                             query,
                                         {});
        return planned ? "accepted" : planned.error().message();
    };
    const std::string insert = "INSERT INTO s SELECT v FROM t;";
    CHECK_EQ(message("e BIGINT METADATA FROM 'result_epoch'", insert),
             "metadata 'result_epoch' is filled in by the sink, no INSERT gives it");
    CHECK_EQ(message("e INT METADATA FROM 'result_epoch' VIRTUAL", insert),
             "metadata 'result_epoch' is BIGINT, not INT");
    CHECK_EQ(message("e BIGINT METADATA FROM 'result_epoch' VIRTUAL", "SELECT v FROM s;"),
             "column 'e' is filled in by a sink, and this table is read");
}

TEST_CASE("planner: a SET between two queries does not open their source twice") {
    const Plan planned = plan(
        "INSERT INTO o SELECT v FROM t; SET 'pipeline.name' = 'x'; INSERT INTO o SELECT r.a FROM "
        "t;");
    CHECK_EQ(planned.topology->sources.size(), 1);
}

TEST_CASE("planner: CHANGELOG_MODE says what kinds of rows operators give") {
    CHECK_EQ(explain(R"(CHANGELOG_MODE SELECT n, COUNT(*) FROM (
        SELECT k, COUNT(*) AS n FROM t WHERE v > 3 GROUP BY k) GROUP BY n)"),
             R"(
    decodes ts, k, v (of 5 columns)
    watermark for ts as (ts - INTERVAL '1' MINUTE)
    -> stage 0
stage 0, on every ingest agent
    pushed into the source: filter (v > 3), changelogMode=[I]
    project k, changelogMode=[I]
    -> by hash of k to stage 1
stage 1, on every shard
    aggregate for all time, keys k: COUNT(*), changelogMode=[I,UB,UA]
        gives insertions and updates
        state: about 24 bytes per key (key 16 and long texts, states 8), unbounded without a TTL
    project COUNT(*), changelogMode=[I,UB,UA]
    -> by hash of n to stage 2
stage 2, on every shard
    aggregate for all time over changes, keys n: COUNT(*), changelogMode=[I,UB,UA,D]
        gives insertions, updates and deletions
        state: about 24 bytes per key (key 8, states 16), while it has rows, unbounded without a TTL
    -> gathered by stage 3
stage 3, merge
    write result (table)
)");
}

TEST_CASE("planner: the latest row of each key goes when it is deleted") {
    const std::string text = plan(R"(
CREATE TABLE c (k INT, v INT, PRIMARY KEY (k) NOT ENFORCED)
WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = 'changelog-json');
EXPLAIN SELECT v FROM c;)")
                                 .explained;
    CAPTURE(text);
    CHECK(text.find(R"(
    latest row by k
        gives insertions, updates and deletions
        state: the latest row of each key, until it is deleted, unbounded without a TTL
)") != std::string::npos);
}

TEST_CASE("planner: EXPLAIN says for how long state is kept, and a warning where a TTL is not") {
    const auto kept = [](const std::string& ttl, const std::string& query) {
        const Plan planned =
            plan("SET 'table.exec.state.ttl' = '" + ttl + "'; EXPLAIN SELECT " + query + ";");
        const std::size_t state = planned.explained.find("state: ");
        REQUIRE(state != std::string::npos);
        const std::size_t end = planned.explained.find('\n', state);
        std::string text = planned.explained.substr(state + 7, end - state - 7);
        for (const std::string& warning : planned.warnings)
            text += " | " + warning;
        return text;
    };
    const std::string bytes = "about 24 bytes per key (key 16 and long texts, states 8), ";
    CHECK_EQ(kept("1 d", "k, COUNT(*) FROM t GROUP BY k"), bytes + "TTL 1 d");
    CHECK_EQ(kept("0", "k, COUNT(*) FROM t GROUP BY k"), bytes + "unbounded without a TTL");
    CHECK_EQ(kept("90 s", "/*+ STATE_TTL('t' = '0 s') */ k, COUNT(*) FROM t GROUP BY k"),
             bytes + "unbounded without a TTL");
    const std::string join = "t.k FROM t JOIN t AS u ON t.k = u.k";
    CHECK(kept("90 s", join).starts_with("the rows of both sides, TTL 90 s; about"));
    CHECK(kept("90 s", "/*+ STATE_TTL('u' = '2 h') */ " + join)
              .starts_with("the rows of both sides, left TTL 90 s, right TTL 2 h; about"));
    CHECK_EQ(kept("1500 ms", "k FROM t ORDER BY v LIMIT 3"),
             "of each key the rows that may be asked for, TTL 1500 ms");
    CHECK_EQ(kept("1 d", "SUM(v) OVER (PARTITION BY k ORDER BY ts) FROM t"),
             "of each key its aggregates, unbounded, and the rows that frames hold | "
             "'table.exec.state.ttl' has no effect on the state of OVER in the order of time: it "
             "is kept for as long as EXPLAIN says");
    CHECK_EQ(plan("SELECT /*+ STATE_TTL('t' = '1 d') */ k FROM t;").warnings,
             std::vector<std::string>{"STATE_TTL of 't' has no effect: neither a join nor a GROUP "
                                      "BY keeps it by itself"});
}

}  // namespace
}  // namespace thalweg::plan
