#pragma once

#include "engine/plan/logical.h"

namespace thalweg::plan {

// The same rows with the same columns at the root, and below it only the columns that something
// reads. What a scan does not yield, its decoder does not decode.
[[nodiscard]] RelPtr prune(const RelPtr& rel);

}  // namespace thalweg::plan
