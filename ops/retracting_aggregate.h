#pragma once

#include "ops/group_aggregate.h"

#include <memory>

namespace thalweg {

// GROUP BY without a window over rows that change: changes in, changes out
// (GroupAggregateSpec::takes_changes).
//
// Input    Any row kinds: -U is a deletion, +U an insertion, and pairs need not be adjacent.
// Output   As make_group_aggregate()'s; and a deletion of a group whose last row has gone. Folded,
//          that is the aggregate over the rows that are there. Without calls (DISTINCT, UNION) a
//          group is inserted with its first row and deleted with its last. Without keys the group
//          stays from its first row on: once its last one has gone, it is the result over no rows.
// Orphans  A deletion for a group that has no rows is ignored. One for a group that has others is
//          taken for one of a row that was there: changes are their sender's word.
// TTL      As make_group_aggregate()'s. A deletion of a row of a group that is forgotten is one for
//          a group that has no rows. Without keys the group is forgotten like any other, result and
//          all.
// State    Groups that have rows, each with how many, and what ops/aggregate/retraction.h keeps:
//          a group that goes leaves nothing behind. Its entry is erased after the batch, or once
//          nothing is frozen any more.
// Frozen   A group is written with all its values before it changes, so that a batch may write as
//          much as the groups that it has rows of hold.
[[nodiscard]] std::unique_ptr<Op> make_retracting_aggregate(const GroupAggregateSpec& spec);

}  // namespace thalweg
