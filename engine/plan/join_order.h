#pragma once

#include "engine/plan/logical.h"

#include <functional>
#include <vector>

// Joins for all time: what of a condition is a key, what goes below, and who joins whom first.
//
// Inner joins that stand on one another are taken as one: a list of inputs and one of conditions,
// those of WHERE included. Conditions on one input go into it. Then, from the first input on, the
// next one is the first that an equality ties to those before, or just the first: as they were
// written, but for a product of inputs that have nothing to do with each other where there is a way
// around it. Equalities between an input and those before it are keys, what else can be asked there
// is asked of pairs.
//
// An outer, semi, anti, interval or temporal join stays where it is: equalities of its ON are keys,
// and conditions on the side whose rows do not stay by themselves go into that side.
//
// What may fail does not overtake what may have been meant to guard it, but for equalities that
// become keys: v <> 0 AND 10 / v > 1 is asked in this order, last of all.

namespace thalweg::plan {

using PushFilters = std::function<RelPtr(const RelPtr&, std::vector<ExprPtr>)>;

// The StreamJoin `rel` under `predicates`; `push` does the same for any relation.
[[nodiscard]] RelPtr plan_stream_join(const RelPtr& rel,
                                      std::vector<ExprPtr> predicates,
                                      const PushFilters& push);

}  // namespace thalweg::plan
