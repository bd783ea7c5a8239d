#pragma once

#include "engine/plan/logical.h"

#include <optional>
#include <vector>

namespace thalweg::plan {

// What `conditions`, over the columns of both sides, say of the distance of a time attribute of the
// left side from one of the right: `l.ts BETWEEN r.ts - INTERVAL '5' SECOND AND r.ts`, inequalities
// of either direction, `l.ts = r.ts`. Nothing unless it is bounded both ways. Times are both row
// times or both processing times; intervals are literals. The first pair of attributes that is
// bounded is taken.
[[nodiscard]] std::optional<TimeBounds> time_bounds_of(
    const std::vector<thalweg::ExprPtr>& conditions,
    const std::vector<ColumnInfo>& left,
    const std::vector<ColumnInfo>& right);

// Whether a condition says nothing that the bounds do not.
[[nodiscard]] bool is_in_bounds(const thalweg::Expr& condition,
                                const TimeBounds& bounds,
                                std::size_t left_count);

}  // namespace thalweg::plan
