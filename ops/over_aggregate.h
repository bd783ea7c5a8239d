#pragma once

#include "ops/op.h"
#include "ops/over.h"

#include <memory>

namespace thalweg {

// OVER in the order of time over rows that are only gained: each row once, with its results.
//
// Event time       Rows wait until the watermark has passed them; then those of a partition come
//                  out in their order, partition by partition. A row that comes at or before the
//                  watermark is dropped and counted as late, one without a time likewise apart.
// Processing time  Rows come out at once, in the order of their arrival; no two are equal.
// Calls            Aggregates of frames that end at the current row, ROW_NUMBER, RANK, DENSE_RANK
//                  and LAG: what comes later does not change them.
// State            Rows that wait, and as many of those that have come out as frames and LAG reach
//                  back; of each partition, for ever, how many rows there were and the aggregates
//                  of frames that begin with it.
[[nodiscard]] std::unique_ptr<Op> make_over_aggregate(const OverSpec& spec);

// OVER in any order, over rows that may be taken back: the changes of each row's results.
//
// Output   For each batch of input and each partition it has rows of: rows that went or have other
//          results as they were, then rows that are new or have other results. All that is before
//          comes before all that is after. A deletion of a row that is not there is ignored.
// State    All rows with their results, for ever. A batch costs all rows of the partitions it
//          touches.
[[nodiscard]] std::unique_ptr<Op> make_over_changes(const OverSpec& spec);

}  // namespace thalweg
