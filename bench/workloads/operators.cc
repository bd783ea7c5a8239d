#include "bench/by_hand/operators.h"

#include "bench/operator_oracle.h"
#include "bench/workloads/families.h"
#include "bench/workloads/record_case.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg::bench {

namespace {

constexpr std::int64_t kSplit = 5'500;  // Half of the records on each side.
constexpr std::int64_t kSecondMs = 1'000;
constexpr std::array<std::size_t, 2> kKeys = {10'000, 1'000'000};

std::string side_sql(std::string_view columns, std::string_view where) {
    return "(SELECT " + std::string(columns) + " FROM records WHERE extra " + std::string(where) +
           " " + std::to_string(kSplit) + ")";
}

std::string join_sql() {
    return std::string(kRecordsTable) + sink_sql("key BIGINT, l BIGINT, r BIGINT") +
           "SELECT l.key, l.`value`, r.`value`\nFROM " + side_sql("key, `value`", "<") +
           " l\nJOIN " + side_sql("key, `value`", ">=") + " r ON l.key = r.key;\n";
}

std::string interval_join_sql() {
    return std::string(kRecordsTable) +
           sink_sql("ts TIMESTAMP(3), key BIGINT, l BIGINT, r BIGINT") +
           "SELECT l.ts, l.key, l.`value`, r.`value`\nFROM " + side_sql("ts, key, `value`", "<") +
           " l\nJOIN " + side_sql("ts, key, `value`", ">=") +
           " r\nON l.key = r.key AND l.ts BETWEEN r.ts - INTERVAL '1' SECOND AND r.ts + INTERVAL "
           "'1' SECOND;\n";
}

// Of the rows of each key the first `count` in an order.
std::string first_rows_sql(std::string_view sink,
                           std::string_view columns,
                           std::string_view order,
                           std::string_view count) {
    return std::string(kRecordsTable) + sink_sql(sink) + "SELECT " + std::string(columns) +
           "\nFROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY key ORDER BY " + std::string(order) +
           ") AS n FROM records)\nWHERE n <= " + std::string(count) + ";\n";
}

std::string dedup_sql(std::string_view order) {
    return first_rows_sql(
        "ts TIMESTAMP(3), key BIGINT, `value` BIGINT", "ts, key, `value`", order, "1");
}

std::string session_sql() {
    return std::string(kRecordsTable) +
           sink_sql(
               "window_start TIMESTAMP(3), window_end TIMESTAMP(3), key BIGINT, n BIGINT, total "
               "BIGINT") +
           "SELECT window_start, window_end, key, COUNT(*), SUM(`value`)\n"
           "FROM TABLE(SESSION(TABLE records PARTITION BY key, DESCRIPTOR(ts), INTERVAL '1' "
           "SECOND))\nGROUP BY window_start, window_end, key;\n";
}

std::string over_sql(std::string_view frame) {
    return std::string(kRecordsTable) +
           sink_sql("ts TIMESTAMP(3), key BIGINT, `value` BIGINT, total BIGINT") +
           "SELECT ts, key, `value`, SUM(`value`) OVER (PARTITION BY key ORDER BY ts\n"
           "    ROWS BETWEEN " +
           std::string(frame) + " PRECEDING AND CURRENT ROW)\nFROM records;\n";
}

std::string changelog_sql() {
    return std::string(kRecordsTable) + sink_sql("n BIGINT, keys BIGINT") +
           "SELECT n, COUNT(*)\nFROM (SELECT key, COUNT(*) AS n FROM records GROUP BY key)\n"
           "GROUP BY n;\n";
}

// So many records for each key; each key comes about once a second. The oracle checks the first
// quarter and more.
class OperatorCases {
  public:
    explicit OperatorCases(bool is_tiny) : is_tiny_(is_tiny) {}

    RecordCase& add(std::string bench, std::size_t keys, std::size_t rows_per_key) {
        constexpr std::size_t kTinyPart = 200;
        constexpr std::size_t kCheckedMin = 1'000'000;
        RecordCase query;
        query.bench = std::move(bench);
        query.variant = keys_text(keys);
        query.stream.keys = is_tiny_ ? keys / kTinyPart : keys;
        query.stream.count = query.stream.keys * rows_per_key;
        query.stream.per_second = query.stream.keys;
        query.check_records =
            std::min(query.stream.count, std::max(kCheckedMin, query.stream.count / 4));
        cases_.push_back(std::move(query));
        return cases_.back();
    }

    [[nodiscard]] std::vector<QueryCase> queries() const {
        std::vector<QueryCase> queries;
        for (const RecordCase& of : cases_)
            queries.push_back(query_of(of));
        return queries;
    }

  private:
    bool is_tiny_;
    std::vector<RecordCase> cases_;
};

// A rival that needs to know nothing but the keys.
using Rival = void (*)(std::span<const Record> records,
                       std::size_t keys,
                       by_hand::Results& results);

void set_rival(RecordCase& query, Rival rival) {
    query.by_hand = [rival, keys = query.stream.keys](const RecordBytes& bytes,
                                                      by_hand::Results& results) {
        rival(bytes.records(), keys, results);
    };
}

// How many records come in a second, and in the millisecond that both ends of it are in.
std::size_t rows_per_second(const RecordCase& query) {
    return query.stream.per_second + query.stream.per_second / 100 + 2;
}

void add_joins(OperatorCases& cases) {
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("join", keys, keys == kKeys.front() ? 20 : 4);
        query.sql = join_sql();
        query.oracle = [](const StreamSpec& spec) { return oracle::join(spec, kSplit); };
        query.by_hand = [keys = query.stream.keys](const RecordBytes& bytes,
                                                   by_hand::Results& results) {
            by_hand::join(bytes.records(), keys, kSplit, results);
        };
    }
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("interval_join", keys, keys == kKeys.front() ? 200 : 4);
        query.sql = interval_join_sql();
        query.oracle = [](const StreamSpec& spec) {
            return oracle::interval_join(spec, kSplit, kSecondMs);
        };
        query.by_hand = [keys = query.stream.keys, rows = rows_per_second(query)](
                            const RecordBytes& bytes, by_hand::Results& results) {
            by_hand::interval_join(bytes.records(), keys, {kSplit, kSecondMs, rows}, results);
        };
    }
}

