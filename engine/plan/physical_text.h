#pragma once

#include "engine/plan/logical.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// How EXPLAIN writes parts of a plan, and how snapshots know an operator by what was written.

namespace thalweg::plan {

// The names of columns in EXPLAIN. Behind a join those that both sides have are told apart.
[[nodiscard]] std::vector<std::string> names_of(const Rel& rel);

// Those of a join that shows both.
[[nodiscard]] std::vector<std::string> names_of_sides(const Rel& left, const Rel& right);

// "a, b, c".
[[nodiscard]] std::string join_texts(const std::vector<std::string>& parts);
[[nodiscard]] std::string join_names(const std::vector<std::size_t>& columns,
                                     const std::vector<std::string>& names);

// "a DESC, b": what rows are ordered by.
[[nodiscard]] std::string order_text(const std::vector<SortItem>& order,
                                     const std::vector<std::string>& names);

// The keys and calls of an aggregation.
[[nodiscard]] std::string aggregate_text(const Aggregate& node,
                                         std::string_view before_keys,
                                         const std::vector<std::string>& names);

// The places of columns among keys.
[[nodiscard]] std::vector<std::size_t> places_of(const std::vector<std::size_t>& columns,
                                                 const std::vector<std::size_t>& keys);

// What was done to rows, in sixteen digits: the same query has the same, whatever else is in its
// file and however it is laid out. Names state in snapshots, so it never changes its meaning.
[[nodiscard]] std::string lineage_of(const std::vector<std::string>& inputs, std::string_view what);

}  // namespace thalweg::plan
