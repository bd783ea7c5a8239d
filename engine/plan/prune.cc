#include "engine/plan/prune.h"

#include "engine/plan/match_columns.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace thalweg::plan {

namespace {

using Needed = std::vector<bool>;

// A pruned tree, and where each column of the old one went (kGone: nowhere).
struct Pruned {
    static constexpr std::size_t kGone = SIZE_MAX;

    RelPtr rel;
    std::vector<std::size_t> where;

    [[nodiscard]] std::size_t at(std::size_t column) const {
        ASSERT(where[column] != kGone);
        return where[column];
    }

    // For substitute(): the old columns as expressions over the new ones.
    [[nodiscard]] std::vector<ExprPtr> columns() const {
        std::vector<ExprPtr> expressions(where.size());
        for (std::size_t i = 0; i < where.size(); ++i) {
            if (where[i] != kGone)
                expressions[i] = make_column(where[i], rel->columns[where[i]].type);
        }
        return expressions;
    }
};

Pruned prune_rel(const RelPtr& rel, Needed needed);

// At least one column stays: a batch without columns could not say how many rows it has.
void keep_one(Needed& needed) {
    if (std::find(needed.begin(), needed.end(), true) == needed.end()) needed.at(0) = true;
}

Pruned prune_node(const Rel& rel, const Scan& node, Needed needed) {
    keep_one(needed);
    const std::vector<std::size_t> keys = change_keys(node);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        const bool is_key =
            std::find(keys.begin(), keys.end(), node.outputs[i].column) != keys.end();
        needed[i] = needed[i] || (is_key && node.outputs[i].path.empty());
    }
    Pruned result;
    Scan copy{node.table, {}};
    std::vector<ColumnInfo> columns;
    for (std::size_t i = 0; i < needed.size(); ++i) {
        result.where.push_back(needed[i] ? columns.size() : Pruned::kGone);
        if (!needed[i]) continue;
        copy.outputs.push_back(node.outputs[i]);
        columns.push_back(rel.columns[i]);
    }
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

Pruned prune_node(const Rel& rel, const Filter& node, Needed needed) {
    static_cast<void>(rel);
    mark_columns(*node.condition, needed);
    Pruned input = prune_rel(node.input, std::move(needed));
    ExprPtr condition = substitute(node.condition, input.columns());
    input.rel = make_filter_rel(std::move(input.rel), std::move(condition));
    return input;
}

Pruned prune_node(const Rel& rel, const Project& node, Needed needed) {
    keep_one(needed);
    Needed below(node.input->columns.size(), false);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i]) mark_columns(*node.expressions[i], below);
    }
    Pruned input = prune_rel(node.input, std::move(below));
    const std::vector<ExprPtr> moved = input.columns();
    Pruned result;
    std::vector<ExprPtr> expressions;
    std::vector<ColumnInfo> columns;
    for (std::size_t i = 0; i < needed.size(); ++i) {
        result.where.push_back(needed[i] ? columns.size() : Pruned::kGone);
        if (!needed[i]) continue;
        expressions.push_back(substitute(node.expressions[i], moved));
        columns.push_back(rel.columns[i]);
    }
    result.rel =
        make_rel(std::move(columns), Project{std::move(input.rel), std::move(expressions)});
    return result;
}

// For operators that pass their input's columns through and append `extra` of their own.
Pruned append_columns(const Rel& rel, Pruned input, std::size_t old_width) {
    std::vector<ColumnInfo> columns = input.rel->columns;
    Pruned result;
    result.where = input.where;
    for (std::size_t i = old_width; i < rel.columns.size(); ++i) {
        result.where.push_back(columns.size());
        columns.push_back(rel.columns[i]);
    }
    result.rel = make_rel(std::move(columns), UnionAll{});  // The caller sets the node.
    return result;
}

template <class Node>
Pruned with_node(Pruned pruned, Node node) {
    pruned.rel = make_rel(pruned.rel->columns, std::move(node));
    return pruned;
}

