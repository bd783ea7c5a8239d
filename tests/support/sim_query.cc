#include "tests/support/sim_query.h"

#include <string_view>
#include <utility>

namespace thalweg::test {

namespace {

std::vector<Row> cells_of(const OracleRows& rows) {
    std::vector<Row> cells;
    for (const OracleRow& row : rows)
        cells.push_back(row.cells);
    return cells;
}

std::string table_script(std::size_t table, const SimQueryLimits& limits) {
    const std::string csv = limits.format == "csv" ? ", 'csv.null-literal' = '~'" : "";
    const std::string idle = limits.idle_timeout_ms == 0
                                 ? ""
                                 : ", 'scan.watermark.idle-timeout' = '" +
                                       std::to_string(limits.idle_timeout_ms) + " ms'";
    return "CREATE TABLE t" + std::to_string(table) +
           " (id BIGINT, k BIGINT, v BIGINT, s STRING, ts TIMESTAMP(3), at AS PROCTIME(), "
           "WATERMARK FOR ts AS ts - "
           "INTERVAL '" +
           std::to_string(limits.delay_ms / 1000) +
           "' SECOND) WITH ('connector' = 'tcp', 'address' = '127.0.0.1:" +
           std::to_string(4711 + table) + "', 'format' = '" + limits.format + "'" + csv + idle +
           ");\n";
}

// --- Parts of queries ---------------------------------------------------------------------------

struct Test {
    std::string sql;
    RowTest test;
};

Test random_test(Random& random) {
    const auto bound = static_cast<std::int64_t>(random.below(60));
    switch (random.below(4)) {
        case 0:
            return {"v > " + std::to_string(bound), [bound](const Row& row) {
                        return !is_null(row[kNumber]) && number(row[kNumber]) > bound;
                    }};
        case 1: return {"k <> 2", [](const Row& row) { return number(row[kKey]) != 2; }};
        case 2:
            return {"v IS NULL OR MOD(id, 3) = 0", [](const Row& row) {
                        return is_null(row[kNumber]) || number(row[kId]) % 3 == 0;
                    }};
        default:
            return {"s LIKE 'be%'", [](const Row& row) {
                        return std::get<std::string>(row[kText].data).starts_with("be");
                    }};
    }
}

// Of a window with steps of 2 s: more rows fire at once than an operator emits in one step.
constexpr std::int64_t kManySeconds = 3540;

struct Windowing {
    std::string function;  // TUMBLE, HOP, CUMULATE
    std::string sizes;     // ", INTERVAL ..."
    WindowSpec spec;
    bool is_partition = false;  // Every time lies in exactly one window.

