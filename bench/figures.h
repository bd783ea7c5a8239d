#pragma once

#include "state/base/histogram.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace thalweg::bench {

// How long results took, where a bench says what that means: each names its two ends in its header.
struct Latency {
    std::int64_t p50_ns = 0;
    std::int64_t p90_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;

    // None of an empty histogram.
    [[nodiscard]] static std::optional<Latency> of(const Histogram& histogram);
};

// What keeping state cost beside time: the rival is then the query that keeps none.
struct EpochFigures {
    double written_bytes_per_s = 0;
    std::int64_t pause_ns_max = 0;  // The longest between two pieces of input; 0: not known.
    std::int64_t pause_ns_max_of_rival = 0;  // The same without epochs: windows fire there, too.
};

// What was measured of one variant of a bench, and its two printed forms. Times are processor time,
// user and system, of all threads that did the work: on a busy machine they say what a quiet one
// would. One that is nanoseconds a record for one thread is the time of that thread.
struct Figures {
    std::string bench;         // "aggregate"
    std::string variant;       // "10 k keys"
    double records_per_s = 0;  // By the clock on the wall.
    double ns_per_record = 0;  // Of processors.
    double bytes_per_record = 0;
    double cores = 0;             // Processors kept busy.
    std::uint64_t bytes_max = 0;  // How much the process grew while the query ran first.
    std::size_t keys = 0;         // In the input; 0: it is not about them. Not printed.
    std::optional<double> by_hand_ns_per_record;  // Of processors; none: there is no rival.
    // By the clock, where both wait for the same sender and that is what counts.
    std::optional<double> by_hand_records_per_s;
    std::optional<Latency> latency;  // None: it means nothing here.
    std::optional<double> growth;  // Of records_per_s over that of one processor; none: it is one.
    std::optional<EpochFigures> epochs;  // None: nothing was kept.

    // 1 is as fast as by hand, less is better.
    [[nodiscard]] std::optional<double> ratio() const;

    [[nodiscard]] double gb_per_s() const { return records_per_s * bytes_per_record / 1e9; }
};

// The heading of the table and one line of it; "-" for what there is none of.
[[nodiscard]] std::string table_heading();
[[nodiscard]] std::string table_line(const Figures& figures);

// One JSON object and a line end: bench, variant, records_per_s, ns_per_record,
// by_hand_ns_per_record, by_hand_records_per_s, ratio, gb_per_s, cores, bytes_max, growth, p50_ns,
// p90_ns, p99_ns, p999_ns, written_bytes_per_s, pause_ns_max, pause_ns_max_of_rival; null for what
// there is none of.
[[nodiscard]] std::string json_line(const Figures& figures);

}  // namespace thalweg::bench
