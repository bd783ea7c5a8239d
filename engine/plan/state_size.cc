#include "engine/plan/state_size.h"

#include "ops/aggregate/layout.h"
#include "ops/aggregate/retraction.h"
#include "ops/group_key.h"
#include "state/base/time.h"
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

std::string retraction_size_text(const std::vector<Type>& key_types,
                                 const std::vector<AggregateCall>& calls) {
    const GroupKey group_key(key_types, HashSeed::from(0), GroupKey::Nulls::kInside);
    const std::size_t key = group_key.is_text() ? sizeof(StringRef) : group_key.key_bytes();
    std::size_t states = 8;
    bool keeps_values = false;
    for (const AggregateCall& call : calls) {
        const RetractableCall each(call, 0);
        states += each.state_bytes();
        keeps_values = keeps_values || each.keeps(RetractableCall::Kept::kSeen) ||
                       each.keeps(RetractableCall::Kept::kValues);
    }
    return "about " + std::to_string(key + states) + " bytes per key (key " + std::to_string(key) +
           (group_key.is_text() ? " and long texts" : "") + ", states " + std::to_string(states) +
           (keeps_values ? " and all values" : "") + ")";
}

std::string lifetime_text(std::int64_t ttl_ns) {
    struct Unit {
        std::int64_t ns;
        std::string_view name;
    };

    constexpr Unit kUnits[] = {{24 * 3600 * kNanosPerSecond, "d"},
                               {3600 * kNanosPerSecond, "h"},
                               {60 * kNanosPerSecond, "min"},
                               {kNanosPerSecond, "s"},
                               {kNanosPerMilli, "ms"}};
    if (ttl_ns == 0) return "unbounded without a TTL";
    for (const Unit& unit : kUnits) {
        if (ttl_ns % unit.ns == 0)
            return "TTL " + std::to_string(ttl_ns / unit.ns) + " " + std::string(unit.name);
    }
    return "TTL " + std::to_string(ttl_ns) + " ns";
}

std::string ttl_identity(bool has_ttl) {
    return has_ttl ? ", with a TTL" : "";
}

}  // namespace thalweg::plan
