#pragma once

#include "engine/sql/ast.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace thalweg::plan {

// Which keys each grouping set of a GROUP BY has: GROUPING SETS, ROLLUP, CUBE and plain keys, and
// their combinations.

// The numbers of keys, ascending, each once.
using KeySet = std::vector<std::size_t>;

// The sets of one element of GROUP BY, whose arguments are `arguments`: of ROLLUP(a, b) {a, b}, {a}
// and {}; of CUBE(a, b) {a, b}, {a}, {b} and {}. More than kGroupingSetsMax: SqlError.
[[nodiscard]] std::vector<KeySet> sets_of(const sql::GroupingElement& element,
                                          const std::vector<KeySet>& arguments);

// What stands side by side in GROUP BY: each set of one with each of the other.
[[nodiscard]] std::vector<KeySet> combined(const std::vector<KeySet>& left,
                                           const std::vector<KeySet>& right,
                                           sql::Location at);

// What a row of a grouped query says of its set: GROUPING and GROUPING_ID, GROUP_ID.
enum class GroupingCall : std::uint8_t { kGrouping, kGroupId };

[[nodiscard]] std::optional<GroupingCall> find_grouping_call(std::string_view name);

inline constexpr std::size_t kGroupingSetsMax = 1'024;

}  // namespace thalweg::plan
