#include "engine/plan/conjuncts.h"

#include "state/base/assertion.h"

#include <utility>

namespace thalweg::plan {

namespace {

void collect(const sql::Expr& expr, std::vector<const sql::Expr*>& parts) {
    const auto* binary = std::get_if<sql::Binary>(&expr.node);
    if (binary != nullptr && binary->op == sql::BinaryOp::kAnd) {
        collect(*binary->left, parts);
        collect(*binary->right, parts);
        return;
    }
    parts.push_back(&expr);
}

void collect(const ExprPtr& expr, std::vector<ExprPtr>& parts) {
    if (expr->kind != ExprKind::kAnd) {
        parts.push_back(expr);
        return;
    }
    for (const ExprPtr& argument : expr->arguments)
        collect(argument, parts);
}

}  // namespace

std::vector<const sql::Expr*> conjuncts(const sql::Expr& condition) {
    std::vector<const sql::Expr*> parts;
    collect(condition, parts);
    return parts;
}

std::vector<ExprPtr> conjuncts(const ExprPtr& condition) {
    std::vector<ExprPtr> parts;
    collect(condition, parts);
    return parts;
}

ExprPtr conjunction(const std::vector<ExprPtr>& parts) {
    ExprPtr all;
    for (const ExprPtr& part : parts) {
        if (all == nullptr) {
            all = part;
            continue;
        }
        auto both = make_call("AND", {all, part}, {});
        ASSERT(both.has_value());
        all = *std::move(both);
    }
    return all;
}

}  // namespace thalweg::plan
