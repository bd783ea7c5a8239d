#pragma once

#include "ops/op.h"
#include "ops/rank.h"

#include <memory>

namespace thalweg {

// The rows that rank from `first` to `last` in their partition, for all time: Top-N, keep-first and
// keep-last, LIMIT. Rows or changes in, changes out.
//
// Input    Insertions; changes where the spec says so. -U is a deletion, +U an insertion; a
//          deletion takes away the first in order of the rows that are equal to it (the earliest,
//          or with newest_first the latest: only their arrival tells them apart), and is ignored
//          where there is none.
// Output   For each batch of input, of each partition that it touched what is other than before:
//          rows that are no longer asked for, or have another number, then rows that are new or
//          have a new number. As updates where the number is given or there is one row a partition,
//          else as deletions and insertions. All that is before comes before all that is after.
//          Without the number a row that only changes its rank is not told.
// TTL      With one (ops/state_ttl.h) a partition is forgotten as a whole when for so long no row
// of
//          it came or went that may be asked for, and nothing is said of it: the next row is its
//          first one. A row that is not kept, since too many are before it, does not count.
// State    RankPartitions. Without a TTL for ever; of changing input all rows, else only those that
//          rank up to `last`.
[[nodiscard]] std::unique_ptr<Op> make_top_n(const RankSpec& spec);

}  // namespace thalweg
