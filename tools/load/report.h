#pragma once

#include "tools/load/counters.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::load {

// One row of the latency table: "p99.9" and so many nanoseconds.
struct Percentile {
    std::string_view name;
    std::int64_t latency_ns = 0;
};

// What a load came to.
struct LoadSummary {
    Totals totals;
    std::int64_t elapsed_ns = 0;  // From the first due record to the last one sent.
    bool is_datagram = false;
    bool is_paced = false;
    bool was_stopped = false;
    bool has_results = false;
    std::uint64_t results = 0;
    std::uint64_t unreadable_results = 0;
    std::vector<Percentile> latencies;
    std::vector<std::string> problems;  // Of connections that broke, and the like.

    [[nodiscard]] double records_per_second() const noexcept;
    [[nodiscard]] double bytes_per_second() const noexcept;
};

// One line with what was sent, then the latency table if there were results.
[[nodiscard]] std::string to_text(const LoadSummary& summary);

// One JSON object, with a newline.
[[nodiscard]] std::string to_json(const LoadSummary& summary);

// The line that a terminal shows while a load runs, without newline.
[[nodiscard]] std::string progress_text(const Totals& totals, std::int64_t elapsed_ns);

}  // namespace thalweg::load
