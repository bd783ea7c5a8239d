#pragma once

#include "ops/op.h"
#include "ops/window.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace thalweg {

// TABLE(SESSION(TABLE t PARTITION BY .., DESCRIPTOR(ts), gap)): rows in, the same rows out when
// their session has ended, with window_start, window_end and window_time behind their columns.
//
// Input    Insertions only.
// Output   Sessions in the order of their ends, the rows of each in the order in which they came.
// Sessions Of rows with equal keys, NULLs being equal: each row opens [time, time + gap), and
//          sessions that overlap or, in event time, touch are one. So a row may join two sessions.
// Late     A row is dropped and counted if its session, after merging with open ones, has ended by
//          the watermark. Rows with a NULL time are dropped and counted. In processing time nothing
//          is late.
// State    All columns of the rows of open sessions, in bytes (ops/row_codec.h).
// Frozen   Sessions that become one, and those that close, are written first.
struct SessionWindowSpec {
    SchemaPtr schema;               // Of the input.
    WindowSpec window;              // kSession; start_column is the time, size_ns the gap.
    std::vector<std::size_t> keys;  // PARTITION BY; none: one session for all.
    // Those of them that the exchange in front hashes; empty: all.
    std::vector<std::size_t> partition;
    HashSeed seed = HashSeed::from(0);
};

[[nodiscard]] std::unique_ptr<Op> make_session_window(const SessionWindowSpec& spec);

}  // namespace thalweg
