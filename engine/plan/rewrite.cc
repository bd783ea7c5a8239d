#include "engine/plan/rewrite.h"

#include "engine/plan/changelog.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/join_order.h"
#include "engine/plan/prune.h"
#include "engine/plan/rank_rules.h"
#include "engine/plan/row_fields.h"
#include "ops/session_aggregate.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

using Predicates = std::vector<ExprPtr>;

// Decides, in the order in which they were written, which predicates go below an operator. One that
// may fail does not overtake one that stays, which may be what guards it: v <> 0 AND 10 / v > 1.
class Gate {
  public:
    [[nodiscard]] bool passes(const Expr& predicate, bool can_go) {
        can_go = can_go && !(has_held_ && may_fail(predicate));
        has_held_ = has_held_ || !can_go;
        return can_go;
    }

  private:
    bool has_held_ = false;
};

bool is_cheap(const Expr& expr) {
    return expr.kind == ExprKind::kColumn || expr.kind == ExprKind::kLiteral;
}

// Whether `expr` reads only columns below `width`.
bool reads_below(const Expr& expr, std::size_t width, std::size_t count) {
    std::vector<bool> used(count, false);
    mark_columns(expr, used);
    return std::find(used.begin() + static_cast<std::ptrdiff_t>(width), used.end(), true) ==
           used.end();
}

RelPtr filtered(RelPtr rel, const Predicates& predicates) {
    if (predicates.empty()) return rel;
    return make_filter_rel(std::move(rel), conjunction(predicates));
}

// How often each column is read.
void count_reads(const Expr& expr, std::vector<std::size_t>& reads) {
    if (expr.kind == ExprKind::kColumn) ++reads[expr.column];
    for (const ExprPtr& argument : expr.arguments)
        count_reads(*argument, reads);
}

RelPtr push(const RelPtr& rel, Predicates predicates);

RelPtr push_project(const Rel& rel, const Project& node, Predicates predicates) {
    Predicates below;
    Predicates here;
    Gate gate;
    for (ExprPtr& predicate : predicates) {
        std::vector<bool> used(rel.columns.size(), false);
        mark_columns(*predicate, used);
        bool cheap = true;
        for (std::size_t i = 0; i < used.size(); ++i)
            cheap = cheap && (!used[i] || is_cheap(*node.expressions[i]));
        if (gate.passes(*predicate, cheap)) {
            below.push_back(substitute(predicate, node.expressions));
        } else {
            here.push_back(std::move(predicate));
        }
    }
    RelPtr input = push(node.input, std::move(below));
    std::vector<ExprPtr> expressions = node.expressions;
    // Project over project is one, unless that computes something twice.
    while (const auto* inner = std::get_if<Project>(&input->node)) {
        std::vector<std::size_t> reads(input->columns.size(), 0);
        for (const ExprPtr& expr : expressions)
            count_reads(*expr, reads);
        bool once = true;
        for (std::size_t i = 0; i < reads.size(); ++i)
            once = once && (reads[i] <= 1 || is_cheap(*inner->expressions[i]));
        if (!once) break;
        for (ExprPtr& expr : expressions)
            expr = substitute(expr, inner->expressions);
        input = inner->input;
    }
    RelPtr project = make_rel(rel.columns, Project{std::move(input), std::move(expressions)});
    return filtered(std::move(project), here);
}

// Predicates that read only the first `width` columns, which the operator passes through, go below.
// RAND() stays: below there are other rows, and it is called for each.
std::pair<Predicates, Predicates> split(Predicates predicates,
                                        std::size_t width,
                                        std::size_t count) {
    std::pair<Predicates, Predicates> parts;
    Gate gate;
    for (ExprPtr& predicate : predicates) {
        const bool can_go = reads_below(*predicate, width, count) && !is_volatile(*predicate);
        auto& part = gate.passes(*predicate, can_go) ? parts.first : parts.second;
        part.push_back(std::move(predicate));
    }
    return parts;
}

RelPtr push_aggregate(const Rel& rel, const Aggregate& node, Predicates predicates) {
    // Below an Expand there are no keys yet, and one between would keep windows from becoming
    // slices.
    const bool is_expanded = std::holds_alternative<Expand>(node.input->node);
    const std::size_t key_count = is_expanded ? 0 : node.keys.size();
    auto [below, here] = split(std::move(predicates), key_count, rel.columns.size());
    std::vector<ExprPtr> keys(rel.columns.size());
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        keys[i] = make_column(node.keys[i], rel.columns[i].type);
    for (ExprPtr& predicate : below)
        predicate = substitute(predicate, keys);
    Aggregate copy = node;
    copy.input = push(node.input, std::move(below));
    return filtered(make_rel(rel.columns, std::move(copy)), here);
}

