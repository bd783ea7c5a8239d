#include "engine/plan/state_size.h"

#include "ops/aggregate/layout.h"
#include "ops/group_key.h"
#include "state/string_ref.h"

#include <algorithm>

namespace thalweg::plan {

std::string state_size_text(const std::vector<Type>& key_types,
                            const std::vector<AggregateCall>& calls,
                            std::string_view per) {
    const GroupKey group_key(key_types, HashSeed::from(0));
    const std::size_t key = group_key.is_text() ? sizeof(StringRef) : group_key.key_bytes();
    const std::size_t states = AggregateLayout(calls).payload_bytes();
    const bool has_sets = std::any_of(
        calls.begin(), calls.end(), [](const AggregateCall& call) { return call.is_distinct; });
    return "about " + std::to_string(key + states) + " bytes per " + std::string(per) + " (key " +
           std::to_string(key) + (group_key.is_text() ? " and long texts" : "") + ", states " +
           std::to_string(states) + (has_sets ? " and distinct values" : "") + ")";
}

}  // namespace thalweg::plan
