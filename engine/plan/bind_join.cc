#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <optional>
#include <utility>

// Window joins: both sides carry windows of one definition, and ON says that their bounds agree.
// Other joins are for all time.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// What ON says, taken apart.
struct Condition {
    std::optional<std::pair<std::size_t, std::size_t>> starts;  // Left and right window_start.
    std::optional<std::pair<std::size_t, std::size_t>> ends;

    struct Key {
        ExprPtr left;  // Over both sides' columns.
        ExprPtr right;
        bool null_is_equal;
    };

    std::vector<Key> keys;
    std::vector<ExprPtr> rest;
};

bool is_bound_pair(const std::vector<ColumnInfo>& columns,
                   const Expr& a,
                   const Expr& b,
                   Role role) {
    if (a.kind != ExprKind::kColumn || b.kind != ExprKind::kColumn) return false;
    const ColumnInfo& x = columns[a.column];
    const ColumnInfo& y = columns[b.column];
    return x.role == role && y.role == role && same_window(x.window, y.window);
}

bool is_column(const sql::Expr& expr) {
    return std::holds_alternative<sql::Identifier>(expr.node);
}

}  // namespace

bool QueryBinder::is_window_join(const sql::Expr& on, const Scope& both) const {
    bool has_start = false;
    bool has_end = false;
    for (const sql::Expr* conjunct : conjuncts(on)) {
        const auto* binary = std::get_if<sql::Binary>(&conjunct->node);
        if (binary == nullptr || binary->op != sql::BinaryOp::kEqual) continue;
        if (!is_column(*binary->left) || !is_column(*binary->right)) continue;
        ExpressionBinder binder(both, expr_settings_);
        const ExprPtr a = binder.bind(*binary->left);
        const ExprPtr b = binder.bind(*binary->right);
        has_start = has_start || is_bound_pair(both.columns, *a, *b, Role::kWindowStart);
        has_end = has_end || is_bound_pair(both.columns, *a, *b, Role::kWindowEnd);
    }
    return has_start && has_end;
}

RelPtr QueryBinder::bind_stream_join(const From& left,
                                     const From& right,
                                     JoinKind kind,
                                     ExprPtr condition) {
    std::vector<ColumnInfo> columns;
    const auto append = [&](const RelPtr& rel, bool is_nullable) {
        for (ColumnInfo column : rel->columns) {
            // Rows come whenever their partners do: their times are no longer in order.
            column.role = Role::kPlain;
            column.window = nullptr;
            column.type.nullable = column.type.nullable || is_nullable;
            columns.push_back(std::move(column));
        }
    };
    append(left.rel, kind == JoinKind::kRight || kind == JoinKind::kFull);
    if (kind != JoinKind::kSemi && kind != JoinKind::kAnti)
        append(right.rel, kind == JoinKind::kLeft || kind == JoinKind::kFull);
    return make_rel(std::move(columns),
                    StreamJoin{left.rel, right.rel, kind, {}, std::move(condition)});
}

