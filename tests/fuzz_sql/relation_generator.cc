#include "tests/fuzz_sql/relation_generator.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace thalweg::fuzz {

namespace {

constexpr std::size_t kItemsMax = 4;

}  // namespace

Relation RelationGenerator::relation(std::size_t depth) {
    if (depth == 0) return table_relation(random_.below(kTables));
    using Make = Relation (RelationGenerator::*)(std::size_t);

    struct Choice {
        Make make;
        std::uint64_t weight;
    };

    constexpr Choice kPool[] = {{&RelationGenerator::select, 3},
                                {&RelationGenerator::group, 4},
                                {&RelationGenerator::join, 4},
                                {&RelationGenerator::semi_join, 3},
                                {&RelationGenerator::many_join, 1},
                                {&RelationGenerator::window_join, 1},
                                {&RelationGenerator::scalar, 2},
                                {&RelationGenerator::unnest, 1},
                                {&RelationGenerator::temporal, 1},
                                {&RelationGenerator::set_operation, 2},
                                {&RelationGenerator::top_n, 3},
                                {&RelationGenerator::window, 3},
                                {&RelationGenerator::over, 2}};
    std::uint64_t all = 0;
    for (const Choice& choice : kPool)
        all += choice.weight;
    std::uint64_t drawn = random_.below(all);
    std::size_t chosen = 0;
    while (drawn >= kPool[chosen].weight)
        drawn -= kPool[chosen++].weight;
    Relation made = (this->*kPool[chosen].make)(depth - 1);
    made.is_view = chance(random_, 15);
    return made;
}

Relation RelationGenerator::input(std::size_t depth) {
    return relation(chance(random_, 40) ? 0 : depth);
}

ExpressionGenerator RelationGenerator::over_inputs(const Relation& relation) {
    return {kinds_of(input_columns(relation)), random_};
}

Kind RelationGenerator::any_kind() {
    const std::vector<Kind> kinds = {
        Kind::kInt, Kind::kInt, Kind::kInt, Kind::kText, Kind::kText, Kind::kBool, Kind::kTime};
    return pick(random_, kinds);
}

void RelationGenerator::name_columns(Relation& relation) {
    for (std::size_t i = 0; i < relation.columns.size(); ++i)
        relation.columns[i].name = "c" + std::to_string(i);
}

void RelationGenerator::add_where(Relation& relation,
                                  const Relation& scope,
                                  std::uint64_t percent) {
    if (chance(random_, percent)) relation.where.push_back(over_inputs(scope).condition());
}

void RelationGenerator::add_items(Relation& relation, const std::vector<Column>& scope) {
    ExpressionGenerator expressions(kinds_of(scope), random_);
    const std::size_t count = 1 + random_.below(kItemsMax);
    for (std::size_t i = 0; i < count; ++i) {
        if (chance(random_, 60)) {
            const std::size_t column = random_.below(scope.size());
            relation.items.push_back(column_of(column, scope[column].kind));
        } else {
            relation.items.push_back(expressions.any(any_kind(), 2));
        }
    }
}

void RelationGenerator::add_item_columns(Relation& relation,
                                         const std::vector<Column>& scope,
                                         bool keeps) {
    for (const Expr& item : relation.items) {
        Column column{"", item.kind};
        if (keeps && item.op == ExprOp::kColumn) {
            column.is_row_time = scope[item.column].is_row_time;
            column.has_equal_times = scope[item.column].has_equal_times;
            column.bound = scope[item.column].bound;
        }
        relation.columns.push_back(column);
    }
    name_columns(relation);
}

Aggregate RelationGenerator::aggregate(ExpressionGenerator& expressions, bool is_plain) {
    Aggregate made;
    made.kind = static_cast<AggregateKind>(random_.below(6));
    if (made.kind != AggregateKind::kCountRows) {
        const bool is_number = made.kind == AggregateKind::kSum || made.kind == AggregateKind::kAvg;
        Kind kind = is_number ? Kind::kInt : any_kind();
        if (kind == Kind::kBool) kind = Kind::kInt;
        made.argument.push_back(expressions.any(kind, random_.below(3)));
        made.is_distinct = !is_plain && chance(random_, 25);
    }
    if (!is_plain && chance(random_, 20)) made.filter.push_back(expressions.condition());
    return made;
}

