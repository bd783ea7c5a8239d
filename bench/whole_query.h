#pragma once

#include "bench/by_hand/results.h"
#include "bench/check_sum.h"
#include "bench/input.h"
#include "bench/workload.h"
#include "state/base/status.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace thalweg::bench {

// A query as it is measured: its SQL, its input, its rival and its oracle.
struct QueryCase {
    std::string bench;              // "aggregate"
    std::string variant;            // "10 k keys"
    std::string sql;                // Its table of the connector `stdin` stands for the input.
    std::size_t records = 0;        // In a run.
    std::size_t check_records = 0;  // Of these, in the run that the oracle checks.
    std::function<Result<std::unique_ptr<Input>>()> make_input;
    std::function<void(Input& input, by_hand::Results& results)> by_hand;
    std::function<Result<CheckSum>()> oracle;  // The result of the first check_records.
    std::size_t bytes_max = 0;                 // More memory than this is a failure; 0: as it may.
    std::size_t keys = 0;                      // As in Figures.
    // Results are compared by the rows that the changes leave. How many changes there are depends
    // on how many rows each side looks at before it says what is other than before, and is compared
    // for either side alone.
    bool has_changes = false;
    // As on the command line of `thalweg run`; one of each is one thread for everything.
    std::size_t shards = 1;
    std::size_t ingest_threads = 1;
};

// Plans the query and runs it as `thalweg run` does, from bytes in memory.
//
// Right   Before anything is timed, the result of either side must be the oracle's, row by row in a
//         check sum. While timing, the engine's sink is its `blackhole`, the rival's rows are
//         written and forgotten, and the two must have given as many. The balance must hold in
//         every run. Fails where something does not.
// Timed   Runs of either side in turn, the input put back to its beginning between them.
// Latency Of every batch of rows that reaches the sink, in a run of its own: from when the last
//         piece of input that it needed, at most 1,024 rows or 256 KiB, was handed to the decoder.
//         So it is what a row waits for its result once the record behind its window is in memory,
//         at full load. Of one thread only.
// Memory  What the process grows by in the first run.
[[nodiscard]] Result<Figures> measure(const QueryCase& query, const MeasureOptions& options);

[[nodiscard]] Workload workload_of(QueryCase query);

// The query on `cores` processors, as `thalweg run --ingest-threads cores --shards cores` runs
// there, beside the query on one processor, in turn. The figures are those of `cores`, and how
// much more it does by the clock is their growth. Results are compared as measure() does. Fails
// where the process may not use so many processors.
[[nodiscard]] std::string growth_variant(const QueryCase& query, std::size_t cores);
[[nodiscard]] Result<Figures> measure_growth(const QueryCase& query,
                                             std::size_t cores,
                                             const MeasureOptions& options);

// The query with epochs each second beside the same one that keeps nothing, in turn, in runs that
// last three seconds and more by the clock: its records come round again and again, later each
// time. The rival of these figures is the query without; a latency and the pauses are those with
// epochs. The result with epochs must be the oracle's. Of one thread, and the one that writes
// snapshots.
[[nodiscard]] std::string epoch_variant(const QueryCase& query);
[[nodiscard]] Result<Figures> measure_epochs(const QueryCase& query, const MeasureOptions& options);

}  // namespace thalweg::bench
