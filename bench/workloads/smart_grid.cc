#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/time.h"

namespace thalweg::bench {

namespace {

constexpr std::int32_t kHousehold = 3;

constexpr std::string_view kColumns =
    "`value` FLOAT, property INT, plug INT, household INT, house INT, padding INT";

GridRow parse(TraceLine& line) {
    const auto small = [&] { return static_cast<std::int32_t>(line.integer()); };
    GridRow row{};
    row.ts = line.integer();
    row.value = line.real();
    row.property = small();
    row.plug = small();
    row.household = small();
    row.house = small();
    return row;
}

CheckSum averages(const Trace& trace, std::size_t rows, std::int64_t seconds) {
    const auto windows = windows_of<GridRow>(trace, rows, [](auto& all, const GridRow& row) {
        all.add(row.ts, {}, {1, {static_cast<double>(row.value)}});
    });
    CheckSum result;
    windows.for_each(seconds, [&](std::int64_t end, const auto&, const auto& totals) {
        result.add_row(end * kNanosPerSecond, average(totals));
    });
    return result;
}

template <class Filter>
CheckSum plugs(const Trace& trace, std::size_t rows, std::int64_t seconds, const Filter& filter) {
    const auto windows = windows_of<GridRow>(trace, rows, [&](auto& all, const GridRow& row) {
        if (!filter(row)) return;
        all.add(
            row.ts, {row.plug, row.household, row.house}, {1, {static_cast<double>(row.value)}});
    });
    CheckSum result;
    windows.for_each(seconds, [&](std::int64_t end, const auto& key, const auto& totals) {
        result.add_row(end * kNanosPerSecond, key[0], key[1], key[2], average(totals));
    });
    return result;
}

TraceQuery base(std::string bench, std::string_view seconds, const MeasureOptions& options) {
    TraceQuery query;
    query.bench = std::move(bench);
    query.variant = window_text(seconds, options);
    query.records = 4'000'000;
    query.check_records = 50'000;
    query.load = [folder = options.traces]() -> Result<std::shared_ptr<const Trace>> {
        TRY(const TraceFile file, TraceFile::open(folder, "smart_grid.txt"));
        return file.read<GridRow>(parse);
    };
    return query;
}

std::string plugs_sql(std::string_view window, std::string_view where) {
    return trace_table(kColumns) + blackhole("plug INT, household INT, house INT, average FLOAT") +
           "SELECT window_end, plug, household, house, AVG(`value`)\nFROM " +
           sliding_window(window) + "\n" + std::string(where) +
           "GROUP BY window_start, window_end, plug, household, house;\n";
}

}  // namespace

std::vector<QueryCase> smart_grid_queries(const MeasureOptions& options) {
    TraceQuery sg1 = base("sg1", "3,600", options);
    sg1.sql = trace_table(kColumns) + blackhole("average FLOAT") +
              "SELECT window_end, AVG(`value`)\nFROM " + sliding_window("'1' HOUR") +
              "\nGROUP BY window_start, window_end;\n";
    sg1.by_hand = by_hand::sg1;
    sg1.oracle = [](const Trace& trace, std::size_t rows) { return averages(trace, rows, 3'600); };
    TraceQuery sg2 = base("sg2", "128", options);
    sg2.records = 1'000'000;
    sg2.sql = plugs_sql("'2:08' MINUTE TO SECOND", "");
    sg2.by_hand = by_hand::sg2;
    sg2.oracle = [](const Trace& trace, std::size_t rows) {
        return plugs(trace, rows, 128, [](const GridRow&) { return true; });
    };
    TraceQuery sg3 = base("sg3", "3,600", options);
    sg3.sql = plugs_sql("'1' HOUR", "WHERE household = 3\n");
    sg3.by_hand = by_hand::sg3;
    sg3.oracle = [](const Trace& trace, std::size_t rows) {
        return plugs(
            trace, rows, 3'600, [](const GridRow& row) { return row.household == kHousehold; });
    };
    return {case_of(sg1, options), case_of(sg2, options), case_of(sg3, options)};
}

}  // namespace thalweg::bench