Pruned prune_node(const Rel& rel, const AssignWindow& node, Needed needed) {
    const std::size_t width = node.input->columns.size();
    needed.resize(width);
    needed[node.time_column] = true;
    for (const std::size_t key : node.partition)
        needed[key] = true;
    Pruned input = prune_rel(node.input, std::move(needed));
    AssignWindow copy{input.rel, node.window, input.at(node.time_column), node.partition};
    for (std::size_t& key : copy.partition)
        key = input.at(key);
    return with_node(append_columns(rel, std::move(input), width), std::move(copy));
}

Pruned prune_node(const Rel& rel, const Unnest& node, Needed needed) {
    const std::size_t width = node.input->columns.size();
    needed.resize(width);
    mark_columns(*node.list, needed);
    Pruned input = prune_rel(node.input, std::move(needed));
    Unnest copy = node;
    copy.list = substitute(node.list, input.columns());
    copy.input = input.rel;
    return with_node(append_columns(rel, std::move(input), width), std::move(copy));
}

Pruned prune_node(const Rel& rel, const Expand& node, Needed needed) {
    const std::size_t width = node.input->columns.size();
    needed.resize(width);
    for (const std::size_t key : node.spec.keys)
        needed[key] = true;
    if (!needed.empty()) keep_one(needed);
    Pruned input = prune_rel(node.input, std::move(needed));
    Expand copy{input.rel, node.spec};
    for (std::size_t& key : copy.spec.keys)
        key = input.at(key);
    return with_node(append_columns(rel, std::move(input), width), std::move(copy));
}