    [[nodiscard]] std::string of(const std::string& table) const {
        return "TABLE(" + function + "(TABLE " + table + ", DESCRIPTOR(ts)" + sizes + "))";
    }
};

std::string seconds(std::int64_t count) {
    if (count >= 60) return ", INTERVAL '" + std::to_string(count / 60) + "' MINUTE";
    return ", INTERVAL '" + std::to_string(count) + "' SECOND";
}

Windowing windowing(WindowKind kind, std::int64_t slide, std::int64_t size, std::int64_t offset) {
    Windowing made;
    made.spec.kind = kind;
    made.spec.size_ns = size * kNanosPerSecond;
    made.spec.slide_ns = slide * kNanosPerSecond;
    made.spec.offset_ns = offset * kNanosPerSecond;
    made.is_partition = kind == WindowKind::kTumble;
    made.function = kind == WindowKind::kTumble ? "TUMBLE"
                    : kind == WindowKind::kHop  ? "HOP"
                                                : "CUMULATE";
    made.sizes = (made.is_partition ? "" : seconds(slide)) + seconds(size);
    if (offset != 0) made.sizes += seconds(offset);
    return made;
}

Windowing random_windowing(Random& random) {
    const std::int64_t offset = random.below(3) == 0 ? 3 : 0;
    // More rows at once than an operator emits in one step.
    if (random.below(5) == 0) return windowing(WindowKind::kCumulate, 2, kManySeconds, 0);
    switch (random.below(9)) {
        case 0: return windowing(WindowKind::kHop, 5, 10, 0);
        case 1: return windowing(WindowKind::kHop, 4, 10, 0);
        case 2: return windowing(WindowKind::kHop, 10, 4, 0);
        case 3: return windowing(WindowKind::kHop, 2, 50, 0);
        case 4: return windowing(WindowKind::kCumulate, 5, 20, offset);
        case 5: return windowing(WindowKind::kTumble, 2, 2, 0);
        case 6: return windowing(WindowKind::kTumble, 50, 50, offset);
        default: return windowing(WindowKind::kTumble, 10, 10, offset);
    }
}

struct Keys {
    std::string sql;  // ", k" or nothing.
    std::vector<std::size_t> cells;
};

Keys random_keys(Random& random) {
    switch (random.below(5)) {
        case 0: return {"", {}};
        case 1: return {", s", {kText}};
        case 2: return {", k, s", {kKey, kText}};
        default: return {", k", {kKey}};
    }
}

struct Aggregates {
    std::string sql;
    std::vector<Aggregate> compute;
};

// COUNT(*) is always there, and first.
Aggregates random_aggregates(const SimQueryLimits& limits, Random& random) {
    const Test test = random_test(random);
    std::vector<std::pair<std::string, Aggregate>> all = {
        {"COUNT(v)", count_of(kNumber)},
        {"SUM(v)", sum_of(kNumber)},
        {"AVG(v)", average_of(kNumber)},
        {"MIN(v)", least_of(kNumber)},
        {"MAX(v)", greatest_of(kNumber)},
        {"COUNT(DISTINCT v)", count_distinct(kNumber)},
        {"COUNT(*) FILTER (WHERE " + test.sql + ")", only(test.test, count_rows())},
        {"SUM(v) FILTER (WHERE " + test.sql + ")", only(test.test, sum_of(kNumber))},
    };
    if (limits.has_one_order) {
        all.emplace_back("FIRST_VALUE(v)", first_of(kNumber));
        all.emplace_back("LAST_VALUE(id)", last_of(kId));
    }
    Aggregates made{", COUNT(*)", {count_rows()}};
    for (auto& [sql, compute] : all) {
        if (random.below(3) != 0) continue;
        made.sql += ", " + sql;
        made.compute.push_back(std::move(compute));
    }
    return made;
}

// --- The pool -----------------------------------------------------------------------------------

SimQuery filter_query(const SimQueryLimits&, Random& random) {
    const Test test = random_test(random);
    SimQuery query;
    query.name = "filter";
    query.script = "SELECT id, k, v * 2 + 1, s FROM t0 WHERE " + test.sql + ";";
    query.is_stateless = true;
    query.answer = [test](const SimInput& input) {
        SimAnswer answer;
        const OracleRows kept = keep(input.tables[0], test.test, answer.counts);
        answer.sinks.push_back(cells_of(change(kept, [](const Row& row) {
            const Value twice =
                is_null(row[kNumber]) ? Value{} : Value{number(row[kNumber]) * 2 + 1};
            return Row{row[kId], row[kKey], twice, row[kText]};
        })));
        return answer;
    };
    return query;
}

SimQuery aggregate_query(const SimQueryLimits& limits, Random& random) {
    const Windowing window = random_windowing(random);
    // Where windows are many, so are keys.
    const Keys keys = window.spec.size_ns == kManySeconds * kNanosPerSecond
                          ? Keys{", k, s", {kKey, kText}}
                          : random_keys(random);
    const Aggregates aggregates = random_aggregates(limits, random);
    const bool has_where = random.below(3) == 0;
    const bool has_having = random.below(4) == 0;
    const Test where = random_test(random);
    SimQuery query;
    query.name = "aggregate";
    if (has_where) query.script = "CREATE VIEW kept AS SELECT * FROM t0 WHERE " + where.sql + ";\n";
    query.script += "SELECT window_start, window_end" + keys.sql + aggregates.sql + " FROM " +
                    window.of(has_where ? "kept" : "t0") + " GROUP BY window_start, window_end" +
                    keys.sql + (has_having ? " HAVING COUNT(*) > 1;" : ";");
    const std::size_t count_cell = 2 + keys.cells.size();
    query.count_cell = count_cell;
    query.counts_all = window.is_partition && !has_having;
    query.is_windowed = true;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        OracleRows rows = input.tables[0];
        if (has_where) rows = keep(rows, where.test, answer.counts);
        rows = aggregate(
            fired(rows, window.spec, input.final, answer.counts), keys.cells, aggregates.compute);
        if (has_having) {
            rows = keep(
                rows,
                [count_cell](const Row& row) { return number(row[count_cell]) > 1; },
                answer.counts);
        }
        answer.sinks.push_back(cells_of(rows));
        return answer;
    };
    return query;
}

// GROUP BY without a window: results that change.
SimQuery running_query(const SimQueryLimits& limits, Random& random) {
    const Keys keys = random_keys(random);
    const Aggregates aggregates = random_aggregates(limits, random);
    const bool has_where = random.below(3) == 0;
    const Test where = random_test(random);
    SimQuery query;
    query.name = "running";
    query.script = "SELECT " + (keys.sql + aggregates.sql).substr(2) + " FROM t0";
    if (has_where) query.script += " WHERE " + where.sql;
    query.script += keys.cells.empty() ? ";" : " GROUP BY " + keys.sql.substr(2) + ";";
    query.has_changes = true;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        OracleRows rows = input.tables[0];
        if (has_where) rows = keep(rows, where.test, answer.counts);
        OracleWindows all;
        for (const OracleRow& row : rows)
            all[{}].push_back(row.cells);
        rows = change(aggregate(all, keys.cells, aggregates.compute), [](const Row& row) {
            return Row(row.begin() + 2, row.end());  // Without the window.
        });
        answer.sinks.push_back(cells_of(rows));
        return answer;
    };
    return query;
}

