#include "tests/fuzz_sql/relation_generator.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace thalweg::fuzz {

namespace {

// Rows that only come, in time, and never two at once, may go through an OVER by time, and so on.
bool is_table_0(const Relation& relation) {
    if (relation.kind == RelationKind::kTable) return relation.table == 0;
    return relation.kind == RelationKind::kSelect && !relation.is_distinct &&
           is_table_0(relation.inputs[0]);
}

}  // namespace

void RelationGenerator::add_total_order(Relation& relation) {
    std::vector<std::size_t> columns(relation.inputs[0].columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i] = i;
    for (std::size_t i = columns.size(); i > 1; --i)
        std::swap(columns[i - 1], columns[random_.below(i)]);
    for (const std::size_t column : columns)
        relation.order.push_back({column, chance(random_, 50)});
}

std::vector<std::size_t> RelationGenerator::unique_times(const Relation& below) {
    std::vector<std::size_t> times;
    for (std::size_t i = 0; is_table_0(below) && i < below.columns.size(); ++i) {
        if (below.columns[i].is_row_time && !below.columns[i].has_equal_times) times.push_back(i);
    }
    return times;
}

Relation RelationGenerator::top_n(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kTopN;
    made.inputs.push_back(input(depth));
    const Relation& below = made.inputs[0];
    made.rank = static_cast<RankKind>(random_.below(4));
    if (made.rank != RankKind::kLimit) made.partition = some_columns(below, random_.below(3));
    const auto start = find_bound(below, WindowBound::kStart);
    const auto end = find_bound(below, WindowBound::kEnd);
    if (start && end && made.rank != RankKind::kLimit && chance(random_, 70))
        made.partition = {*start, *end};
    const std::vector<std::size_t> times = unique_times(below);
    add_total_order(made);
    if (!times.empty() && chance(random_, 40)) made.order = {{times[0], chance(random_, 50)}};
    const bool has_ties = made.rank == RankKind::kRank || made.rank == RankKind::kDenseRank;
    if (has_ties && chance(random_, 70)) made.order.resize(1);
    made.limit = 1 + random_.below(3);
    if (chance(random_, 20)) made.first = 1 + random_.below(made.limit);
    made.columns = below.columns;
    for (Column& column : made.columns)
        column.is_row_time = false;
    made.has_number = made.rank != RankKind::kLimit && chance(random_, 40);
    if (made.has_number) made.columns.push_back({number_name(made), Kind::kInt});
    return made;
}

std::vector<std::size_t> RelationGenerator::row_times(const Relation& below) {
    std::vector<std::size_t> times;
    for (std::size_t i = 0; i < below.columns.size(); ++i) {
        if (below.columns[i].is_row_time) times.push_back(i);
    }
    return times;
}

Relation RelationGenerator::timed_input(std::size_t depth) {
    for (int i = 0; i < 3; ++i) {
        Relation below = input(depth);
        if (depth == 0) break;
        if (!row_times(below).empty()) return below;
    }
    return table_relation(chance(random_, 80) ? 0 : 1);
}

WindowSpec RelationGenerator::window_spec(const Relation& below) {
    WindowSpec spec;
    spec.kind = static_cast<WindowKind>(random_.below(4));
    spec.time = pick(random_, row_times(below));
    // Not sessions of the times of windows: these touch at the very moment when the first is over,
    // so that whether they are one depends on how far a watermark goes at a time.
    if (spec.kind == WindowKind::kSession && below.kind != RelationKind::kTable)
        spec.kind = WindowKind::kTumble;
    spec.step_s = 2 + static_cast<std::int64_t>(random_.below(3));
    spec.size_s = spec.step_s * (1 + static_cast<std::int64_t>(random_.below(4)));
    return spec;
}

Relation RelationGenerator::window(std::size_t depth) {
    if (chance(random_, 20)) return windowed(timed_input(depth), std::nullopt);
    if (chance(random_, 25)) return group_window(depth);
    Relation made;
    made.kind = RelationKind::kWindow;
    made.inputs.push_back(timed_input(depth));
    made.window = window_spec(made.inputs[0]);
    if (made.window.kind == WindowKind::kSession)
        made.partition = some_columns(made.inputs[0], random_.below(3));
    add_where(made, made, 15);
    add_keys(made, random_.below(3));
    add_item_columns(made, {}, false);
    made.columns.insert(made.columns.begin(),
                        {{"", Kind::kTime, false, true, WindowBound::kStart},
                         {"", Kind::kTime, false, true, WindowBound::kEnd},
                         {"", Kind::kTime, true}});
    add_aggregates(made, false);
    add_sets(made);
    add_having(made);
    return made;
}

