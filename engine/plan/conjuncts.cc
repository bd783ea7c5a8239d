#include "engine/plan/conjuncts.h"

#include "engine/sql/children.h"
#include "ops/expr/functions.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <array>
#include <string_view>
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

bool contains_query(const sql::Expr& expr) {
    bool found = false;
    sql::for_each_child(
        expr,
        [&](const sql::Expr& child) { found = found || contains_query(child); },
        [&](const sql::Query&) { found = true; });
    return found;
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

std::optional<Equality> equality_of(const Expr& expr) {
    if (expr.kind != ExprKind::kCall || expr.arguments.size() != 2) return std::nullopt;
    const bool is_equal = expr.function->name == "=";
    if (!is_equal && expr.function->name != "IS NOT DISTINCT FROM") return std::nullopt;
    ExprPtr left = expr.arguments[0];
    ExprPtr right = expr.arguments[1];
    auto type = common_type({left->type, right->type});
    if (!type) return std::nullopt;
    const Physical physical = type->physical();
    if (physical == Physical::kList || physical == Physical::kRow) return std::nullopt;
    for (ExprPtr* const side : {&left, &right}) {
        if (same_but_null((*side)->type, *type)) continue;
        auto cast = make_cast(*side, *type, CastMode::kImplicit, {});
        if (!cast) return std::nullopt;
        *side = *std::move(cast);
    }
    return Equality{std::move(left), std::move(right), !is_equal, !type->is_approximate()};
}

Side side_of(const Expr& expr, std::size_t left_count, std::size_t count) {
    std::vector<bool> used(count, false);
    mark_columns(expr, used);
    const auto middle = used.begin() + static_cast<std::ptrdiff_t>(left_count);
    const bool left = std::find(used.begin(), middle, true) != middle;
    const bool right = std::find(middle, used.end(), true) != used.end();
    if (left && right) return Side::kBoth;
    if (left) return Side::kLeft;
    return right ? Side::kRight : Side::kNone;
}

bool is_volatile(const Expr& expr) {
    if (expr.kind == ExprKind::kCall && expr.function->volatility == Volatility::kVolatile)
        return true;
    return std::any_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return is_volatile(*argument);
    });
}

bool is_repeatable(const Expr& expr) {
    if (expr.kind == ExprKind::kCall && expr.function->volatility != Volatility::kPure)
        return false;
    return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return is_repeatable(*argument);
    });
}

bool may_fail(const Expr& expr) {
    constexpr std::array<std::string_view, 10> kSafe = {
        "=", "<>", "<", "<=", ">", ">=", "IN", "LIKE", "FIELD", "ITEM"};
    if (expr.kind == ExprKind::kCall && expr.function->nulls != NullRule::kCompute &&
        std::find(kSafe.begin(), kSafe.end(), expr.function->name) == kSafe.end()) {
        return true;
    }
    return std::any_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return may_fail(*argument);
    });
}

}  // namespace thalweg::plan