// GROUP BY over results that change: how many keys have which count.
SimQuery counts_of_counts_query(const SimQueryLimits&, Random& random) {
    const bool has_key = random.below(3) != 0;
    SimQuery query;
    query.name = "counts of counts";
    query.script =
        std::string("SELECT ") + (has_key ? "n, " : "") +
        "COUNT(*), SUM(n), COUNT(total), SUM(total), MIN(total), MAX(total), MIN(k), "
        "COUNT(DISTINCT total) FROM (SELECT k, s, COUNT(*) AS n, SUM(v) AS total FROM t0 GROUP BY "
        "k, s)" +
        (has_key ? " GROUP BY n;" : ";");
    query.has_changes = true;
    query.answer = [has_key](const SimInput& input) {
        const auto group = [](const OracleRows& rows,
                              const std::vector<std::size_t>& keys,
                              const std::vector<Aggregate>& compute) {
            OracleWindows all;
            for (const OracleRow& row : rows)
                all[{}].push_back(row.cells);
            return change(aggregate(all, keys, compute), [](const Row& row) {
                return Row(row.begin() + 2, row.end());  // Without the window.
            });
        };
        const OracleRows counts =
            group(input.tables[0], {kKey, kText}, {count_rows(), sum_of(kNumber)});
        const std::vector<std::size_t> keys =
            has_key ? std::vector<std::size_t>{2} : std::vector<std::size_t>{};
        SimAnswer answer;
        answer.sinks.push_back(cells_of(group(counts,
                                              keys,
                                              {count_rows(),
                                               sum_of(2),
                                               count_of(3),
                                               sum_of(3),
                                               least_of(3),
                                               greatest_of(3),
                                               least_of(0),
                                               count_distinct(3)})));
        return answer;
    };
    return query;
}

