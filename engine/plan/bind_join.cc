#include "engine/plan/bind_query.h"
#include "engine/plan/changelog.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/time_bounds.h"
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
    std::vector<Equality> keys;  // Over both sides' columns.
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

Condition take_apart(const std::vector<ExprPtr>& conditions,
                     const std::vector<ColumnInfo>& columns,
                     std::size_t left_count) {
    Condition condition;
    for (const ExprPtr& part : conditions) {
        std::optional<Equality> key = equality_of(*part);
        if (key && side_of(*key->left, left_count, columns.size()) == Side::kRight)
            std::swap(key->left, key->right);
        if (!key || side_of(*key->left, left_count, columns.size()) != Side::kLeft ||
            side_of(*key->right, left_count, columns.size()) != Side::kRight) {
            condition.rest.push_back(part);
        } else if (is_bound_pair(columns, *key->left, *key->right, Role::kWindowStart)) {
            condition.starts = {key->left->column, key->right->column - left_count};
        } else if (is_bound_pair(columns, *key->left, *key->right, Role::kWindowEnd)) {
            condition.ends = {key->left->column, key->right->column - left_count};
        } else {
            if (!key->is_exact) condition.rest.push_back(part);
            condition.keys.push_back(*std::move(key));
        }
    }
    return condition;
}

bool is_left_only(JoinKind kind) {
    return kind == JoinKind::kSemi || kind == JoinKind::kAnti;
}

}  // namespace

std::vector<ExprPtr> QueryBinder::bind_conjuncts(const sql::Expr* condition,
                                                 const Scope& scope,
                                                 std::string_view what) {
    std::vector<ExprPtr> parts;
    if (condition == nullptr) return parts;
    ExpressionBinder binder(scope, expr_settings_);
    for (const sql::Expr* const part : conjuncts(*condition))
        parts.push_back(binder.bind_condition(*part, what));
    return parts;
}

std::vector<ExprPtr> QueryBinder::bind_hints(const sql::Expr* where, const Scope& scope) {
    std::vector<ExprPtr> parts;
    if (where == nullptr) return parts;
    ExpressionBinder binder(scope, expr_settings_);
    for (const sql::Expr* const part : conjuncts(*where)) {
        if (contains_query(*part)) continue;
        try {
            parts.push_back(binder.bind_condition(*part, "WHERE"));
        } catch (const SqlError&) {
            // It is said where WHERE itself is bound.
            continue;
        }
    }
    return parts;
}

RelPtr QueryBinder::join_sides(const From& left,
                               const From& right,
                               JoinKind kind,
                               std::vector<ExprPtr> conditions,
                               const std::vector<ExprPtr>& where,
                               sql::Location at) {
    std::vector<ExprPtr> all = conditions;
    if (kind == JoinKind::kInner) all.insert(all.end(), where.begin(), where.end());
    if (RelPtr rel = bind_window_join(left, right, kind, all, at)) return rel;
    if (RelPtr rel = bind_interval_join(left, right, kind, all)) return rel;
    return bind_stream_join(left, right, kind, conjunction(conditions));
}

RelPtr QueryBinder::bind_interval_join(const From& left,
                                       const From& right,
                                       JoinKind kind,
                                       const std::vector<ExprPtr>& conditions) {
    if (is_left_only(kind)) return nullptr;
    const std::optional<TimeBounds> bounds =
        time_bounds_of(conditions, left.rel->columns, right.rel->columns);
    if (!bounds || !changing_operator(*left.rel).empty() || !changing_operator(*right.rel).empty())
        return nullptr;
    std::vector<ExprPtr> rest;
    for (const ExprPtr& condition : conditions) {
        for (const ExprPtr& part : conjuncts(condition)) {
            if (!is_in_bounds(*part, *bounds, left.rel->columns.size())) rest.push_back(part);
        }
    }
    const RelPtr rel = bind_stream_join(left, right, kind, conjunction(rest));
    StreamJoin join = std::get<StreamJoin>(rel->node);
    join.bounds = bounds;
    return make_rel(rel->columns, std::move(join));
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
    StreamJoin node{left.rel, right.rel, kind, {}, std::move(condition)};
    node.ttls_ns = {hinted_ttl(left.scope), hinted_ttl(right.scope)};
    return make_rel(std::move(columns), std::move(node));
}

RelPtr QueryBinder::bind_window_join(const From& left,
                                     const From& right,
                                     JoinKind kind,
                                     const std::vector<ExprPtr>& conditions,
                                     sql::Location at) {
    const std::size_t left_count = left.rel->columns.size();
    std::vector<ColumnInfo> both = left.rel->columns;
    both.insert(both.end(), right.rel->columns.begin(), right.rel->columns.end());
    const std::size_t count = both.size();
    const Condition condition = take_apart(conditions, both, left_count);
    if (!condition.starts || !condition.ends) return nullptr;
    if (!both[condition.ends->first].window->spec.is_event_time)
        throw sql::not_supported(at, "a window join in processing time");
    // Keys that are no plain columns are computed by a projection below.
    std::vector<ExprPtr> left_columns = identity(*left.rel);
    std::vector<ExprPtr> right_columns = identity(*right.rel);
    std::vector<ExprPtr> to_right(left_count, nullptr);
    for (const ExprPtr& column : right_columns)
        to_right.push_back(column);
    WindowJoin node;
    node.kind = kind;
    node.window = both[condition.ends->first].window;
    std::tie(node.left_start, node.right_start) = *condition.starts;
    std::tie(node.left_end, node.right_end) = *condition.ends;
    for (const Equality& key : condition.keys) {
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
            make_column(i < left_count ? i : i - left_count + left_width, both[i].type));
    std::vector<ExprPtr> rest;
    for (const ExprPtr& expr : condition.rest)
        rest.push_back(substitute(expr, moved));
    node.residual = conjunction(rest);
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
    if (!is_left_only(kind)) append(node.right, right_nullable, !right_nullable);
    // Drop the helper keys: the join shows what its sides showed.
    std::vector<ExprPtr> shown;
    std::vector<std::string> names;
    const std::size_t shown_count = is_left_only(kind) ? left_count : count;
    for (std::size_t i = 0; i < shown_count; ++i) {
        const std::size_t at_column = i < left_count ? i : i - left_count + left_width;
        shown.push_back(make_column(at_column, columns[at_column].type));
        names.push_back(columns[at_column].name);
    }
    const bool widened = columns.size() != shown_count;
    RelPtr rel = make_rel(std::move(columns), std::move(node));
    if (!widened) return rel;
    return make_project_rel(std::move(rel), std::move(shown), std::move(names));
}

}  // namespace thalweg::plan
