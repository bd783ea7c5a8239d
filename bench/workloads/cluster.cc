#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/time.h"

namespace thalweg::bench {

namespace {

constexpr std::int64_t kSeconds = 60;

constexpr std::string_view kColumns =
    "job_id BIGINT, task_id BIGINT, machine_id BIGINT, event_type INT, user_id INT,\n"
    "    category INT, priority INT, cpu FLOAT, ram FLOAT, disk FLOAT, constraints INT";

ClusterRow parse(TraceLine& line) {
    const auto small = [&] { return static_cast<std::int32_t>(line.integer()); };
    ClusterRow row{};
    row.ts = line.integer();
    row.job_id = line.integer();
    row.task_id = line.integer();
    row.machine_id = line.integer();
    row.event_type = small();
    row.user_id = small();
    row.category = small();
    row.priority = small();
    row.cpu = line.real();
    row.ram = line.real();
    row.disk = line.real();
    row.constraints = small();
    return row;
}

template <class Key>
CheckSum sums(const Trace& trace, std::size_t rows, const Key& key_of) {
    const auto windows = windows_of<ClusterRow>(trace, rows, [&](auto& all, const ClusterRow& row) {
        const std::int64_t key = key_of(row);
        if (key >= 0) all.add(row.ts, {key}, {1, {static_cast<double>(row.cpu)}});
    });
    CheckSum result;
    windows.for_each(kSeconds, [&](std::int64_t end, const auto& key, const auto& totals) {
        result.add_row(end * kNanosPerSecond, key[0], static_cast<float>(totals.sums[0]));
    });
    return result;
}

TraceQuery base(std::string bench, const MeasureOptions& options) {
    TraceQuery query;
    query.bench = std::move(bench);
    query.variant = window_text("60", options);
    query.records = 4'000'000;
    query.check_records = 40'000;
    query.load = [folder = options.traces]() -> Result<std::shared_ptr<const Trace>> {
        TRY(const TraceFile file, TraceFile::open(folder, "google_cluster.txt"));
        return file.read<ClusterRow>(parse);
    };
    return query;
}

}  // namespace

std::vector<QueryCase> cluster_queries(const MeasureOptions& options) {
    const std::string window = sliding_window("'60' SECOND");
    TraceQuery cm1 = base("cm1", options);
    cm1.sql = trace_table(kColumns) + blackhole("category INT, total FLOAT") +
              "SELECT window_end, category, SUM(cpu)\nFROM " + window +
              "\nGROUP BY window_start, window_end, category;\n";
    cm1.by_hand = by_hand::cm1;
    cm1.oracle = [](const Trace& trace, std::size_t rows) {
        return sums(trace, rows, [](const ClusterRow& row) { return row.category; });
    };
    TraceQuery cm2 = base("cm2", options);
    cm2.sql = trace_table(kColumns) + blackhole("job_id BIGINT, total FLOAT") +
              "SELECT window_end, job_id, SUM(cpu)\nFROM " + window +
              "\nWHERE event_type = 3\nGROUP BY window_start, window_end, job_id;\n";
    cm2.by_hand = by_hand::cm2;
    cm2.oracle = [](const Trace& trace, std::size_t rows) {
        return sums(trace, rows, [](const ClusterRow& row) {
            return row.event_type == 3 ? row.job_id : -1;
        });
    };
    return {case_of(cm1, options), case_of(cm2, options)};
}

}  // namespace thalweg::bench
