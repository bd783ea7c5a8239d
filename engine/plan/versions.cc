#include "engine/plan/versions.h"

#include "engine/plan/changelog.h"
#include "ops/expr/functions.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

bool is_column(const Expr& expr, std::size_t column) {
    return expr.kind == ExprKind::kColumn && expr.column == column;
}

// The column that is compared, also as a wider integer.
const Expr& uncast(const Expr& expr) {
    const bool is_cast = expr.kind == ExprKind::kCall && expr.function->name == "CAST" &&
                         expr.arguments.size() == 1 && expr.type.is_integer() &&
                         expr.arguments[0]->type.is_integer() &&
                         expr.type.kind >= expr.arguments[0]->type.kind;
    return is_cast ? uncast(*expr.arguments[0]) : expr;
}

// Whether the one row of each partition is the last by a row time.
bool keeps_last(const Rank& rank) {
    if (rank.window != nullptr || rank.kind != RankKind::kRowNumber) return false;
    if (rank.first != 1 || rank.last != 1 || rank.order.size() != 1) return false;
    if (rank.partition.empty()) return false;
    const SortItem& item = rank.order[0];
    const Role role = rank.input->columns[item.column].role;
    const bool is_time = role == Role::kRowtime || role == Role::kWindowTime;
    return is_time && item.is_descending && !item.nulls_first &&
           changing_operator(*rank.input).empty();
}

}  // namespace

bool Versions::enter_key(const Expr& expr) {
    const Expr& compared = uncast(expr);
    bool found = false;
    for (Key& key : keys) {
        if (!is_column(compared, key.column)) continue;
        key.is_joined = true;
        found = true;
    }
    return found;
}

bool Versions::has_all_keys() const {
    return std::all_of(keys.begin(), keys.end(), [](const Key& key) { return key.is_joined; });
}

std::optional<Versions> versions_of(const Rel& view, std::size_t time) {
    const auto* const project = std::get_if<Project>(&view.node);
    const Rel& ranked = project == nullptr ? view : *project->input;
    const auto* const rank = std::get_if<Rank>(&ranked.node);
    if (rank == nullptr || !keeps_last(*rank)) return std::nullopt;
    std::vector<ExprPtr> columns = identity(*rank->input);
    if (rank->has_number)
        columns.push_back(make_literal({std::int64_t{1}}, ranked.columns.back().type));
    std::vector<ExprPtr> shown = project == nullptr ? identity(ranked) : project->expressions;
    for (ExprPtr& expr : shown)
        expr = substitute(expr, columns);
    if (!is_column(*shown[time], rank->order[0].column)) return std::nullopt;
    Versions versions;
    for (const std::size_t column : rank->partition) {
        const auto found = std::find_if(shown.begin(), shown.end(), [&](const ExprPtr& expr) {
            return is_column(*expr, column);
        });
        if (found == shown.end()) return std::nullopt;
        versions.keys.push_back({static_cast<std::size_t>(found - shown.begin())});
    }
    versions.rel = make_rel(view.columns, Project{rank->input, std::move(shown)});
    return versions;
}

bool is_changing_rank(const Rel& rel) {
    if (const auto* node = std::get_if<Filter>(&rel.node)) return is_changing_rank(*node->input);
    if (const auto* node = std::get_if<Project>(&rel.node)) return is_changing_rank(*node->input);
    return std::holds_alternative<Rank>(rel.node) && !changing_operator(rel).empty();
}

}  // namespace thalweg::plan