RelPtr push_join(const Rel& rel, const WindowJoin& node, Predicates predicates) {
    const std::size_t left_count = node.left->columns.size();
    const std::size_t count = rel.columns.size();
    const bool may_left = node.kind != JoinKind::kRight && node.kind != JoinKind::kFull;
    const bool may_right = node.kind == JoinKind::kInner || node.kind == JoinKind::kRight;
    std::vector<ExprPtr> to_right(count);
    for (std::size_t i = left_count; i < count; ++i)
        to_right[i] = make_column(i - left_count, node.right->columns[i - left_count].type);
    Predicates left;
    Predicates right;
    Predicates here;
    Gate gate;
    for (ExprPtr& predicate : predicates) {
        std::vector<bool> used(count, false);
        mark_columns(*predicate, used);
        const auto middle = used.begin() + static_cast<std::ptrdiff_t>(left_count);
        const bool reads_left = std::find(used.begin(), middle, true) != middle;
        const bool reads_right = std::find(middle, used.end(), true) != used.end();
        const bool to_left = reads_left && !reads_right && may_left;
        const bool to_one = to_left || (reads_right && !reads_left && may_right);
        if (!gate.passes(*predicate, to_one && !is_volatile(*predicate))) {
            here.push_back(std::move(predicate));
        } else if (to_left) {
            left.push_back(std::move(predicate));
        } else {
            right.push_back(substitute(predicate, to_right));
        }
    }
    WindowJoin copy = node;
    copy.left = push(node.left, std::move(left));
    copy.right = push(node.right, std::move(right));
    return filtered(make_rel(rel.columns, std::move(copy)), here);
}

// What reads the stream alone is asked before the join; what reads the table alone, and cannot fail
// on a row that nobody looks up, while the table is read.
RelPtr push_lookup(const Rel& rel, const LookupJoin& node, Predicates predicates) {
    const std::size_t left_count = node.input->columns.size();
    const std::size_t count = rel.columns.size();
    std::vector<ExprPtr> to_table(count);
    for (std::size_t i = left_count; i < count; ++i)
        to_table[i] = make_column(node.shown[i - left_count], rel.columns[i].type);
    Predicates input;
    Predicates table;
    Predicates here;
    Gate gate;
    for (ExprPtr& predicate : predicates) {
        const Side side = side_of(*predicate, left_count, count);
        const bool to_input = side == Side::kLeft;
        const bool to_one = to_input || (side == Side::kRight && node.kind == JoinKind::kInner &&
                                         !may_fail(*predicate));
        if (!gate.passes(*predicate, to_one && !is_volatile(*predicate))) {
            here.push_back(std::move(predicate));
        } else if (to_input) {
            input.push_back(std::move(predicate));
        } else {
            table.push_back(substitute(predicate, to_table));
        }
    }
    LookupJoin copy = node;
    copy.input = push(node.input, std::move(input));
    copy.table = push(node.table, std::move(table));
    return filtered(make_rel(rel.columns, std::move(copy)), here);
}

// What reads only columns of PARTITION BY takes whole partitions away, and goes below.
template <class Node>
RelPtr push_partitioned(const Rel& rel,
                        const Node& node,
                        const std::vector<std::size_t>& partition,
                        Predicates predicates) {
    Predicates below;
    Predicates here;
    Gate gate;
    for (ExprPtr& predicate : predicates) {
        std::vector<bool> used(rel.columns.size(), false);
        mark_columns(*predicate, used);
        bool can_go = !is_volatile(*predicate);
        for (std::size_t i = 0; i < used.size(); ++i) {
            const bool is_key = std::find(partition.begin(), partition.end(), i) != partition.end();
            can_go = can_go && (!used[i] || is_key);
        }
        can_go = can_go && std::find(used.begin(), used.end(), true) != used.end();
        (gate.passes(*predicate, can_go) ? below : here).push_back(std::move(predicate));
    }
    Node copy = node;
    copy.input = push(node.input, std::move(below));
    return filtered(make_rel(rel.columns, std::move(copy)), here);
}

RelPtr push_over(const Rel& rel, const Over& node, Predicates predicates) {
    if (const RelPtr ranked = rank_of(rel, node, predicates)) return push(ranked, predicates);
    return push_partitioned(rel, node, node.partition, std::move(predicates));
}

