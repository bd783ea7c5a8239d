#pragma once

#include "engine/plan/logical.h"

#include <vector>

// When a filter over OVER is a Top-N.

namespace thalweg::plan {

// The Rank that `over` is, with those `predicates` that compare its number taken away; null where
// it has other calls than one ROW_NUMBER, RANK or DENSE_RANK, or no predicate bounds its number.
// By window where PARTITION BY has both of its bounds and rows only come: window Top-N.
[[nodiscard]] RelPtr rank_of(const Rel& rel,
                             const Over& over,
                             std::vector<thalweg::ExprPtr>& predicates);

// Takes processing time out of the order of a Rank, which is that of arrival, and lets the newest
// of equal rows win where that is what keep-last means.
void settle_order(Rank& rank);

}  // namespace thalweg::plan
