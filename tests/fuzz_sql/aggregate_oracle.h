#pragma once

#include "tests/fuzz_sql/relation.h"

// Aggregates of the oracle.

namespace thalweg::fuzz {

[[nodiscard]] Value aggregate(const Aggregate& aggregate, const Rows& rows);

}  // namespace thalweg::fuzz
