#pragma once

#include "engine/sql/ast.h"
#include "ops/expr/expr.h"

#include <vector>

// Conditions taken apart at their ANDs, which is how they are pushed around.

namespace thalweg::plan {

[[nodiscard]] std::vector<const sql::Expr*> conjuncts(const sql::Expr& condition);
[[nodiscard]] std::vector<thalweg::ExprPtr> conjuncts(const thalweg::ExprPtr& condition);

// AND of all; null of none.
[[nodiscard]] thalweg::ExprPtr conjunction(const std::vector<thalweg::ExprPtr>& parts);

}  // namespace thalweg::plan
