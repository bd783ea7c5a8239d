#pragma once

#include "bench/check_sum.h"
#include "bench/input.h"
#include "engine/run/connectors.h"
#include "state/base/histogram.h"

#include <memory>

// The world of a query that is measured alone: its input lies in memory. Between that and the sink
// is everything that `thalweg run` has, from the decoder on.

namespace thalweg::bench {

struct MemoryWorld {
    Input& input;  // What comes in at the table of the connector `stdin`; others are real.

    // What stands in for the sinks; with neither it is what the tables say, as a user has it.
    //
    // Sums rows up, whose columns must be of 32 or 64 bits.
    CheckSum* sum = nullptr;
    // Counts, for each batch of rows that comes out, the nanoseconds since a piece of input was
    // handed to the decoder: the piece that made the batch come out, as long as one thread does
    // everything. What comes out only because the input ends is not counted.
    Histogram* latency = nullptr;
};

// A sink that sums rows up, whose columns must be of 32 or 64 bits. Borrows the sum.
[[nodiscard]] std::unique_ptr<Sink> make_check_sum_sink(CheckSum& sum);

// Borrows what is in the world.
[[nodiscard]] Connectors memory_connectors(const MemoryWorld& world);

}  // namespace thalweg::bench
