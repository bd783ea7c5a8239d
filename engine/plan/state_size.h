#pragma once

#include "ops/window_aggregate.h"

#include <string>

namespace thalweg::plan {

// What a windowed GROUP BY remembers until a slice's last window fires, for EXPLAIN: "about 24
// bytes per key and slice (key 8, states 16)". Without the index of the table.
[[nodiscard]] std::string state_size_text(const WindowAggregateSpec& spec);

}  // namespace thalweg::plan