Pruned prune_node(const Rel& rel, const Aggregate& node, Needed needed) {
    Needed below(node.input->columns.size(), false);
    if (node.window == nullptr) {
        // It reads no time.
    } else if (node.is_attached) {
        below[node.start_column] = true;
        below[node.end_column] = true;
    } else {
        below[node.time_column] = true;
    }
    for (const std::size_t key : node.keys)
        below[key] = true;
    const std::size_t key_count = node.keys.size();
    if (key_count == 0 && node.window == nullptr) keep_one(needed);
    for (std::size_t i = 0; i < node.calls.size(); ++i) {
        if (!needed[key_count + i]) continue;
        if (node.calls[i].kind != AggregateKind::kCountStar) below[node.calls[i].argument] = true;
        if (node.calls[i].filter) below[*node.calls[i].filter] = true;
    }
    if (!below.empty()) keep_one(below);
    Pruned input = prune_rel(node.input, std::move(below));
    Aggregate copy = node;
    copy.input = input.rel;
    if (node.window == nullptr) {
        // As above.
    } else if (node.is_attached) {
        copy.start_column = input.at(node.start_column);
        copy.end_column = input.at(node.end_column);
    } else {
        copy.time_column = input.at(node.time_column);
    }
    for (std::size_t& key : copy.keys)
        key = input.at(key);
    copy.calls.clear();
    Pruned result;
    std::vector<ColumnInfo> columns;
    for (std::size_t i = 0; i < rel.columns.size(); ++i) {
        const bool is_call = i >= key_count && i < key_count + node.calls.size();
        if (is_call && !needed[i]) {
            result.where.push_back(Pruned::kGone);
            continue;
        }
        result.where.push_back(columns.size());
        columns.push_back(rel.columns[i]);
        if (!is_call) continue;
        AggregateCall call = node.calls[i - key_count];
        if (call.kind != AggregateKind::kCountStar) call.argument = input.at(call.argument);
        if (call.filter) call.filter = input.at(*call.filter);
        copy.calls.push_back(std::move(call));
    }
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

// The condition of a join over the columns of both sides as they are now; null stays null.
ExprPtr prune_condition(const ExprPtr& condition, const Pruned& left, const Pruned& right) {
    if (condition == nullptr) return nullptr;
    const std::size_t new_left = left.rel->columns.size();
    std::vector<ExprPtr> moved = left.columns();
    for (const std::size_t column : right.where) {
        const bool is_gone = column == Pruned::kGone;
        moved.push_back(is_gone ? nullptr
                                : make_column(new_left + column, right.rel->columns[column].type));
    }
    return substitute(condition, moved);
}

// A join `rel` of both, or of its left columns alone.
template <class Node>
Pruned joined(
    const Rel& rel, const Pruned& left, const Pruned& right, bool is_left_only, Node node) {
    const std::size_t new_left = left.rel->columns.size();
    Pruned result;
    result.where = left.where;
    std::vector<ColumnInfo> columns(new_left + (is_left_only ? 0 : right.rel->columns.size()));
    for (std::size_t i = 0; i < right.where.size() && !is_left_only; ++i) {
        const std::size_t column = right.where[i];
        result.where.push_back(column == Pruned::kGone ? column : new_left + column);
    }
    for (std::size_t i = 0; i < result.where.size(); ++i) {
        if (result.where[i] != Pruned::kGone) columns[result.where[i]] = rel.columns[i];
    }
    result.rel = make_rel(std::move(columns), std::move(node));
    return result;
}

Pruned prune_node(const Rel& rel, const WindowJoin& node, Needed needed) {
    const std::size_t left_count = node.left->columns.size();
    const bool is_left_only = node.kind == JoinKind::kSemi || node.kind == JoinKind::kAnti;
    needed.resize(left_count + node.right->columns.size());  // The condition reads both sides.
    if (node.residual != nullptr) mark_columns(*node.residual, needed);
    Needed left(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(left_count));
    Needed right(needed.begin() + static_cast<std::ptrdiff_t>(left_count), needed.end());
    left[node.left_start] = left[node.left_end] = true;
    right[node.right_start] = right[node.right_end] = true;
    for (const JoinKey& key : node.keys) {
        left[key.left] = true;
        right[key.right] = true;
    }
    const Pruned l = prune_rel(node.left, std::move(left));
    const Pruned r = prune_rel(node.right, std::move(right));
    WindowJoin copy = node;
    copy.left = l.rel;
    copy.right = r.rel;
    copy.left_start = l.at(node.left_start);
    copy.left_end = l.at(node.left_end);
    copy.right_start = r.at(node.right_start);
    copy.right_end = r.at(node.right_end);
    for (JoinKey& key : copy.keys)
        key = {l.at(key.left), r.at(key.right), key.null_is_equal};
    copy.residual = prune_condition(node.residual, l, r);
    return joined(rel, l, r, is_left_only, std::move(copy));
}

Pruned prune_node(const Rel& rel, const StreamJoin& node, Needed needed) {
    const std::size_t left_count = node.left->columns.size();
    const bool is_left_only = node.kind == JoinKind::kSemi || node.kind == JoinKind::kAnti;
    needed.resize(left_count + node.right->columns.size());  // The condition reads both sides.
    if (node.residual != nullptr) mark_columns(*node.residual, needed);
    Needed left(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(left_count));
    Needed right(needed.begin() + static_cast<std::ptrdiff_t>(left_count), needed.end());
    for (const JoinKey& key : node.keys) {
        left[key.left] = true;
        right[key.right] = true;
    }
    if (node.bounds) left[node.bounds->left] = right[node.bounds->right] = true;
    if (node.as_of) left[node.as_of->left] = right[node.as_of->right] = true;
    const Pruned l = prune_rel(node.left, std::move(left));
    const Pruned r = prune_rel(node.right, std::move(right));
    StreamJoin copy = node;
    if (copy.bounds) {
        copy.bounds->left = l.at(node.bounds->left);
        copy.bounds->right = r.at(node.bounds->right);
    }
    if (copy.as_of) copy.as_of = AsOf{l.at(node.as_of->left), r.at(node.as_of->right)};
    copy.left = l.rel;
    copy.right = r.rel;
    for (JoinKey& key : copy.keys)
        key = {l.at(key.left), r.at(key.right), key.null_is_equal};
    copy.residual = prune_condition(node.residual, l, r);
    return joined(rel, l, r, is_left_only, std::move(copy));
}

Pruned prune_node(const Rel& rel, const LookupJoin& node, Needed needed) {
    const std::size_t input_count = node.input->columns.size();
    Needed read(input_count + node.table->columns.size(), false);  // Of both sides.
    if (node.residual != nullptr) mark_columns(*node.residual, read);
    const auto middle = read.begin() + static_cast<std::ptrdiff_t>(input_count);
    Needed input(read.begin(), middle);
    Needed table(middle, read.end());
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (!needed[i]) continue;
        if (i < input_count) {
            input[i] = true;
        } else {
            table[node.shown[i - input_count]] = true;
        }
    }
    for (const JoinKey& key : node.keys) {
        input[key.left] = true;
        table[key.right] = true;
    }
    const Pruned l = prune_rel(node.input, std::move(input));
    const Pruned r = prune_rel(node.table, std::move(table));
    LookupJoin copy = node;
    copy.input = l.rel;
    copy.table = r.rel;
    for (JoinKey& key : copy.keys)
        key = {l.at(key.left), r.at(key.right), key.null_is_equal};
    copy.shown.clear();
    Pruned result;
    result.where = l.where;
    std::vector<ColumnInfo> columns = l.rel->columns;
    for (std::size_t i = input_count; i < rel.columns.size(); ++i) {
        result.where.push_back(needed[i] ? columns.size() : Pruned::kGone);
        if (!needed[i]) continue;
        copy.shown.push_back(r.at(node.shown[i - input_count]));
        columns.push_back(rel.columns[i]);
    }
    copy.residual = prune_condition(node.residual, l, r);
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

Pruned prune_node(const Rel& rel, const UnionAll& node, Needed needed) {
    keep_one(needed);
    Pruned result;
    std::vector<ColumnInfo> columns;
    for (std::size_t i = 0; i < needed.size(); ++i) {
        result.where.push_back(needed[i] ? columns.size() : Pruned::kGone);
        if (needed[i]) columns.push_back(rel.columns[i]);
    }
    UnionAll copy;
    for (const RelPtr& old : node.inputs) {
        const Pruned input = prune_rel(old, needed);
        std::vector<ExprPtr> expressions;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < needed.size(); ++i) {
            if (!needed[i]) continue;
            const std::size_t column = input.at(i);
            expressions.push_back(make_column(column, input.rel->columns[column].type));
            names.push_back(rel.columns[i].name);
        }
        copy.inputs.push_back(
            make_project_rel(input.rel, std::move(expressions), std::move(names)));
    }
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

void mark_window(const std::vector<std::size_t>& partition,
                 const std::vector<SortItem>& order,
                 Needed& below) {
    for (const std::size_t column : partition)
        below[column] = true;
    for (const SortItem& item : order)
        below[item.column] = true;
}

void move_window(const Pruned& input,
                 std::vector<std::size_t>& partition,
                 std::vector<SortItem>& order) {
    for (std::size_t& column : partition)
        column = input.at(column);
    for (SortItem& item : order)
        item.column = input.at(item.column);
}

Pruned prune_node(const Rel& rel, const Over& node, Needed needed) {
    const std::size_t width = node.input->columns.size();
    Needed below(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(width));
    mark_window(node.partition, node.order, below);
    for (std::size_t i = 0; i < node.calls.size(); ++i) {
        if (!needed[width + i]) continue;
        const OverCall& call = node.calls[i];
        if (reads_argument(call)) below[call.aggregate.argument] = true;
        if (call.aggregate.filter) below[*call.aggregate.filter] = true;
        if (call.otherwise) below[*call.otherwise] = true;
    }
    keep_one(below);
    Pruned input = prune_rel(node.input, std::move(below));
    Over copy = node;
    copy.input = input.rel;
    move_window(input, copy.partition, copy.order);
    copy.calls.clear();
    Pruned result;
    result.where = input.where;
    std::vector<ColumnInfo> columns = input.rel->columns;
    for (std::size_t i = 0; i < node.calls.size(); ++i) {
        result.where.push_back(needed[width + i] ? columns.size() : Pruned::kGone);
        if (!needed[width + i]) continue;
        OverCall call = node.calls[i];
        if (reads_argument(call)) call.aggregate.argument = input.at(call.aggregate.argument);
        if (call.aggregate.filter) call.aggregate.filter = input.at(*call.aggregate.filter);
        if (call.otherwise) call.otherwise = input.at(*call.otherwise);
        copy.calls.push_back(std::move(call));
        columns.push_back(rel.columns[width + i]);
    }
    // Nobody asks for any result: rows pass as they are.
    result.rel = copy.calls.empty() ? copy.input : make_rel(std::move(columns), std::move(copy));
    return result;
}

Pruned prune_node(const Rel& rel, const Rank& node, Needed needed) {
    const std::size_t width = node.input->columns.size();
    const bool has_number = node.has_number && needed[width];
    Needed below(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(width));
    mark_window(node.partition, node.order, below);
    if (node.window != nullptr) below[node.start_column] = below[node.end_column] = true;
    keep_one(below);
    Pruned input = prune_rel(node.input, std::move(below));
    Rank copy = node;
    copy.input = input.rel;
    copy.has_number = has_number;
    move_window(input, copy.partition, copy.order);
    if (node.window != nullptr) {
        copy.start_column = input.at(node.start_column);
        copy.end_column = input.at(node.end_column);
    }
    Pruned result;
    result.where = input.where;
    std::vector<ColumnInfo> columns = input.rel->columns;
    if (node.has_number) result.where.push_back(has_number ? columns.size() : Pruned::kGone);
    if (has_number) columns.push_back(rel.columns[width]);
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

Pruned prune_node(const Rel& rel, const Sort& node, Needed needed) {
    static_cast<void>(rel);
    mark_window({}, node.order, needed);
    keep_one(needed);
    Pruned input = prune_rel(node.input, std::move(needed));
    Sort copy = node;
    copy.input = input.rel;
    std::vector<std::size_t> none;
    move_window(input, none, copy.order);
    input.rel = make_rel(std::vector<ColumnInfo>(input.rel->columns), std::move(copy));
    return input;
}

Pruned prune_node(const Rel& rel, const Match& node, Needed needed) {
    keep_one(needed);
    Match copy = node;
    Pruned result;
    std::vector<ColumnInfo> columns;
    copy.spec.measures.expressions.clear();
    for (std::size_t i = 0; i < needed.size(); ++i) {
        result.where.push_back(needed[i] ? columns.size() : Pruned::kGone);
        if (!needed[i]) continue;
        copy.spec.measures.expressions.push_back(node.spec.measures.expressions[i]);
        columns.push_back(rel.columns[i]);
    }
    Needed below(node.input->columns.size(), false);
    mark_window(node.spec.partition, node.spec.order, below);
    mark_match_columns(copy.spec, below);
    const std::size_t width = below.size();
    Pruned input = prune_rel(node.input, std::move(below));
    copy.input = input.rel;
    move_window(input, copy.spec.partition, copy.spec.order);
    move_match_columns(copy.spec, width, *input.rel, [&](std::size_t column) {
        return input.where[column] == Pruned::kGone ? std::nullopt
                                                    : std::optional(input.where[column]);
    });
    result.rel = make_rel(std::move(columns), std::move(copy));
    return result;
}

Pruned prune_rel(const RelPtr& rel, Needed needed) {
    ASSERT(needed.size() == rel->columns.size());
    return std::visit([&](const auto& node) { return prune_node(*rel, node, std::move(needed)); },
                      rel->node);
}

}  // namespace

RelPtr prune(const RelPtr& rel) {
    Pruned pruned = prune_rel(rel, Needed(rel->columns.size(), true));
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    bool is_same = pruned.rel->columns.size() == rel->columns.size();
    for (std::size_t i = 0; i < rel->columns.size(); ++i) {
        const std::size_t column = pruned.at(i);
        is_same = is_same && column == i;
        expressions.push_back(make_column(column, pruned.rel->columns[column].type));
        names.push_back(rel->columns[i].name);
    }
    if (is_same) return pruned.rel;
    return make_project_rel(std::move(pruned.rel), std::move(expressions), std::move(names));
}

}  // namespace thalweg::plan
