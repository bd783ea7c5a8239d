#include "tests/fuzz_sql/relation_generator.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace thalweg::fuzz {

void RelationGenerator::add_equalities(Relation& relation, std::size_t count) {
    const std::size_t left = relation.inputs[0].columns.size();
    const std::vector<Column> scope = input_columns(relation);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t one = random_.below(left);
        std::vector<std::size_t> others;
        for (std::size_t k = left; k < scope.size(); ++k) {
            if (scope[k].kind == scope[one].kind) others.push_back(k);
        }
        if (others.empty()) continue;
        relation.equalities.emplace_back(column_of(one, scope[one].kind),
                                         column_of(pick(random_, others), scope[one].kind));
    }
}

// Of two inputs with windows: that these are equal.
void RelationGenerator::add_bounds(Relation& relation) {
    const std::size_t left = relation.inputs[0].columns.size();
    for (const WindowBound bound : {WindowBound::kStart, WindowBound::kEnd}) {
        const auto one = find_bound(relation.inputs[0], bound);
        const auto other = find_bound(relation.inputs[1], bound);
        if (!one || !other) continue;
        relation.equalities.emplace_back(column_of(*one, Kind::kTime),
                                         column_of(left + *other, Kind::kTime));
    }
}

// Of two inputs with row times: that these are near each other.
void RelationGenerator::add_interval(Relation& relation) {
    const std::vector<std::size_t> ones = row_times(relation.inputs[0]);
    const std::vector<std::size_t> others = row_times(relation.inputs[1]);
    if (ones.empty() || others.empty() || !chance(random_, 50)) return;
    const std::size_t left = relation.inputs[0].columns.size();
    const auto at = [&](std::int64_t seconds) {
        return Expr{ExprOp::kAddSeconds,
                    Kind::kTime,
                    0,
                    {},
                    {column_of(left + others[0], Kind::kTime), literal_of(seconds, Kind::kInt)}};
    };
    const auto back = static_cast<std::int64_t>(random_.below(6));
    const auto ahead = static_cast<std::int64_t>(random_.below(6));
    relation.residual.push_back({ExprOp::kBetween,
                                 Kind::kBool,
                                 0,
                                 {},
                                 {column_of(ones[0], Kind::kTime), at(-back), at(ahead)}});
}

Relation RelationGenerator::join(std::size_t depth) {
    Relation left = input(depth);
    const bool is_same = chance(random_, 20);
    if (is_same) left.is_view = left.is_view || chance(random_, 50);
    Relation right = is_same ? left : input(depth);
    return join_of(std::move(left), std::move(right));
}

Relation RelationGenerator::join_of(Relation left, Relation right) {
    Relation made;
    made.kind = RelationKind::kJoin;
    made.join = static_cast<JoinKind>(random_.below(4));
    made.inputs.push_back(std::move(left));
    made.inputs.push_back(std::move(right));
    if (chance(random_, 80)) add_bounds(made);
    add_equalities(made, made.equalities.empty() ? 1 + random_.below(2) : random_.below(2));
    add_interval(made);
    if (made.residual.empty() && (made.equalities.empty() || chance(random_, 30)))
        made.residual.push_back(over_inputs(made).condition());
    add_items(made, input_columns(made));
    add_where(made, made, 15);
    add_item_columns(made, {}, false);
    return made;
}

Relation RelationGenerator::semi_join(std::size_t depth) {
    Relation left = input(depth);
    return semi_join_of(std::move(left), input(depth));
}

Relation RelationGenerator::semi_join_of(Relation left, Relation right) {
    Relation made;
    made.kind = RelationKind::kSemiJoin;
    made.semi = static_cast<SemiKind>(random_.below(4));
    made.inputs.push_back(std::move(left));
    made.inputs.push_back(std::move(right));
    const bool is_in = made.semi == SemiKind::kIn || made.semi == SemiKind::kNotIn;
    add_equalities(made, is_in ? 1 : 1 + random_.below(2));
    if (made.equalities.empty()) return select_over(std::move(made.inputs[0]));
    if (chance(random_, 80)) add_bounds(made);
    if (chance(random_, 30)) made.residual.push_back(over_inputs(made).condition());
    Relation outer;  // In whose scope the rest stands.
    outer.inputs.push_back(made.inputs[0]);
    add_items(made, made.inputs[0].columns);
    add_where(made, outer, 15);
    add_item_columns(made, {}, false);
    return made;
}

// Three inputs, each tied to one before it.
Relation RelationGenerator::many_join(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kManyJoin;
    std::vector<Column> scope;
    for (std::size_t i = 0; i < 3; ++i) {
        made.inputs.push_back(input(i == 0 ? depth : 0));
        const std::size_t left = scope.size();
        scope = input_columns(made);
        for (int tries = 0; i > 0 && tries < 5; ++tries) {
            const std::size_t one = random_.below(left);
            const std::size_t other = left + random_.below(scope.size() - left);
            if (scope[one].kind != scope[other].kind) continue;
            made.equalities.emplace_back(column_of(one, scope[one].kind),
                                         column_of(other, scope[one].kind));
            break;
        }
    }
    if (chance(random_, 30)) made.residual.push_back(over_inputs(made).condition());
    std::reverse(made.equalities.begin(), made.equalities.end());
    add_items(made, scope);
    add_item_columns(made, {}, false);
    return made;
}

