#pragma once

#include "engine/plan/logical.h"

#include <vector>

// When a filter over OVER is a Top-N, and when OVER only gains rows.

namespace thalweg::plan {

// The Rank that `over` is, with those `predicates` that compare its number taken away; null where
// it has other calls than one ROW_NUMBER, RANK or DENSE_RANK, or no predicate bounds its number.
// By window where PARTITION BY has both of its bounds and rows only come: window Top-N.
[[nodiscard]] RelPtr rank_of(const Rel& rel,
                             const Over& over,
                             std::vector<thalweg::ExprPtr>& predicates);

// Whether the rows of an Over come in the order of its ORDER BY, time, ascending, and its results
// are not changed by later ones: then each row is given once. By which time: a column's role.
[[nodiscard]] bool is_by_time(const Over& over);

// Takes processing time out of the order of a Rank, which is that of arrival, and lets the newest
// of equal rows win where that is what keep-last means.
void settle_order(Rank& rank);

}  // namespace thalweg::plan