// As of old: TUMBLE, HOP and SESSION among the keys, which are columns.
Relation RelationGenerator::group_window(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kWindow;
    made.is_group_window = true;
    made.inputs.push_back(timed_input(depth));
    made.window = window_spec(made.inputs[0]);
    if (made.window.kind == WindowKind::kCumulate) made.window.kind = WindowKind::kSession;
    add_where(made, made, 25);
    const std::vector<Column>& below = made.inputs[0].columns;
    const std::vector<std::size_t> keys = some_columns(made.inputs[0], random_.below(3));
    for (const std::size_t column : keys)
        made.items.push_back(column_of(column, below[column].kind));
    if (made.window.kind == WindowKind::kSession) made.partition = keys;
    made.columns = {{"", Kind::kTime, false, true, WindowBound::kStart},
                    {"", Kind::kTime, false, true, WindowBound::kEnd},
                    {"", Kind::kTime, true}};
    for (const Expr& item : made.items)
        made.columns.push_back({"", item.kind});
    add_aggregates(made, false);
    add_having(made);
    return made;
}

Relation RelationGenerator::windowed(Relation below, const std::optional<WindowSpec>& like) {
    Relation made;
    made.kind = RelationKind::kWindowed;
    made.inputs.push_back(std::move(below));
    made.window = window_spec(made.inputs[0]);
    const std::size_t time = made.window.time;
    if (like) made.window = *like;
    made.window.time = time;
    if (made.window.kind == WindowKind::kSession)
        made.partition = some_columns(made.inputs[0], random_.below(3));
    made.columns = made.inputs[0].columns;
    for (Column& column : made.columns) {
        column.is_row_time = false;
        column.bound = WindowBound::kNone;
    }
    made.columns.push_back({"", Kind::kTime, false, true, WindowBound::kStart});
    made.columns.push_back({"", Kind::kTime, false, true, WindowBound::kEnd});
    made.columns.push_back({"", Kind::kTime, true});
    name_columns(made);
    return made;
}

Relation RelationGenerator::over(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kOver;
    made.inputs.push_back(input(depth));
    const Relation& below = made.inputs[0];
    made.partition = some_columns(below, random_.below(3));
    const std::vector<std::size_t> times = unique_times(below);
    if (!times.empty()) {
        made.order.push_back({times[0], false});
        made.has_range = chance(random_, 50);
    } else {
        add_total_order(made);
        // With equals, which RANGE has in one frame.
        made.has_range = chance(random_, 35);
        if (made.has_range) made.order.resize(1);
    }
    const bool is_plain_range = made.has_range && times.empty();
    if (!is_plain_range && chance(random_, 50))
        made.bound.push_back(static_cast<std::int64_t>(random_.below(5)));
    made.columns = below.columns;
    for (Column& column : made.columns)
        column.is_row_time = false;
    add_over_aggregates(made);
    return made;
}

void RelationGenerator::add_over_aggregates(Relation& relation) {
    add_aggregates(relation, true);
    ExpressionGenerator expressions = over_inputs(relation);
    const Column& by = relation.inputs[0].columns[relation.order[0].column];
    const bool has_ties = relation.has_range && (!by.is_row_time || by.has_equal_times);
    std::vector<AggregateKind> more = {AggregateKind::kCountRows};
    if (!has_ties) more = {AggregateKind::kRowNumber, AggregateKind::kLag, AggregateKind::kLead};
    if (relation.order.size() == 1 && !has_ties) more.pop_back();  // LEAD cannot wait for a time.
    if (relation.aggregates.empty() || chance(random_, 40)) {
        Aggregate extra;
        extra.kind = pick(random_, more);
        if (extra.kind == AggregateKind::kLag || extra.kind == AggregateKind::kLead)
            extra.argument.push_back(expressions.any(Kind::kInt, 1));
        relation.aggregates.push_back(extra);
        relation.columns.push_back({"", Kind::kInt});
    }
    name_columns(relation);
}

}  // namespace thalweg::fuzz
