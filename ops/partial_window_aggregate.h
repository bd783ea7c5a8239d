#pragma once

#include "ops/op.h"
#include "ops/window_aggregate.h"

#include <memory>

namespace thalweg {

// The first of two phases (AggregatePhase::kPartial), as WindowAggregateSpec says: rows in, partial
// states out. Judges no lateness: the final phase does, whose watermark counts. Nothing of it
// survives the process: flush() empties it.
[[nodiscard]] std::unique_ptr<Op> make_partial_window_aggregate(const WindowAggregateSpec& spec);

}  // namespace thalweg
