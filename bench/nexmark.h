#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// `thalweg bench nexmark`: the 24 queries of the Nexmark benchmark (bench/nexmark/*.sql) over the
// connector `nexmark`, each in a process of its own as `thalweg run` starts it, in an empty folder.

namespace thalweg::bench {

struct NexmarkOptions {
    std::string query;  // "q5"; empty: all.
    std::uint64_t events = 10'000'000;
    std::size_t cores = 1;  // Shards and ingest threads; 1 is one thread for everything.
};

// What was measured of one query, or why it did not run.
//
// Time     By the clock from when the query runs until its last row is out; of processors, all that
//          the process had, its start included. The making of events is part of both.
// Memory   The most that was resident, of the whole process.
struct NexmarkFigures {
    std::string query;
    std::string title;  // What it asks for: the first line of its file.
    std::uint64_t events = 0;
    std::uint64_t rows = 0;  // That came out; of changes, all of them.
    double events_per_s = 0;
    double events_per_core_s = 0;  // For each second that a processor worked.
    double cores = 0;              // Processors kept busy.
    std::uint64_t bytes_max = 0;
    std::string error;  // The first line of it; empty: it ran.
};

// "q0" to "q23".
[[nodiscard]] std::vector<std::string> nexmark_queries();

// Fails only where nothing can be measured: no such query, no file of it, no process.
[[nodiscard]] Result<NexmarkFigures> measure_nexmark(const NexmarkOptions& options,
                                                     const std::string& query);

[[nodiscard]] std::string nexmark_heading();
[[nodiscard]] std::string nexmark_line(const NexmarkFigures& figures);

// One JSON object and a line end: bench, query, title, events, rows, events_per_s,
// events_per_core_s, cores, bytes_max, error; null for the error of a query that ran.
[[nodiscard]] std::string nexmark_json(const NexmarkFigures& figures);

// What follows `name` in the last line of `thalweg run`, commas left out: "rows out 1,024" is 1024.
[[nodiscard]] Result<double> figure_of(std::string_view line, std::string_view name);

}  // namespace thalweg::bench
