#include "bench/workloads/record_case.h"

#include <memory>

namespace thalweg::bench {

std::string sink_sql(std::string_view columns) {
    return "CREATE TABLE results (" + std::string(columns) +
           ") WITH ('connector' = 'blackhole');\nINSERT INTO results\n";
}

std::string keys_text(std::size_t keys) {
    if (keys >= 1'000'000) return std::to_string(keys / 1'000'000) + " M keys";
    return keys >= 1'000 ? std::to_string(keys / 1'000) + " k keys"
                         : std::to_string(keys) + " keys";
}

QueryCase query_of(const RecordCase& of) {
    QueryCase query;
    query.bench = of.bench;
    query.variant = of.variant;
    query.sql = of.sql;
    query.records = of.stream.count;
    query.check_records = of.check_records == 0 ? of.stream.count : of.check_records;
    query.keys = of.stream.keys;
    query.has_changes = of.has_changes;
    query.bytes_max = of.bytes_per_key_max * of.stream.keys;
    query.make_input = [stream = of.stream,
                        format = of.format]() -> Result<std::unique_ptr<Input>> {
        return std::make_unique<RecordBytes>(stream, format);
    };
    query.by_hand = [by_hand = of.by_hand](Input& input, by_hand::Results& results) {
        by_hand(dynamic_cast<const RecordBytes&>(input), results);
    };
    StreamSpec checked = of.stream;
    checked.count = query.check_records;
    query.oracle = [oracle = of.oracle, checked]() -> Result<CheckSum> { return oracle(checked); };
    return query;
}

}  // namespace thalweg::bench
