#pragma once

#include "bench/record_stream.h"
#include "bench/whole_query.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

// What the families over made records have in common: their table, and a case made of a stream.

namespace thalweg::bench {

// The table `records` of raw structs; its connector is stood in for by memory. A watermark lies a
// millisecond behind the latest time.
inline constexpr std::string_view kRecordsTable =
    "CREATE TABLE records (ts TIMESTAMP(3), key BIGINT, `value` BIGINT, extra BIGINT,\n"
    "    WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND) WITH ('connector' = 'stdin', 'format' = "
    "'raw-struct');\n";

// The table `results` of these columns, and the beginning of a statement that fills it.
[[nodiscard]] std::string sink_sql(std::string_view columns);

// "10 k keys"
[[nodiscard]] std::string keys_text(std::size_t keys);

struct RecordCase {
    std::string bench;
    std::string variant;
    std::string sql;
    StreamSpec stream;
    std::size_t check_records = 0;  // 0: all.
    bool has_changes = false;       // As in QueryCase.
    WireFormat format = WireFormat::kRawStruct;
    std::function<void(const RecordBytes& bytes, by_hand::Results& results)> by_hand;
    std::function<CheckSum(const StreamSpec& stream)> oracle;
    std::size_t bytes_per_key_max = 0;
};

[[nodiscard]] QueryCase query_of(const RecordCase& of);

}  // namespace thalweg::bench
