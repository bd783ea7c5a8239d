#pragma once

#include "bench/check_sum.h"
#include "bench/sliding_oracle.h"
#include "bench/trace.h"
#include "bench/whole_query.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg::bench {

// A query over a trace that is looped, as a case.
struct TraceQuery {
    std::string bench;
    std::string variant;
    std::string sql;
    std::size_t records = 0;           // In a run.
    std::size_t check_records = 0;     // For the oracle: some rounds of the trace.
    std::size_t tiny_records = 2'500;  // For both: two rounds and a half of an excerpt.
    std::function<Result<std::shared_ptr<const Trace>>()> load;
    std::function<void(Input& input, by_hand::Results& results)> by_hand;
    // Of so many rows of the repeated trace.
    std::function<CheckSum(const Trace& trace, std::size_t rows)> oracle;
};

[[nodiscard]] QueryCase case_of(const TraceQuery& query, const MeasureOptions& options);

// The pieces of SQL that all these queries have: a table of `raw-struct` rows whose first column is
// `ts TIMESTAMP(0)`, a sink, and a sliding window over the table by a second.
[[nodiscard]] std::string trace_table(std::string_view columns);
[[nodiscard]] std::string blackhole(std::string_view columns);
[[nodiscard]] std::string sliding_window(std::string_view size);

// "60 s by 1 s", and what the figures are of when it is not the whole trace.
[[nodiscard]] std::string window_text(std::string_view seconds, const MeasureOptions& options);

// The windows of `seconds` over the rows of which `add` makes the groups.
template <class Row, class Add>
[[nodiscard]] oracle::SlidingWindows windows_of(const Trace& trace,
                                                std::size_t rows,
                                                const Add& add) {
    oracle::SlidingWindows windows;
    for (std::size_t i = 0; i < rows; ++i)
        add(windows, trace.row<Row>(i));
    return windows;
}

// As a FLOAT that an AVG gives.
[[nodiscard]] inline float average(const oracle::Totals& totals, std::size_t sum = 0) {
    return static_cast<float>(totals.sums[sum] / static_cast<double>(totals.count));
}

}  // namespace thalweg::bench