RelPtr push_rank(const Rel& rel, const Rank& node, Predicates predicates) {
    std::vector<std::size_t> partition = node.partition;
    if (node.window != nullptr)
        partition.insert(partition.end(), {node.start_column, node.end_column});
    Rank settled = node;
    settle_order(settled);
    return push_partitioned(rel, settled, partition, std::move(predicates));
}

RelPtr push(const RelPtr& rel, Predicates predicates) {
    if (const auto* node = std::get_if<Filter>(&rel->node)) {
        // The filter's own conjuncts come first: they were meant to guard those above.
        Predicates all = conjuncts(node->condition);
        all.insert(all.end(), predicates.begin(), predicates.end());
        return push(node->input, std::move(all));
    }
    if (const auto* node = std::get_if<Project>(&rel->node))
        return push_project(*rel, *node, std::move(predicates));
    if (const auto* node = std::get_if<Aggregate>(&rel->node))
        return push_aggregate(*rel, *node, std::move(predicates));
    if (const auto* node = std::get_if<WindowJoin>(&rel->node))
        return push_join(*rel, *node, std::move(predicates));
    if (std::holds_alternative<StreamJoin>(rel->node))
        return plan_stream_join(rel, std::move(predicates), push);
    if (const auto* node = std::get_if<LookupJoin>(&rel->node))
        return push_lookup(*rel, *node, std::move(predicates));
    if (const auto* node = std::get_if<Over>(&rel->node))
        return push_over(*rel, *node, std::move(predicates));
    if (const auto* node = std::get_if<Rank>(&rel->node))
        return push_rank(*rel, *node, std::move(predicates));
    if (const auto* node = std::get_if<Sort>(&rel->node)) {
        Sort copy = *node;
        copy.input = push(node->input, {});
        return filtered(make_rel(rel->columns, std::move(copy)), predicates);
    }
    if (const auto* node = std::get_if<Match>(&rel->node)) {
        Match copy = *node;
        copy.input = push(node->input, {});
        return filtered(make_rel(rel->columns, std::move(copy)), predicates);
    }
    if (const auto* node = std::get_if<UnionAll>(&rel->node)) {
        UnionAll copy;
        for (const RelPtr& input : node->inputs)
            copy.inputs.push_back(push(input, predicates));
        return make_rel(rel->columns, std::move(copy));
    }
    if (const auto* node = std::get_if<AssignWindow>(&rel->node)) {
        if (is_session(*node))
            return push_partitioned(*rel, *node, node->partition, std::move(predicates));
        auto [below, here] =
            split(std::move(predicates), node->input->columns.size(), rel->columns.size());
        AssignWindow copy = *node;
        copy.input = push(node->input, std::move(below));
        return filtered(make_rel(rel->columns, std::move(copy)), here);
    }
    if (const auto* node = std::get_if<Unnest>(&rel->node)) {
        auto [below, here] =
            split(std::move(predicates), node->input->columns.size(), rel->columns.size());
        Unnest copy = *node;
        copy.input = push(node->input, std::move(below));
        return filtered(make_rel(rel->columns, std::move(copy)), here);
    }
    if (const auto* node = std::get_if<Expand>(&rel->node)) {
        auto [below, here] =
            split(std::move(predicates), node->input->columns.size(), rel->columns.size());
        Expand copy = *node;
        copy.input = push(node->input, std::move(below));
        return filtered(make_rel(rel->columns, std::move(copy)), here);
    }
    return filtered(rel, predicates);
}

// `expand` over `input`, whose column moved[i] was column i, or is gone (SIZE_MAX). `where` becomes
// the same for the columns of the result. Null: a key is gone.
RelPtr moved_expand(const Rel& rel,
                    const RelPtr& input,
                    const std::vector<std::size_t>& moved,
                    std::vector<std::size_t>& where) {
    Expand copy = std::get<Expand>(rel.node);
    const std::size_t width = copy.input->columns.size();
    copy.input = input;
    for (std::size_t& key : copy.spec.keys) {
        if (moved[key] == SIZE_MAX) return nullptr;
        key = moved[key];
    }
    where = moved;
    std::vector<ColumnInfo> columns = input->columns;
    for (std::size_t i = width; i < rel.columns.size(); ++i) {
        where.push_back(columns.size());
        columns.push_back(rel.columns[i]);
    }
    return make_rel(std::move(columns), std::move(copy));
}