void RelationGenerator::add_aggregates(Relation& relation, bool is_plain) {
    ExpressionGenerator expressions = over_inputs(relation);
    const std::size_t count = random_.below(4) + (relation.items.empty() ? 1 : 0);
    for (std::size_t i = 0; i < count; ++i) {
        relation.aggregates.push_back(aggregate(expressions, is_plain));
        relation.columns.push_back({"", kind_of(relation.aggregates.back())});
    }
    name_columns(relation);
}

void RelationGenerator::add_keys(Relation& relation, std::size_t count) {
    ExpressionGenerator expressions = over_inputs(relation);
    for (std::size_t i = 0; i < count; ++i) {
        const Expr key = expressions.with_column(any_kind(), random_.below(2));
        const bool is_there =
            std::find(relation.items.begin(), relation.items.end(), key) != relation.items.end();
        if (!is_there) relation.items.push_back(key);
    }
}

void RelationGenerator::add_sets(Relation& relation) {
    if (relation.items.size() != 2 || !chance(random_, 25)) return;
    relation.sets_form = static_cast<SetsForm>(random_.below(3));
    switch (relation.sets_form) {
        case SetsForm::kSets:
            relation.sets = {{0, 1}, {1}};
            if (chance(random_, 50)) relation.sets.emplace_back();
            break;
        case SetsForm::kRollup: relation.sets = {{0, 1}, {0}, {}}; break;
        case SetsForm::kCube: relation.sets = {{0, 1}, {0}, {1}, {}}; break;
    }
    Aggregate grouping;
    grouping.kind = AggregateKind::kGrouping;
    grouping.argument.push_back(relation.items[random_.below(2)]);
    relation.aggregates.push_back(grouping);
    relation.columns.push_back({"", Kind::kInt});
    name_columns(relation);
}

void RelationGenerator::add_having(Relation& relation) {
    if (chance(random_, 25)) {
        ExpressionGenerator expressions(kinds_of(relation.columns), random_);
        relation.having.push_back(expressions.condition());
    }
}

std::vector<std::size_t> RelationGenerator::some_columns(const Relation& below, std::size_t count) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t column = random_.below(below.columns.size());
        if (std::find(columns.begin(), columns.end(), column) == columns.end())
            columns.push_back(column);
    }
    return columns;
}

Relation RelationGenerator::select(std::size_t depth) {
    return select_over(input(depth));
}

Relation RelationGenerator::select_over(Relation below) {
    Relation made;
    made.kind = RelationKind::kSelect;
    made.inputs.push_back(std::move(below));
    const std::vector<Column> scope = input_columns(made);
    add_items(made, scope);
    add_where(made, made, 40);
    made.is_distinct = chance(random_, 20);
    add_item_columns(made, scope, !made.is_distinct);
    return made;
}

Relation RelationGenerator::group(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kGroup;
    made.inputs.push_back(input(depth));
    add_where(made, made, 25);
    const auto start = find_bound(made.inputs[0], WindowBound::kStart);
    const auto end = find_bound(made.inputs[0], WindowBound::kEnd);
    const bool is_windowed = start && end && chance(random_, 60);
    if (is_windowed) made.items = {column_of(*start, Kind::kTime), column_of(*end, Kind::kTime)};
    add_keys(made, chance(random_, 15) ? 0 : 1 + random_.below(2));
    add_item_columns(made, made.inputs[0].columns, false);
    add_aggregates(made, false);
    if (!is_windowed) add_sets(made);
    add_having(made);
    return made;
}

Relation random_relation(Random& random) {
    return RelationGenerator(random).relation(1 + random.below(3));
}

std::optional<std::size_t> find_bound(const Relation& relation, WindowBound bound) {
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
        if (relation.columns[i].bound == bound) return i;
    }
    return std::nullopt;
}

}  // namespace thalweg::fuzz
