#pragma once

#include "engine/sql/ast_expression.h"
#include "ops/expr/expr.h"

#include <functional>
#include <string_view>
#include <vector>

namespace thalweg::plan {

// The calls of JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY, whose clauses the
// parser leaves as keywords between their arguments: as ops/expr/kernel_json.cc takes them.
[[nodiscard]] bool is_json_form(std::string_view name);  // In capitals.

[[nodiscard]] std::vector<ExprPtr> json_arguments(
    std::string_view name,
    const sql::Call& call,
    const std::function<ExprPtr(const sql::Expr&)>& bind,
    const ExprSettings& settings);

}  // namespace thalweg::plan
