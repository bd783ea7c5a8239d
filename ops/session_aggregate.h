#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace thalweg {

// GROUP BY over sessions whose keys are those of the sessions: rows in, a row for each session out
// when it has ended. As make_session_window() and an aggregate of its windows would do, but that a
// session is the states of its aggregates, however many rows it has.
//
// Input    Insertions only.
// Output   Keys in order, aggregates in order, window_start, window_end, window_time; sessions in
//          the order of their ends.
// Late     As in ops/session_window.h.
// Calls    Those whose states are plain words (can_merge_sessions()): where a row makes two
//          sessions one, their states are merged.
// State    By session: its bounds, and partial states as AggregateLayout saves them.
// Frozen   A session is written before it changes.
struct SessionAggregateSpec {
    WindowSpec window;              // kSession; start_column is the time, size_ns the gap.
    std::vector<std::size_t> keys;  // Of the input.
    std::vector<Type> key_types;
    // Which of the keys, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> partition;
    std::vector<AggregateCall> calls;
    HashSeed seed = HashSeed::from(0);
};

[[nodiscard]] bool can_merge_sessions(const std::vector<AggregateCall>& calls);

[[nodiscard]] std::unique_ptr<Op> make_session_aggregate(const SessionAggregateSpec& spec);

}  // namespace thalweg
