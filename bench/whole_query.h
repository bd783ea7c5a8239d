#pragma once

#include "bench/check_sum.h"
#include "bench/record_stream.h"
#include "bench/workload.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace thalweg::bench {

// A query as it is measured: its SQL, its input, its rival and its oracle.
struct QueryCase {
    std::string bench;    // "aggregate"
    std::string variant;  // "10,000 keys"
    std::string sql;
    StreamSpec stream;
    WireFormat format = WireFormat::kRawStruct;
    std::function<CheckSum(const RecordBytes& bytes)> by_hand;
    std::function<CheckSum(const StreamSpec& stream)> oracle;
    std::size_t bytes_per_key_max = 0;  // More memory than this is a failure; 0: as it may.
};

// All of them. Tiny ones take milliseconds: for tests, which ask only whether results are right.
[[nodiscard]] std::vector<QueryCase> query_cases(bool is_tiny);

// Plans the query and runs it as `thalweg run` does on one thread, from bytes in memory; every run
// of either side must give the oracle's result, and the balance must hold. Fails where it does not.
[[nodiscard]] Result<Figures> measure(const QueryCase& query, const MeasureOptions& options);

// The cases as workloads.
[[nodiscard]] std::vector<Workload> query_workloads(const MeasureOptions& options);

}  // namespace thalweg::bench
