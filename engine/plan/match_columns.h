#pragma once

#include "engine/plan/logical.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

// Which columns of its input a MATCH_RECOGNIZE reads, and where they go when others are left out.

namespace thalweg::plan {

// Beside PARTITION BY and ORDER BY: sets used[column].
void mark_match_columns(const MatchSpec& spec, std::vector<bool>& used);

// The expressions for an input that `moved` says where its columns are, of `old_width` before.
// References and aggregates that no expression reads any more are left out.
void move_match_columns(MatchSpec& spec,
                        std::size_t old_width,
                        const Rel& input,
                        const std::function<std::optional<std::size_t>(std::size_t)>& moved);

}  // namespace thalweg::plan
