#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// Two-phase aggregation splits one GROUP BY in two operators with the exchange between them: the
// first shrinks rows to partial states ahead of the ring, the second merges them.
enum class AggregatePhase : std::uint8_t {
    kSingle,   // Rows in, results out.
    kPartial,  // Rows in, partial states out: on flush(), when its small table is full, and in
               // advance() before a watermark passes on that closes one of their windows.
    kFinal,    // Partial states in, results out.
};

// GROUP BY window and keys.
//
// Input    kSingle, kPartial: columns as the spec's indexes say. kFinal: at port 0 the columns that
//          kPartial emits, at port 1 rows as kPartial gets them.
// Output   kSingle, kFinal: keys in order, aggregates in order, window_start, window_end,
//          window_time (TIMESTAMP(3) each; window_time TIMESTAMP_LTZ(3) when the window has a
//          zone). kPartial: see partial_schema().
// Order    Windows fire in the order of their ends; rows of a window in no particular order.
// Late     A row whose windows have all fired is counted in counters.late_rows and dropped. One
//          that is late for some windows only counts in the others. A NULL time is counted and
//          dropped.
// Keyless  With no keys a window that saw no row gives no row, as Flink.
// State    kSingle and kFinal have the same tables, so that a restart may have the other: groups,
//          with their keys in front, by slice; values that DISTINCT has seen; how far an instance
//          was. kPartial has none: flush() empties it.
//          Processing time: instances look at the clock one after the other. A HOP or CUMULATE
//          window that one of them had fired at the barrier and another had not is taken as fired
//          by both after a restart.
struct WindowAggregateSpec {
    WindowSpec window;
    AggregatePhase phase = AggregatePhase::kSingle;
    std::vector<std::size_t> keys;
    std::vector<Type> key_types;
    // Which of the keys, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> partition;
    std::vector<AggregateCall> calls;
    HashSeed seed = HashSeed::from(0);
    // kPartial: rows whose keys hardly repeat go aside as they came (Emitter::emit_aside), to port
    // 1 of kFinal. Whether they do is tried again and again; either way is right at any time.
    bool passes_rows = false;
    // kPartial: groups kept before all go; at most 15 batches of them. Debug builds meet the limit.
#ifdef NDEBUG
    std::size_t local_groups_max = 15 * kBatchRows;  // They fit a second-level cache, mostly.
#else
    std::size_t local_groups_max = 20;
#endif
};

// Whether the calls can be split in two phases. DISTINCT cannot, and neither FIRST_VALUE nor
// LAST_VALUE: the order of arrival ends at the exchange.
[[nodiscard]] bool can_split(const std::vector<AggregateCall>& calls);

// The columns between the phases: keys, then the partial states, then slice_end (or window_start
// and window_end when attached) and the count of rows behind each partial row, for the late
// counter.
[[nodiscard]] SchemaPtr partial_schema(const WindowAggregateSpec& spec);

// What kSingle and kFinal emit.
[[nodiscard]] SchemaPtr result_schema(const WindowAggregateSpec& spec);

// Where kSingle and kFinal find the keys of a row, and its slice.
[[nodiscard]] std::vector<std::size_t> input_keys(const WindowAggregateSpec& spec);
[[nodiscard]] WindowSpec input_window(const WindowAggregateSpec& spec);

// Where its tables (Op::state_tables()) have the keys by which the exchange in front of it hashes:
// the keys of a row come first in each of them.
[[nodiscard]] std::vector<std::size_t> route_keys(const WindowAggregateSpec& spec);

[[nodiscard]] std::unique_ptr<Op> make_window_aggregate(const WindowAggregateSpec& spec);

}  // namespace thalweg