Relation RelationGenerator::window_join(std::size_t depth) {
    const Relation left = windowed(timed_input(depth), std::nullopt);
    const Relation right = windowed(timed_input(depth), left.window);
    return chance(random_, 30) ? semi_join_of(left, right) : join_of(left, right);
}

// A row of the first input with an aggregate of those of the second, or whether there are any.
Relation RelationGenerator::scalar(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kScalar;
    made.inputs.push_back(input(depth));
    made.inputs.push_back(input(depth));
    if (chance(random_, 60)) add_equalities(made, 1);
    const bool is_exists = !made.equalities.empty() && chance(random_, 30);
    if (!is_exists) {
        ExpressionGenerator expressions(kinds_of(made.inputs[1].columns), random_);
        made.aggregates.push_back(aggregate(expressions, true));
        for (Expr& argument : made.aggregates[0].argument)
            argument = shifted(argument, made.inputs[0].columns.size());
    }
    Relation outer;
    outer.inputs.push_back(made.inputs[0]);
    add_items(made, made.inputs[0].columns);
    add_where(made, outer, 15);
    add_item_columns(made, {}, false);
    const Kind kind = is_exists ? Kind::kBool : kind_of(made.aggregates[0]);
    made.columns.push_back({"", kind});
    if (chance(random_, 30)) {
        std::vector<Kind> scope = kinds_of(made.inputs[0].columns);
        scope.push_back(kind);
        made.residual.push_back(ExpressionGenerator(scope, random_).condition());
    }
    name_columns(made);
    return made;
}

Relation RelationGenerator::unnest(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kUnnest;
    made.inputs.push_back(input(depth));
    ExpressionGenerator expressions = over_inputs(made);
    const Kind kind = chance(random_, 50) ? Kind::kInt : Kind::kText;
    for (std::size_t i = 0; i < 1 + random_.below(3); ++i)
        made.residual.push_back(expressions.with_column(kind, 1));
    for (Expr& element : made.residual) {
        if (element.kind != kind) element = literal_of(expressions.random_value(kind), kind);
    }
    std::vector<Column> scope = made.inputs[0].columns;
    scope.push_back({"", kind});
    add_items(made, scope);
    add_item_columns(made, {}, false);
    return made;
}

namespace {

std::vector<std::size_t> columns_of_kind(const Relation& relation, Kind kind) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
        if (relation.columns[i].kind == kind) columns.push_back(i);
    }
    return columns;
}

}  // namespace

// Each row with the latest row before it of its key.
Relation RelationGenerator::temporal(std::size_t) {
    Relation versions;
    versions.kind = RelationKind::kTopN;
    versions.inputs.push_back(chance(random_, 50) ? select_over(table_relation(0))
                                                  : table_relation(0));
    if (unique_times(versions.inputs[0]).empty()) versions.inputs[0] = table_relation(0);
    versions.columns = versions.inputs[0].columns;
    versions.is_view = true;
    versions.partition = some_columns(versions.inputs[0], 1);
    versions.order = {{unique_times(versions.inputs[0])[0], true}};
    Relation made;
    made.kind = RelationKind::kTemporal;
    made.join = chance(random_, 50) ? JoinKind::kInner : JoinKind::kLeft;
    made.inputs.push_back(timed_input(0));
    const Column& key = versions.columns[versions.partition[0]];
    made.equalities.emplace_back(
        column_of(pick(random_, columns_of_kind(made.inputs[0], key.kind)), key.kind),
        column_of(made.inputs[0].columns.size() + versions.partition[0], key.kind));
    made.window.time = row_times(made.inputs[0])[0];
    made.inputs.push_back(std::move(versions));
    if (chance(random_, 30)) made.residual.push_back(over_inputs(made).condition());
    add_items(made, input_columns(made));
    add_item_columns(made, {}, false);
    return made;
}

Relation RelationGenerator::select_kinds(Relation below, const std::vector<Kind>& kinds) {
    Relation made;
    made.kind = RelationKind::kSelect;
    made.inputs.push_back(std::move(below));
    ExpressionGenerator expressions = over_inputs(made);
    for (const Kind kind : kinds)
        made.items.push_back(expressions.with_column(kind, chance(random_, 25) ? 1 : 0));
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (made.items[i].kind != kinds[i]) made.items[i] = expressions.any(kinds[i], 0);
    }
    add_where(made, made, 20);
    add_item_columns(made, {}, false);
    return made;
}

Relation RelationGenerator::set_operation(std::size_t depth) {
    Relation made;
    made.kind = RelationKind::kSetOperation;
    made.set = static_cast<SetKind>(random_.below(3));
    made.is_all = chance(random_, 50);
    std::vector<Kind> kinds;
    kinds.push_back(any_kind());
    if (chance(random_, 30)) kinds.push_back(any_kind());
    const bool is_timed = chance(random_, 25);
    for (int i = 0; i < 2; ++i) {
        Relation below = is_timed ? timed_input(depth) : input(depth);
        const std::vector<std::size_t> times = row_times(below);
        Relation side = select_kinds(std::move(below), kinds);
        if (is_timed) {
            side.items.push_back(column_of(times[0], Kind::kTime));
            side.columns.push_back({"c" + std::to_string(kinds.size()), Kind::kTime, true});
        }
        made.inputs.push_back(std::move(side));
    }
    made.columns = made.inputs[0].columns;
    const bool stays = made.set == SetKind::kUnion && made.is_all;
    if (is_timed) made.columns.back().is_row_time = stays;
    return made;
}

}  // namespace thalweg::fuzz
