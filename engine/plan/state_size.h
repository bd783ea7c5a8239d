#pragma once

#include "ops/aggregate/aggregate.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::plan {

// What a GROUP BY remembers, for EXPLAIN: "about 24 bytes per key and slice (key 8, states 16)",
// where `per` is "key and slice". Without the index of the table.
[[nodiscard]] std::string state_size_text(const std::vector<Type>& key_types,
                                          const std::vector<AggregateCall>& calls,
                                          std::string_view per);

// The same for one whose input changes.
[[nodiscard]] std::string retraction_size_text(const std::vector<Type>& key_types,
                                               const std::vector<AggregateCall>& calls);

// For how long state is kept that nothing else ends: "unbounded without a TTL", "TTL 1 d".
[[nodiscard]] std::string lifetime_text(std::int64_t ttl_ns);

// What a TTL adds to the name of an operator's state: with one it is another state, of the same
// columns and times; how long it is may change from run to run.
[[nodiscard]] std::string ttl_identity(bool has_ttl);

}  // namespace thalweg::plan