// Counts per key and 5 seconds, then the busiest key of each 20.
SimQuery cascade_query(const SimQueryLimits&, Random& random) {
    const bool has_key = random.below(2) == 0;
    const Windowing first = windowing(WindowKind::kTumble, 5, 5, 0);
    const Windowing second = windowing(WindowKind::kTumble, 20, 20, 0);
    SimQuery query;
    query.name = "cascade";
    query.script =
        "CREATE VIEW small AS SELECT k, window_time AS ts, COUNT(*) AS n, SUM(v) AS total FROM " +
        first.of("t0") + " GROUP BY window_start, window_end, window_time, k;\n" +
        "SELECT window_start, window_end" + (has_key ? ", k" : "") +
        ", SUM(n), MAX(n), SUM(total) FROM " + second.of("small") +
        " GROUP BY window_start, window_end" + (has_key ? ", k;" : ";");
    query.is_windowed = true;
    query.count_cell = has_key ? 3 : 2;
    query.counts_all = true;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        // window_start, window_end, k, n, total
        const OracleRows small =
            aggregate(fired(input.tables[0], first.spec, input.final, answer.counts),
                      {kKey},
                      {count_rows(), sum_of(kNumber)});
        const std::vector<std::size_t> keys =
            has_key ? std::vector<std::size_t>{2} : std::vector<std::size_t>{};
        answer.sinks.push_back(
            cells_of(aggregate(fired(small, second.spec, input.final, answer.counts),
                               keys,
                               {sum_of(3), greatest_of(3), sum_of(4)})));
        return answer;
    };
    return query;
}

SimQuery join_query(const SimQueryLimits& limits, Random& random) {
    const bool has_two = limits.allows_two_tables && random.below(2) == 0;
    const Windowing window = random.below(4) == 0 ? windowing(WindowKind::kTumble, 50, 50, 0)
                                                  : windowing(WindowKind::kTumble, 5, 5, 0);
    const JoinSpec spec{static_cast<JoinKind>(random.below(4)), 1, 3};
    constexpr std::string_view kNames[] = {"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"};
    const auto side = [&](const std::string& table) {
        return "(SELECT id, k, v, window_start, window_end FROM " + window.of(table) + ")";
    };
    SimQuery query;
    query.name = "join";
    query.tables = has_two ? 2 : 1;
    query.script =
        "SELECT COALESCE(l.window_start, r.window_start), COALESCE(l.window_end, "
        "r.window_end), l.id, l.k, l.v, r.id, r.k, r.v FROM " +
        side("t0") + " l " + std::string(kNames[static_cast<std::size_t>(spec.kind)]) + " " +
        side(has_two ? "t1" : "t0") +
        " r ON l.window_start = r.window_start AND l.window_end = r.window_end AND l.k "
        "= r.k;";
    query.is_windowed = true;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        const auto windows = [&](std::size_t table) {
            const OracleRows rows = change(input.tables[table], [](const Row& row) {
                return Row{row[kId], row[kKey], row[kNumber]};
            });
            return fired(rows, window.spec, input.final, answer.counts);
        };
        const OracleWindows left = windows(0);
        const OracleWindows right = windows(has_two ? 1 : 0);
        answer.sinks.push_back(cells_of(join(left, right, spec)));
        return answer;
    };
    return query;
}