// Whether the groups are those of sessions: their keys, and constants.
bool groups_sessions(const Aggregate& node, const Project& project, const AssignWindow& assign) {
    std::vector<std::size_t> missing = assign.partition;
    for (const std::size_t key : node.keys) {
        const Expr& expr = *project.expressions[key];
        if (expr.kind == ExprKind::kLiteral) continue;
        const auto& partition = assign.partition;
        if (expr.kind != ExprKind::kColumn ||
            std::find(partition.begin(), partition.end(), expr.column) == partition.end())
            return false;
        std::erase(missing, expr.column);
    }
    return missing.empty() && can_merge_sessions(node.calls);
}

bool can_fuse(const Aggregate& node, const Project& project, const AssignWindow& assign) {
    if (!changing_operator(*assign.input).empty()) return false;
    if (!is_session(assign)) return true;
    const bool has_sets = std::holds_alternative<Expand>(node.input->node);
    return !has_sets && groups_sessions(node, project, assign);
}

// Aggregate(Project(AssignWindow(x))) -> Aggregate(Project(x)) with slices or sessions, when the
// window's columns are read by nothing but the GROUP BY. An Expand of the projection stays where it
// is.
RelPtr fuse_aggregate(const Rel& rel, const Aggregate& node) {
    Aggregate copy = node;
    const auto* expand = std::get_if<Expand>(&node.input->node);
    const RelPtr& projected = expand == nullptr ? node.input : expand->input;
    const auto* project = std::get_if<Project>(&projected->node);
    const auto* assign =
        project == nullptr ? nullptr : std::get_if<AssignWindow>(&project->input->node);
    if (assign == nullptr || node.window == nullptr || !same_window(assign->window, node.window) ||
        !can_fuse(node, *project, *assign))
        return make_rel(rel.columns, std::move(copy));
    const std::size_t width = assign->input->columns.size();
    const std::size_t count = project->input->columns.size();
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    std::vector<std::size_t> moved(project->expressions.size(), SIZE_MAX);
    for (std::size_t i = 0; i < project->expressions.size(); ++i) {
        if (!reads_below(*project->expressions[i], width, count)) continue;
        moved[i] = expressions.size();
        expressions.push_back(project->expressions[i]);
        names.push_back(projected->columns[i].name);
    }
    copy.time_column = expressions.size();
    expressions.push_back(
        make_column(assign->time_column, assign->input->columns[assign->time_column].type));
    names.push_back(assign->input->columns[assign->time_column].name);
    // The new projection may merge with one below it.
    copy.input =
        push(make_project_rel(assign->input, std::move(expressions), std::move(names)), {});
    if (expand != nullptr) {
        std::vector<std::size_t> where;
        copy.input = moved_expand(*node.input, copy.input, moved, where);
        if (copy.input == nullptr) return make_rel(rel.columns, node);
        moved = std::move(where);
    }
    bool can_move = true;
    const auto move_to = [&](std::size_t& column) {
        can_move = can_move && moved[column] != SIZE_MAX;
        column = moved[column];
    };
    for (std::size_t& key : copy.keys)
        move_to(key);
    for (AggregateCall& call : copy.calls) {
        if (call.kind != AggregateKind::kCountStar) move_to(call.argument);
        if (call.filter) move_to(*call.filter);
    }
    if (!can_move) return make_rel(rel.columns, node);
    copy.is_attached = false;
    return make_rel(rel.columns, std::move(copy));
}

RelPtr fuse(const RelPtr& rel) {
    return std::visit(
        [&](const auto& node) -> RelPtr {
            using Node = std::decay_t<decltype(node)>;
            Node copy = node;
            if constexpr (std::is_same_v<Node, Scan>) {
                return rel;
            } else if constexpr (std::is_same_v<Node, UnionAll>) {
                for (RelPtr& input : copy.inputs)
                    input = fuse(input);
            } else if constexpr (std::is_same_v<Node, WindowJoin> ||
                                 std::is_same_v<Node, StreamJoin>) {
                copy.left = fuse(copy.left);
                copy.right = fuse(copy.right);
            } else if constexpr (std::is_same_v<Node, LookupJoin>) {
                copy.input = fuse(copy.input);
            } else {
                copy.input = fuse(copy.input);
            }
            if constexpr (std::is_same_v<Node, Aggregate>) {
                return fuse_aggregate(*rel, copy);
            } else {
                return make_rel(rel->columns, std::move(copy));
            }
        },
        rel->node);
}

}  // namespace

RelPtr optimize(const RelPtr& rel) {
    return prune(extract_fields(fuse(push(rel, {}))));
}

}  // namespace thalweg::plan
