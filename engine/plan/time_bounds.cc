#include "engine/plan/time_bounds.h"

#include "engine/plan/conjuncts.h"
#include "ops/expr/functions.h"
#include "state/base/time.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace thalweg::plan {

namespace {

constexpr std::int64_t kNoLower = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNoUpper = std::numeric_limits<std::int64_t>::max();

// A column plus a constant.
struct Shifted {
    std::size_t column = 0;
    std::int64_t by_ns = 0;
};

std::optional<std::int64_t> interval_of(const Expr& expr) {
    if (expr.kind != ExprKind::kLiteral || expr.type.kind != TypeKind::kIntervalDaySecond)
        return std::nullopt;
    const auto* const value = std::get_if<std::int64_t>(&expr.literal.data);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<Shifted> shifted(const Expr& expr) {
    if (expr.kind == ExprKind::kColumn) return Shifted{expr.column, 0};
    if (expr.kind != ExprKind::kCall) return std::nullopt;
    const std::string_view name = expr.function->name;
    // To a lower precision it cuts off.
    if (name == "CAST" && expr.arguments.size() == 1 &&
        expr.arguments[0]->type.kind == expr.type.kind && expr.type.is_timestamp() &&
        expr.type.precision >= expr.arguments[0]->type.precision)
        return shifted(*expr.arguments[0]);
    if ((name != "+" && name != "-") || expr.arguments.size() != 2) return std::nullopt;
    const bool is_swapped = name == "+" && interval_of(*expr.arguments[0]).has_value();
    const std::optional<std::int64_t> interval = interval_of(*expr.arguments[is_swapped ? 0 : 1]);
    std::optional<Shifted> base = shifted(*expr.arguments[is_swapped ? 1 : 0]);
    if (!interval || !base) return std::nullopt;
    base->by_ns = name == "+" ? saturating_add(base->by_ns, *interval)
                              : saturating_sub(base->by_ns, *interval);
    return base;
}

// left - right, of two columns, is at least or at most so much, or both.
struct Distance {
    std::size_t left = 0;
    std::size_t right = 0;
    std::int64_t lower_ns = kNoLower;
    std::int64_t upper_ns = kNoUpper;
};

// Of a comparison; `left_count` columns are the left's.
std::optional<Distance> distance_of(const Expr& expr, std::size_t left_count) {
    if (expr.kind != ExprKind::kCall || expr.arguments.size() != 2) return std::nullopt;
    std::optional<Shifted> a = shifted(*expr.arguments[0]);
    std::optional<Shifted> b = shifted(*expr.arguments[1]);
    if (!a || !b || (a->column < left_count) == (b->column < left_count)) return std::nullopt;
    std::string_view name = expr.function->name;
    if (a->column >= left_count) {
        std::swap(a, b);
        name = name == "<"    ? ">"
               : name == "<=" ? ">="
               : name == ">"  ? "<"
               : name == ">=" ? "<="
                              : name;
    }
    // a + x ? b + y  means  a - b ? y - x.
    const std::int64_t by_ns = saturating_sub(b->by_ns, a->by_ns);
    Distance distance{a->column, b->column - left_count, kNoLower, kNoUpper};
    if (name == ">=" || name == "=") distance.lower_ns = by_ns;
    if (name == "<=" || name == "=") distance.upper_ns = by_ns;
    if (name == ">") distance.lower_ns = saturating_add(by_ns, 1);
    if (name == "<") distance.upper_ns = saturating_sub(by_ns, 1);
    if (distance.lower_ns == kNoLower && distance.upper_ns == kNoUpper) return std::nullopt;
    return distance;
}

bool is_event_time(Role role) {
    return role == Role::kRowtime || role == Role::kWindowTime;
}

}  // namespace

bool is_in_bounds(const Expr& condition, const TimeBounds& bounds, std::size_t left_count) {
    const std::optional<Distance> distance = distance_of(condition, left_count);
    if (!distance || distance->left != bounds.left || distance->right != bounds.right) return false;
    // An equality is a key as well.
    return distance->lower_ns == kNoLower || distance->upper_ns == kNoUpper;
}

std::optional<TimeBounds> time_bounds_of(const std::vector<ExprPtr>& conditions,
                                         const std::vector<ColumnInfo>& left,
                                         const std::vector<ColumnInfo>& right) {
    std::vector<TimeBounds> found;
    for (const ExprPtr& condition : conditions) {
        for (const ExprPtr& part : conjuncts(condition)) {
            const std::optional<Distance> distance = distance_of(*part, left.size());
            if (!distance) continue;
            const Role a = left[distance->left].role;
            const Role b = right[distance->right].role;
            const bool is_event = is_event_time(a) && is_event_time(b);
            if (!is_event && (a != Role::kProctime || b != Role::kProctime)) continue;
            auto bounds = std::find_if(found.begin(), found.end(), [&](const TimeBounds& each) {
                return each.left == distance->left && each.right == distance->right;
            });
            if (bounds == found.end())
                bounds = found.insert(
                    bounds, {distance->left, distance->right, kNoLower, kNoUpper, is_event});
            bounds->lower_ns = std::max(bounds->lower_ns, distance->lower_ns);
            bounds->upper_ns = std::min(bounds->upper_ns, distance->upper_ns);
        }
    }
    for (const TimeBounds& bounds : found) {
        if (bounds.lower_ns != kNoLower && bounds.upper_ns != kNoUpper) return bounds;
    }
    return std::nullopt;
}

}  // namespace thalweg::plan
