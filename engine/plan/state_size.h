#pragma once

#include "ops/aggregate/aggregate.h"

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

}  // namespace thalweg::plan
