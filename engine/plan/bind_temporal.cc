#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"

#include <algorithm>
#include <optional>
#include <utility>

// Temporal joins in event time: FOR SYSTEM_TIME AS OF a row time of the left side, of anything that
// has a row time of its own on the right.

namespace thalweg::plan {

using sql::SqlError;

namespace {

bool is_event_time(const ColumnInfo& column) {
    return column.role == Role::kRowtime || column.role == Role::kWindowTime;
}

bool is_key(const Expr& condition, std::size_t left_count, std::size_t count) {
    const std::optional<Equality> equality = equality_of(condition);
    if (!equality) return false;
    const Side a = side_of(*equality->left, left_count, count);
    const Side b = side_of(*equality->right, left_count, count);
    return (a == Side::kLeft && b == Side::kRight) || (a == Side::kRight && b == Side::kLeft);
}

}  // namespace

std::optional<std::size_t> QueryBinder::event_time_of(const sql::Expr& as_of, const Scope& stream) {
    ExpressionBinder binder(stream, expr_settings_);
    const ExprPtr time = binder.bind(as_of);
    const bool is_time =
        time->kind == ExprKind::kColumn && is_event_time(stream.columns[time->column]);
    return is_time ? std::optional(time->column) : std::nullopt;
}

RelPtr QueryBinder::bind_temporal_join(const From& left,
                                       const From& right,
                                       const sql::Join& join,
                                       std::size_t time,
                                       const std::vector<ExprPtr>& conditions,
                                       sql::Location at) {
    const bool is_left = join.kind == sql::JoinKind::kLeft;
    if (join.kind == sql::JoinKind::kRight || join.kind == sql::JoinKind::kFull)
        throw SqlError(at, "a temporal join is INNER or LEFT");
    const std::vector<ColumnInfo>& versions = right.rel->columns;
    const auto version = std::find_if(versions.begin(), versions.end(), is_event_time);
    if (version == versions.end())
        throw SqlError(at,
                       "the right side of a temporal join has no row time",
                       "a versioned table has a WATERMARK and a PRIMARY KEY");
    const std::size_t left_count = left.rel->columns.size();
    const bool has_key =
        std::any_of(conditions.begin(), conditions.end(), [&](const ExprPtr& part) {
            return is_key(*part, left_count, left_count + versions.size());
        });
    if (!has_key) throw SqlError(at, "a temporal join needs an ON with equal keys", "ON s.k = t.k");
    const JoinKind kind = is_left ? JoinKind::kLeft : JoinKind::kInner;
    const RelPtr rel = bind_stream_join(left, right, kind, conjunction(conditions));
    // Rows leave in the order of the left side's times.
    std::vector<ColumnInfo> columns = rel->columns;
    for (std::size_t i = 0; i < left_count; ++i) {
        if (left.rel->columns[i].role == Role::kRowtime) columns[i].role = Role::kRowtime;
    }
    StreamJoin node = std::get<StreamJoin>(rel->node);
    node.as_of = AsOf{time, static_cast<std::size_t>(version - versions.begin())};
    return make_rel(std::move(columns), std::move(node));
}

}  // namespace thalweg::plan
