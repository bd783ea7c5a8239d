#pragma once

#include "ops/op.h"
#include "ops/window_aggregate.h"

#include <memory>

namespace thalweg {

// GROUP BY over HOP and CUMULATE windows, as WindowAggregateSpec says, one phase or the second of
// two. An operator for windows that overlap: what a row costs does not grow with the number of
// windows it is in, nor what a window costs with the groups in it that have not changed.
//
// Shape
//   rows -> RowSlicer -> SlidingGroups (key to id, once a batch)
//        -> SlidingSums (id and slice to a state, updated once a batch; window to window)
//        -> SlidingRows (states to result columns, where they have changed) -> views of them
//
// State     Slices with an entry for each group that has rows in them, and sums that late rows were
//           added to (SlidingSums); saved as rows with their keys (SlidingTables). Groups, links,
//           most back sums, result rows and which windows have fired follow from these and the
//           watermark. While frozen group ids stay what they are: those of groups that have gone
//           are used again later.
// Emission  Windows of few rows are copied together until they make a batch; rows of a larger one
//           are shown where they lie.
[[nodiscard]] std::unique_ptr<Op> make_sliding_aggregate(const WindowAggregateSpec& spec);

// Whether the operator above can do it: HOP or CUMULATE, no first phase, and no aggregate whose
// state is more than a few words (DISTINCT, and MIN, MAX, FIRST_VALUE and LAST_VALUE of strings).
[[nodiscard]] bool can_slide(const WindowAggregateSpec& spec);

}  // namespace thalweg
