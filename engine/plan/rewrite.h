#pragma once

#include "engine/plan/logical.h"

// Makes a relational tree cheaper without changing its rows: filters sink towards the sources,
// projections merge, a window function under its GROUP BY becomes slices, unused columns go.
//
// Rules, in order
//   push filters   a conjunct goes below every operator that does not make the columns it reads;
//                  joins for all time get their keys and their order (join_order.h)
//   fuse windows   Aggregate(Project(AssignWindow(x))) reads the row time and assigns slices
//                  or sessions itself, so that a row of a sliding window is not copied once for
//                  each window
//   extract fields  nested ROW access right above a scan becomes a column of the scan
//   prune columns  from the root down to the scans, and so into the decoders

namespace thalweg::plan {

[[nodiscard]] RelPtr optimize(const RelPtr& rel);

}  // namespace thalweg::plan
