#include "engine/plan/column_map.h"

#include <memory>
#include <utility>

namespace thalweg::plan {

thalweg::ExprPtr substitute(const thalweg::ExprPtr& expr, const ColumnMap& columns) {
    if (expr->kind == ExprKind::kColumn) return columns.at(expr->column);
    if (expr->arguments.empty()) return expr;
    Expr copy = *expr;
    for (thalweg::ExprPtr& argument : copy.arguments)
        argument = substitute(argument, columns);
    return std::make_shared<const Expr>(std::move(copy));
}

}  // namespace thalweg::plan
