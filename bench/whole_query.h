#pragma once

#include "bench/check_sum.h"
#include "bench/record_stream.h"
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

struct MeasureOptions {
    double seconds = 1;    // Of processor time in a run, at least; whole passes over the input.
    std::size_t runs = 5;  // Of each side, in turn; figures are medians.
    bool is_tiny = false;  // One pass, no demands on memory.
};

// Times are processor time, user and system, of all threads: on a busy machine they say what a
// quiet one would. One that is nanoseconds a record for one thread is the time of that thread.
struct Figures {
    std::string bench;
    std::string variant;
    double records_per_s = 0;          // By the clock on the wall.
    double ns_per_record = 0;          // Of processors.
    double by_hand_ns_per_record = 0;  // Likewise.
    double bytes_per_record = 0;
    double cores = 0;             // Processors kept busy.
    std::uint64_t bytes_max = 0;  // The growth of the process while the query ran first.

    [[nodiscard]] double ratio() const { return ns_per_record / by_hand_ns_per_record; }
};

// Plans the query and runs it as `thalweg run` does on one thread, from bytes in memory; every run
// of either side must give the oracle's result, and the balance must hold. Fails where it does not.
[[nodiscard]] Result<Figures> measure(const QueryCase& query, const MeasureOptions& options);

// The heading of the table and one line of it, and the same as an object of JSON.
[[nodiscard]] std::string table_heading();
[[nodiscard]] std::string table_line(const Figures& figures);
[[nodiscard]] std::string json_line(const Figures& figures);

}  // namespace thalweg::bench
