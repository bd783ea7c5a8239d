#pragma once

#include "engine/plan/logical.h"
#include "engine/run/topology.h"
#include "ops/lookup_join.h"
#include "state/base/hash.h"
#include "state/text/time_zone.h"

#include <string>
#include <vector>

namespace thalweg::plan {

// A lookup join as the runtime has it: the file and what becomes of its rows before they are kept,
// and the operator that asks for them.
struct PlannedLookup {
    LookupSource source;
    LookupJoinSpec join;
    std::vector<std::string> lines;  // Of the table, for EXPLAIN.
    std::string line;                // Of the operator.
};

// `input_names` are those of the input's columns.
[[nodiscard]] PlannedLookup plan_lookup(const LookupJoin& node,
                                        const std::vector<std::string>& input_names,
                                        const TimeZonePtr& zone,
                                        const HashSeed& seed);

}  // namespace thalweg::plan