SimQuery union_query(const SimQueryLimits& limits, Random& random) {
    const bool has_two = limits.allows_two_tables && random.below(2) == 0;
    const bool is_counted = random.below(2) == 0;
    const Test first = random_test(random);
    const Test second = random_test(random);
    const Windowing window = random_windowing(random);
    SimQuery query;
    query.name = "union";
    query.tables = has_two ? 2 : 1;
    query.is_stateless = !is_counted;
    query.is_windowed = is_counted;
    query.has_two_ways = is_counted && !has_two;
    const std::string all = "SELECT id, k, v, s, ts FROM t0 WHERE " + first.sql +
                            " UNION ALL SELECT id, k, v, s, ts FROM " + (has_two ? "t1" : "t0") +
                            " WHERE " + second.sql;
    query.script = is_counted
                       ? "CREATE VIEW both_of AS " + all +
                             ";\nSELECT window_start, window_end, k, COUNT(*), SUM(id) FROM " +
                             window.of("both_of") + " GROUP BY window_start, window_end, k;"
                       : all + ";";
    if (is_counted) query.count_cell = 3;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        OracleRows rows = both(keep(input.tables[0], first.test, answer.counts),
                               keep(input.tables[has_two ? 1 : 0], second.test, answer.counts));
        if (is_counted) {
            rows = aggregate(fired(rows, window.spec, input.final, answer.counts),
                             {kKey},
                             {count_rows(), sum_of(kId)});
        }
        answer.sinks.push_back(cells_of(rows));
        return answer;
    };
    return query;
}

SimQuery words_query(const SimQueryLimits&, Random& random) {
    const Windowing window = random_windowing(random);
    const bool is_counted = random.below(3) != 0;
    SimQuery query;
    query.name = "words";
    query.script =
        "CREATE VIEW words AS SELECT id, word, ts FROM t0 CROSS JOIN UNNEST(SPLIT(s, ' ')) AS "
        "w(word);\n";
    query.script += is_counted
                        ? "SELECT window_start, window_end, word, COUNT(*) FROM " +
                              window.of("words") + " GROUP BY window_start, window_end, word;"
                        : "SELECT id, word FROM words;";
    query.is_stateless = !is_counted;
    query.is_windowed = is_counted;
    if (is_counted) query.count_cell = 3;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        OracleRows rows = unnest(input.tables[0], kText);
        if (is_counted) {
            rows = aggregate(
                fired(rows, window.spec, input.final, answer.counts), {kTime + 1}, {count_rows()});
        } else {
            rows = change(rows, [](const Row& row) { return Row{row[kId], row[kTime + 1]}; });
        }
        answer.sinks.push_back(cells_of(rows));
        return answer;
    };
    return query;
}

// A row of the file: its key and what is learned from it.
struct Looked {
    std::int64_t key = 0;
    std::int64_t found = 0;
};

// Every row with what the file has of its key, NULL where it has nothing and the row is kept.
OracleRows look_up(const OracleRows& rows,
                   const std::vector<Looked>& file,
                   const std::function<bool(const Row& row, std::int64_t found)>& is_wanted,
                   bool is_left,
                   OracleCounts& counts) {
    OracleRows joined;
    for (const OracleRow& row : rows) {
        const std::size_t before = joined.size();
        for (const Looked& each : file) {
            if (each.key != number(row.cells[kKey]) || !is_wanted(row.cells, each.found)) continue;
            joined.push_back(row);
            joined.back().cells.push_back({each.found});
        }
        if (joined.size() != before) continue;
        if (is_left) {
            joined.push_back(row);
            joined.back().cells.emplace_back();
        } else {
            ++counts.filtered;
        }
    }
    return joined;
}

