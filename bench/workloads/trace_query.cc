#include "bench/workloads/trace_query.h"

#include "bench/looped_rows.h"

namespace thalweg::bench {

QueryCase case_of(const TraceQuery& of, const MeasureOptions& options) {
    QueryCase query;
    query.bench = of.bench;
    query.variant = of.variant;
    query.sql = of.sql;
    query.records = options.is_tiny ? of.tiny_records : of.records;
    query.check_records = options.is_tiny ? of.tiny_records : of.check_records;
    query.make_input = [load = of.load]() -> Result<std::unique_ptr<Input>> {
        TRY(std::shared_ptr<const Trace> trace, load());
        return std::make_unique<LoopedRows>(std::move(trace));
    };
    query.by_hand = of.by_hand;
    query.oracle =
        [load = of.load, oracle = of.oracle, rows = query.check_records]() -> Result<CheckSum> {
        TRY(const std::shared_ptr<const Trace> trace, load());
        return oracle(*trace, rows);
    };
    return query;
}

std::string trace_table(std::string_view columns) {
    return "CREATE TABLE records (ts TIMESTAMP(0), " + std::string(columns) +
           ",\n    WATERMARK FOR ts AS ts) WITH ('connector' = 'stdin', 'format' = "
           "'raw-struct');\n";
}

std::string blackhole(std::string_view columns) {
    return "CREATE TABLE results (window_end TIMESTAMP(3), " + std::string(columns) +
           ") WITH ('connector' = 'blackhole');\nINSERT INTO results\n";
}

std::string sliding_window(std::string_view size) {
    return "TABLE(HOP(TABLE records, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL " +
           std::string(size) + "))";
}

std::string window_text(std::string_view seconds, const MeasureOptions& options) {
    return std::string(seconds) + " s by 1 s" + (options.traces.empty() ? ", excerpt" : "");
}

}  // namespace thalweg::bench