void add_ranks(OperatorCases& cases) {
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("topn", keys, keys == kKeys.front() ? 400 : 4);
        query.has_changes = true;
        query.sql =
            first_rows_sql("key BIGINT, `value` BIGINT", "key, `value`", "`value` DESC", "3");
        query.oracle = oracle::top_n;
        set_rival(query, by_hand::top_n);
    }
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("dedup", keys, keys == kKeys.front() ? 400 : 4);
        query.variant += ", first";
        query.sql = dedup_sql("ts");
        query.oracle = oracle::keep_first;
        set_rival(query, by_hand::keep_first);
    }
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("dedup", keys, keys == kKeys.front() ? 400 : 4);
        query.variant += ", last";
        query.has_changes = true;
        query.sql = dedup_sql("ts DESC");
        query.oracle = oracle::keep_last;
        set_rival(query, by_hand::keep_last);
    }
}

void add_sessions(OperatorCases& cases) {
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("session", keys, keys == kKeys.front() ? 200 : 4);
        query.sql = session_sql();
        query.oracle = [](const StreamSpec& spec) { return oracle::session(spec, kSecondMs); };
        query.by_hand = [keys = query.stream.keys, rows = rows_per_second(query)](
                            const RecordBytes& bytes, by_hand::Results& results) {
            by_hand::session(bytes.records(), keys, {kSecondMs, rows}, results);
        };
    }
}

void add_overs(OperatorCases& cases) {
    // Of a million keys enough rows for their frames to be full would take minutes.
    RecordCase& rows = cases.add("over", kKeys.front(), 50);
    rows.variant += ", 10 rows";
    rows.sql = over_sql("10");
    rows.oracle = oracle::over_rows;
    set_rival(rows, by_hand::over_rows);
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("over", keys, keys == kKeys.front() ? 50 : 2);
        query.variant += ", all";
        query.sql = over_sql("UNBOUNDED");
        query.oracle = oracle::over_all;
        set_rival(query, by_hand::over_all);
    }
}

void add_changelogs(OperatorCases& cases) {
    for (const std::size_t keys : kKeys) {
        RecordCase& query = cases.add("changelog", keys, keys == kKeys.front() ? 400 : 4);
        query.has_changes = true;
        query.sql = changelog_sql();
        query.oracle = oracle::count_of_counts;
        set_rival(query, by_hand::count_of_counts);
    }
}

}  // namespace

std::vector<QueryCase> operator_queries(const MeasureOptions& options) {
    OperatorCases cases(options.is_tiny);
    add_joins(cases);
    add_ranks(cases);
    add_sessions(cases);
    add_overs(cases);
    add_changelogs(cases);
    return cases.queries();
}

}  // namespace thalweg::bench