RelPtr QueryBinder::bind_window_join(
    const From& left, const From& right, JoinKind kind, const sql::Expr& on, const Scope& both) {
    const std::size_t left_count = left.rel->columns.size();
    const std::size_t count = both.columns.size();
    // ON is bound conjunct by conjunct, so that "a.k = b.k" is seen before casts hide it.
    Condition condition;
    for (const sql::Expr* conjunct : conjuncts(on)) {
        ExpressionBinder binder(both, expr_settings_);
        const auto* binary = std::get_if<sql::Binary>(&conjunct->node);
        const bool is_equal = binary != nullptr && binary->op == sql::BinaryOp::kEqual;
        const bool is_not_distinct =
            binary != nullptr && binary->op == sql::BinaryOp::kIsNotDistinctFrom;
        if (is_equal || is_not_distinct) {
            ExprPtr a = binder.bind(*binary->left);
            ExprPtr b = binder.bind(*binary->right);
            const Side a_side = side_of(*a, left_count, count);
            const Side b_side = side_of(*b, left_count, count);
            if ((a_side == Side::kLeft && b_side == Side::kRight) ||
                (a_side == Side::kRight && b_side == Side::kLeft)) {
                if (a_side == Side::kRight) std::swap(a, b);
                if (is_bound_pair(both.columns, *a, *b, Role::kWindowStart)) {
                    condition.starts = {a->column, b->column - left_count};
                } else if (is_bound_pair(both.columns, *a, *b, Role::kWindowEnd)) {
                    condition.ends = {a->column, b->column - left_count};
                } else {
                    auto type = common_type({a->type, b->type});
                    if (!type) throw SqlError(conjunct->location, type.error().message);
                    a = cast_or_throw(
                        a, *type, CastMode::kImplicit, expr_settings_, conjunct->location);
                    b = cast_or_throw(
                        b, *type, CastMode::kImplicit, expr_settings_, conjunct->location);
                    condition.keys.push_back({std::move(a), std::move(b), is_not_distinct});
                }
                continue;
            }
        }
        condition.rest.push_back(binder.bind_condition(*conjunct, "ON"));
    }
    ASSERT(condition.starts.has_value());
    ASSERT(condition.ends.has_value());
    if (!both.columns[condition.ends->first].window->spec.is_event_time)
        throw sql::not_supported(on.location, "a window join in processing time");
    // Keys that are no plain columns are computed by a projection below.
    std::vector<ExprPtr> left_columns = identity(*left.rel);
    std::vector<ExprPtr> right_columns = identity(*right.rel);
    std::vector<ExprPtr> to_right(left_count, nullptr);
    for (const ExprPtr& column : right_columns)
        to_right.push_back(column);
    WindowJoin node;
    node.kind = kind;
    node.window = both.columns[condition.ends->first].window;
    std::tie(node.left_start, node.right_start) = *condition.starts;
    std::tie(node.left_end, node.right_end) = *condition.ends;
    for (Condition::Key& key : condition.keys) {
        const std::size_t l = position_of(left_columns, key.left);
        const std::size_t r = position_of(right_columns, substitute(key.right, to_right));
        node.keys.push_back({l, r, key.null_is_equal});
    }
    node.left = with_columns(left.rel, std::move(left_columns));
    node.right = with_columns(right.rel, std::move(right_columns));
    const std::size_t left_width = node.left->columns.size();
    // The residual reads the widened columns: those of the right side move.
    std::vector<ExprPtr> moved;
    for (std::size_t i = 0; i < count; ++i)
        moved.push_back(
            make_column(i < left_count ? i : i - left_count + left_width, both.columns[i].type));
    for (const ExprPtr& expr : condition.rest) {
        ExprPtr part = substitute(expr, moved);
        if (node.residual == nullptr) {
            node.residual = std::move(part);
            continue;
        }
        auto both_parts = make_call("AND", {node.residual, std::move(part)}, expr_settings_);
        if (!both_parts) throw SqlError(on.location, both_parts.error().message);
        node.residual = *std::move(both_parts);
    }
    const bool left_nullable = node.kind == JoinKind::kRight || node.kind == JoinKind::kFull;
    const bool right_nullable = node.kind == JoinKind::kLeft || node.kind == JoinKind::kFull;
    std::vector<ColumnInfo> columns;
    const auto append = [&](const RelPtr& rel, bool nullable, bool keeps_window) {
        for (ColumnInfo column : rel->columns) {
            if (nullable) column.type.nullable = true;
            if (!keeps_window || column.window == nullptr) {
                column.role = Role::kPlain;
                column.window = nullptr;
            }
            columns.push_back(std::move(column));
        }
    };
    append(node.left, left_nullable, !left_nullable);
    append(node.right, right_nullable, !right_nullable);
    // Drop the helper keys: the join shows what its sides showed.
    std::vector<ExprPtr> shown;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at_column = i < left_count ? i : i - left_count + left_width;
        shown.push_back(make_column(at_column, columns[at_column].type));
        names.push_back(columns[at_column].name);
    }
    const bool widened = columns.size() != count;
    RelPtr rel = make_rel(std::move(columns), std::move(node));
    if (!widened) return rel;
    return make_project_rel(std::move(rel), std::move(shown), std::move(names));
}

}  // namespace thalweg::plan
