#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/time.h"

namespace thalweg::bench {

namespace {

constexpr std::int32_t kFeetPerMile = 5'280;

constexpr std::string_view kColumns =
    "vehicle INT, speed FLOAT, highway INT, lane INT, direction INT, `position` INT";

RoadRow parse(TraceLine& line) {
    const auto small = [&] { return static_cast<std::int32_t>(line.integer()); };
    RoadRow row{};
    row.ts = line.integer();
    row.vehicle = small();
    row.speed = line.real();
    row.highway = small();
    row.lane = small();
    row.direction = small();
    row.position = small();
    return row;
}

CheckSum slow_places(const Trace& trace, std::size_t rows) {
    const auto windows = windows_of<RoadRow>(trace, rows, [](auto& all, const RoadRow& row) {
        all.add(row.ts,
                {row.highway, row.direction, row.position / kFeetPerMile},
                {1, {static_cast<double>(row.speed)}});
    });
    CheckSum result;
    windows.for_each(300, [&](std::int64_t end, const auto& key, const auto& totals) {
        const float speed = average(totals);
        if (speed < 40) result.add_row(end * kNanosPerSecond, key[0], key[1], key[2], speed);
    });
    return result;
}

CheckSum vehicles(const Trace& trace, std::size_t rows) {
    const auto windows = windows_of<RoadRow>(trace, rows, [](auto& all, const RoadRow& row) {
        all.add(row.ts,
                {row.vehicle, row.highway, row.direction, row.position / kFeetPerMile},
                {1, {}});
    });
    CheckSum result;
    windows.for_each(30, [&](std::int64_t end, const auto& key, const auto& totals) {
        result.add_row(end * kNanosPerSecond, key[0], key[1], key[2], key[3], totals.count);
    });
    return result;
}

TraceQuery base(std::string bench, std::string_view seconds, const MeasureOptions& options) {
    TraceQuery query;
    query.bench = std::move(bench);
    query.variant = window_text(seconds, options);
    query.check_records = 33'000;
    query.load = [folder = options.traces]() -> Result<std::shared_ptr<const Trace>> {
        TRY(const TraceFile file, TraceFile::open(folder, "linear_road.txt"));
        return file.read<RoadRow>(parse);
    };
    return query;
}

}  // namespace

std::vector<QueryCase> linear_road_queries(const MeasureOptions& options) {
    TraceQuery lrb1 = base("lrb1", "300", options);
    lrb1.records = 1'000'000;
    lrb1.sql = trace_table(kColumns) +
               blackhole("highway INT, direction INT, mile INT, speed FLOAT") +
               "SELECT window_end, highway, direction, `position` / 5280, AVG(speed)\nFROM " +
               sliding_window("'5' MINUTE") +
               "\nGROUP BY window_start, window_end, highway, direction, `position` / 5280\n"
               "HAVING AVG(speed) < 40;\n";
    lrb1.by_hand = by_hand::lrb1;
    lrb1.oracle = slow_places;
    TraceQuery lrb2 = base("lrb2", "30", options);
    lrb2.records = 500'000;
    lrb2.sql = trace_table(kColumns) +
               blackhole("vehicle INT, highway INT, direction INT, mile INT, n BIGINT") +
               "SELECT window_end, vehicle, highway, direction, `position` / 5280, COUNT(*)\n"
               "FROM " +
               sliding_window("'30' SECOND") +
               "\nGROUP BY window_start, window_end, vehicle, highway, direction,"
               " `position` / 5280;\n";
    lrb2.by_hand = by_hand::lrb2;
    lrb2.oracle = vehicles;
    return {case_of(lrb1, options), case_of(lrb2, options)};
}

}  // namespace thalweg::bench
