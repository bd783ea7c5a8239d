#pragma once

#include "ops/expr/expr.h"

#include <cstddef>
#include <map>

namespace thalweg::plan {

// What stands for each column of an expression whose columns are few numbers far apart: those that
// a binder gives to what has no place yet. Where they are close, substitute() takes a vector.
using ColumnMap = std::map<std::size_t, thalweg::ExprPtr>;

// The expression with all its columns replaced; every one of them is in the map.
[[nodiscard]] thalweg::ExprPtr substitute(const thalweg::ExprPtr& expr, const ColumnMap& columns);

}  // namespace thalweg::plan
