#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/time.h"

namespace thalweg::bench {

namespace {

constexpr std::int64_t kSeconds = 60;

constexpr std::string_view kColumns =
    "s0 INT, s1 INT, s2 INT, s3 INT, s4 INT, s5 INT, s6 INT, s7 INT, s8 INT, s9 INT, s10 INT,\n"
    "    s11 INT, s12 INT, s13 INT";

PlantRow parse(TraceLine& line) {
    PlantRow row{};
    row.ts = line.time();
    static_cast<void>(line.integer());  // The message's number.
    for (std::int32_t& sensor : row.sensors)
        sensor = static_cast<std::int32_t>(line.integer());
    return row;
}

// Sums of integers in doubles, which hold them exactly.
CheckSum averages(const Trace& trace, std::size_t rows) {
    const auto windows = windows_of<PlantRow>(trace, rows, [](auto& all, const PlantRow& row) {
        const auto sensor = [&](std::size_t i) { return static_cast<double>(row.sensors[i]); };
        all.add(row.ts, {}, {1, {sensor(0), sensor(1), sensor(2)}});
    });
    CheckSum result;
    windows.for_each(kSeconds, [&](std::int64_t end, const auto&, const auto& totals) {
        const auto whole = [&](std::size_t i) {
            return static_cast<std::int64_t>(totals.sums[i]) / totals.count;
        };
        result.add_row(end * kNanosPerSecond, whole(0), whole(1), whole(2));
    });
    return result;
}

}  // namespace

std::vector<QueryCase> manufacturing_queries(const MeasureOptions& options) {
    TraceQuery me1;
    me1.bench = "me1";
    me1.variant = window_text("60", options);
    me1.records = 4'000'000;
    me1.check_records = 40'000;
    me1.load = [folder = options.traces]() -> Result<std::shared_ptr<const Trace>> {
        TRY(const TraceFile file, TraceFile::open(folder, "manufacturing_debs2012.txt"));
        return file.read<PlantRow>(parse);
    };
    me1.sql = trace_table(kColumns) + blackhole("a0 INT, a1 INT, a2 INT") +
              "SELECT window_end, AVG(s0), AVG(s1), AVG(s2)\nFROM " +
              sliding_window("'60' SECOND") + "\nGROUP BY window_start, window_end;\n";
    me1.by_hand = by_hand::me1;
    me1.oracle = averages;
    return {case_of(me1, options)};
}

}  // namespace thalweg::bench
