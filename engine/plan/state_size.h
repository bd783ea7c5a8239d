#pragma once

#include "ops/window_aggregate.h"

#include <string>

namespace thalweg::plan {

// What a windowed GROUP BY remembers, for EXPLAIN: "24 bytes per key and slice (key 8, states 16),
// until its last window has fired".
[[nodiscard]] std::string state_size_text(const WindowAggregateSpec& spec);

}  // namespace thalweg::plan