SimQuery lookup_query(const SimQueryLimits&, Random& random) {
    const bool is_left = random.below(2) == 0;
    const bool has_residual = random.below(2) == 0;
    const bool is_counted = random.below(2) == 0;
    const bool is_unique = random.below(2) == 0;
    const Windowing window = random_windowing(random);
    SimQuery query;
    query.name = "lookup";
    std::vector<Looked> file;
    for (std::int64_t i = 0; i < 8; ++i) {
        const auto key = is_unique ? i : static_cast<std::int64_t>(random.below(6));
        if (random.below(4) == 0) continue;
        file.push_back({key, static_cast<std::int64_t>(random.below(60))});
        query.file +=
            std::to_string(file.back().key) + "," + std::to_string(file.back().found) + "\n";
    }
    query.script =
        "CREATE TABLE d (k BIGINT, w BIGINT) WITH ('connector' = 'filesystem', 'path' = '/d', "
        "'format' = 'csv');\n"
        "CREATE VIEW looked AS SELECT id, w, ts FROM t0 " +
        std::string(is_left ? "LEFT " : "") +
        "JOIN d FOR SYSTEM_TIME AS OF t0.at AS d ON t0.k = d.k" +
        (has_residual ? " AND v > w;\n" : ";\n");
    query.script += is_counted ? "SELECT window_start, window_end, w, COUNT(*), SUM(id) FROM " +
                                     window.of("looked") + " GROUP BY window_start, window_end, w;"
                               : "SELECT id, w FROM looked;";
    query.is_stateless = !is_counted;
    query.is_windowed = is_counted;
    if (is_counted) query.count_cell = 3;
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        const auto is_wanted = [=](const Row& row, std::int64_t found) {
            return !has_residual || (!is_null(row[kNumber]) && number(row[kNumber]) > found);
        };
        OracleRows rows = look_up(input.tables[0], file, is_wanted, is_left, answer.counts);
        if (is_counted) {
            rows = aggregate(fired(rows, window.spec, input.final, answer.counts),
                             {kTime + 1},
                             {count_rows(), sum_of(kId)});
        } else {
            rows = change(rows, [](const Row& row) { return Row{row[kId], row[kTime + 1]}; });
        }
        answer.sinks.push_back(cells_of(rows));
        return answer;
    };
    return query;
}

// Two INSERTs over one scan.
SimQuery set_query(const SimQueryLimits&, Random& random) {
    const Test test = random_test(random);
    const Windowing window = random_windowing(random);
    SimQuery query;
    query.name = "statement set";
    query.sinks = {"kept", "sums"};
    query.is_windowed = true;
    query.script =
        "CREATE TABLE kept (id BIGINT, s STRING) WITH ('connector' = 'blackhole');\n"
        "CREATE TABLE sums (window_start TIMESTAMP(3), window_end TIMESTAMP(3), k BIGINT, n "
        "BIGINT, total BIGINT) WITH ('connector' = 'blackhole');\n"
        "EXECUTE STATEMENT SET BEGIN\nINSERT INTO kept SELECT id, s FROM t0 WHERE " +
        test.sql +
        ";\nINSERT INTO sums SELECT window_start, window_end, k, COUNT(*), SUM(v) FROM " +
        window.of("t0") + " GROUP BY window_start, window_end, k;\nEND;";
    query.answer = [=](const SimInput& input) {
        SimAnswer answer;
        const OracleRows kept = keep(input.tables[0], test.test, answer.counts);
        answer.sinks.push_back(
            cells_of(change(kept, [](const Row& row) { return Row{row[kId], row[kText]}; })));
        answer.sinks.push_back(
            cells_of(aggregate(fired(input.tables[0], window.spec, input.final, answer.counts),
                               {kKey},
                               {count_rows(), sum_of(kNumber)})));
        return answer;
    };
    return query;
}

}  // namespace

SimQuery random_query(const SimQueryLimits& limits, Random& random) {
    using Make = SimQuery (*)(const SimQueryLimits&, Random&);
    constexpr Make kPool[] = {filter_query,
                              aggregate_query,
                              aggregate_query,
                              aggregate_query,
                              running_query,
                              counts_of_counts_query,
                              cascade_query,
                              join_query,
                              union_query,
                              words_query,
                              lookup_query,
                              set_query};
    SimQuery query = kPool[random.below(std::size(kPool))](limits, random);
    std::string tables;
    for (std::size_t table = 0; table < query.tables; ++table)
        tables += table_script(table, limits);
    query.script = tables + query.script;
    return query;
}

}  // namespace thalweg::test
