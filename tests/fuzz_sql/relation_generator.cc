#include "tests/fuzz_sql/relation_generator.h"

#include "tests/fuzz_sql/expression_generator.h"

#include <algorithm>
#include <utility>

namespace thalweg::fuzz {

namespace {

constexpr std::size_t kItemsMax = 4;

// Rows that only come, in time, and never two at once, may go through an OVER by time, and so on.
bool is_table_0(const Relation& relation) {
    if (relation.kind == RelationKind::kTable) return relation.table == 0;
    return relation.kind == RelationKind::kSelect && !relation.is_distinct &&
           is_table_0(relation.inputs[0]);
}

class Generator {
  public:
    explicit Generator(Random& random) : random_(random) {}

    Relation relation(std::size_t depth) {
        if (depth == 0) return table_relation(random_.below(kTables));
        using Make = Relation (Generator::*)(std::size_t);
        constexpr Make kPool[] = {&Generator::select,
                                  &Generator::select,
                                  &Generator::group,
                                  &Generator::group,
                                  &Generator::group,
                                  &Generator::join,
                                  &Generator::join,
                                  &Generator::join,
                                  &Generator::semi_join,
                                  &Generator::semi_join,
                                  &Generator::set_operation,
                                  &Generator::top_n,
                                  &Generator::window,
                                  &Generator::window,
                                  &Generator::over};
        Relation made = (this->*kPool[random_.below(std::size(kPool))])(depth - 1);
        made.is_view = chance(random_, 15);
        return made;
    }

  private:
    Relation input(std::size_t depth) { return relation(chance(random_, 40) ? 0 : depth); }

    ExpressionGenerator over_inputs(const Relation& relation) {
        return {kinds_of(input_columns(relation)), random_};
    }

    Kind any_kind() {
        const std::vector<Kind> kinds = {
            Kind::kInt, Kind::kInt, Kind::kInt, Kind::kText, Kind::kText, Kind::kBool, Kind::kTime};
        return pick(random_, kinds);
    }

    static void name_columns(Relation& relation) {
        for (std::size_t i = 0; i < relation.columns.size(); ++i)
            relation.columns[i].name = "c" + std::to_string(i);
    }

    void add_where(Relation& relation, const Relation& scope, std::uint64_t percent) {
        if (chance(random_, percent)) relation.where.push_back(over_inputs(scope).condition());
    }

    // Items and the columns that they make; a column of the input stays what it is.
    void add_items(Relation& relation, const std::vector<Column>& scope) {
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

    static void add_item_columns(Relation& relation, const std::vector<Column>& scope, bool keeps) {
        for (const Expr& item : relation.items) {
            Column column{"", item.kind};
            if (keeps && item.op == ExprOp::kColumn) {
                column.is_row_time = scope[item.column].is_row_time;
                column.has_equal_times = scope[item.column].has_equal_times;
            }
            relation.columns.push_back(column);
        }
        name_columns(relation);
    }

    Relation select(std::size_t depth) { return select_over(input(depth)); }

    Relation select_over(Relation below) {
        Relation made;
        made.kind = RelationKind::kSelect;
        made.inputs.push_back(std::move(below));
        const std::vector<Column> scope = input_columns(made);
        add_items(made, scope);
        add_where(made, made, 60);
        made.is_distinct = chance(random_, 20);
        add_item_columns(made, scope, !made.is_distinct);
        return made;
    }

    // --- Groups ---------------------------------------------------------------------------------

    Aggregate aggregate(ExpressionGenerator& expressions, bool is_plain) {
        Aggregate made;
        made.kind = static_cast<AggregateKind>(random_.below(6));
        if (made.kind != AggregateKind::kCountRows) {
            const bool is_number =
                made.kind == AggregateKind::kSum || made.kind == AggregateKind::kAvg;
            Kind kind = is_number ? Kind::kInt : any_kind();
            if (kind == Kind::kBool) kind = Kind::kInt;
            made.argument.push_back(expressions.any(kind, random_.below(3)));
            made.is_distinct = !is_plain && chance(random_, 25);
        }
        if (!is_plain && chance(random_, 20)) made.filter.push_back(expressions.condition());
        return made;
    }

    void add_aggregates(Relation& relation, bool is_plain) {
        ExpressionGenerator expressions = over_inputs(relation);
        const std::size_t count = random_.below(4) + (relation.items.empty() ? 1 : 0);
        for (std::size_t i = 0; i < count; ++i) {
            relation.aggregates.push_back(aggregate(expressions, is_plain));
            relation.columns.push_back({"", kind_of(relation.aggregates.back())});
        }
        name_columns(relation);
    }

    // No key is a literal, which would be the number of a column.
    void add_keys(Relation& relation, std::size_t count) {
        ExpressionGenerator expressions = over_inputs(relation);
        for (std::size_t i = 0; i < count; ++i) {
            const Expr key = expressions.with_column(any_kind(), random_.below(2));
            const bool is_there = std::find(relation.items.begin(), relation.items.end(), key) !=
                                  relation.items.end();
            if (!is_there) relation.items.push_back(key);
        }
    }

    void add_having(Relation& relation) {
        if (chance(random_, 25)) {
            ExpressionGenerator expressions(kinds_of(relation.columns), random_);
            relation.having.push_back(expressions.condition());
        }
    }

    Relation group(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kGroup;
        made.inputs.push_back(input(depth));
        add_where(made, made, 25);
        add_keys(made, chance(random_, 15) ? 0 : 1 + random_.below(2));
        add_item_columns(made, {}, false);
        add_aggregates(made, false);
        if (made.items.size() > 1 && chance(random_, 25)) {
            made.sets = {{0, 1}, {1}};
            if (chance(random_, 50)) made.sets.emplace_back();
        }
        add_having(made);
        return made;
    }

    // --- Joins ----------------------------------------------------------------------------------

    void add_equalities(Relation& relation, std::size_t count) {
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

    Relation join(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kJoin;
        made.join = static_cast<JoinKind>(random_.below(4));
        made.inputs.push_back(input(depth));
        made.inputs.push_back(chance(random_, 15) ? made.inputs[0] : input(depth));
        add_equalities(made, 1 + random_.below(2));
        if (made.equalities.empty() || chance(random_, 30))
            made.residual.push_back(over_inputs(made).condition());
        add_items(made, input_columns(made));
        add_where(made, made, 15);
        add_item_columns(made, {}, false);
        return made;
    }

    Relation semi_join(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kSemiJoin;
        made.semi = static_cast<SemiKind>(random_.below(4));
        made.inputs.push_back(input(depth));
        made.inputs.push_back(input(depth));
        const bool is_in = made.semi == SemiKind::kIn || made.semi == SemiKind::kNotIn;
        add_equalities(made, is_in ? 1 : 1 + random_.below(2));
        if (made.equalities.empty()) return select_over(std::move(made.inputs[0]));
        if (chance(random_, 30)) made.residual.push_back(over_inputs(made).condition());
        Relation outer;  // In whose scope the rest stands.
        outer.inputs.push_back(made.inputs[0]);
        add_items(made, made.inputs[0].columns);
        add_where(made, outer, 15);
        add_item_columns(made, {}, false);
        return made;
    }

    // --- The others -----------------------------------------------------------------------------

    Relation select_kinds(Relation below, const std::vector<Kind>& kinds) {
        Relation made;
        made.kind = RelationKind::kSelect;
        made.inputs.push_back(std::move(below));
        ExpressionGenerator expressions = over_inputs(made);
        for (const Kind kind : kinds)
            made.items.push_back(expressions.with_column(kind, random_.below(2)));
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (made.items[i].kind != kinds[i]) made.items[i] = expressions.any(kinds[i], 0);
        }
        add_where(made, made, 40);
        add_item_columns(made, {}, false);
        return made;
    }

    Relation set_operation(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kSetOperation;
        made.set = static_cast<SetKind>(random_.below(3));
        made.is_all = chance(random_, 50);
        std::vector<Kind> kinds;
        for (std::size_t i = 0; i < 1 + random_.below(2); ++i)
            kinds.push_back(any_kind());
        made.inputs.push_back(select_kinds(input(depth), kinds));
        made.inputs.push_back(select_kinds(input(depth), kinds));
        made.columns = made.inputs[0].columns;
        return made;
    }

    std::vector<std::size_t> some_columns(const Relation& below, std::size_t count) {
        std::vector<std::size_t> columns;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t column = random_.below(below.columns.size());
            if (std::find(columns.begin(), columns.end(), column) == columns.end())
                columns.push_back(column);
        }
        return columns;
    }

    // By all columns, so that there is one answer.
    void add_total_order(Relation& relation) {
        std::vector<std::size_t> columns(relation.inputs[0].columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i)
            columns[i] = i;
        for (std::size_t i = columns.size(); i > 1; --i)
            std::swap(columns[i - 1], columns[random_.below(i)]);
        for (const std::size_t column : columns)
            relation.order.push_back({column, chance(random_, 50)});
    }

    // A row time without equals, of rows that stay; or none.
    static std::vector<std::size_t> unique_times(const Relation& below) {
        std::vector<std::size_t> times;
        for (std::size_t i = 0; is_table_0(below) && i < below.columns.size(); ++i) {
            if (below.columns[i].is_row_time && !below.columns[i].has_equal_times)
                times.push_back(i);
        }
        return times;
    }

    Relation top_n(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kTopN;
        made.inputs.push_back(input(depth));
        const Relation& below = made.inputs[0];
        made.partition = some_columns(below, random_.below(3));
        const std::vector<std::size_t> times = unique_times(below);
        if (!times.empty() && chance(random_, 40)) {
            made.order.push_back({times[0], chance(random_, 50)});
        } else {
            add_total_order(made);
        }
        made.limit = 1 + random_.below(3);
        made.columns = below.columns;
        for (Column& column : made.columns)
            column.is_row_time = false;
        made.has_number = chance(random_, 40);
        if (made.has_number) made.columns.push_back({number_name(made), Kind::kInt});
        return made;
    }

    static std::vector<std::size_t> row_times(const Relation& below) {
        std::vector<std::size_t> times;
        for (std::size_t i = 0; i < below.columns.size(); ++i) {
            if (below.columns[i].is_row_time) times.push_back(i);
        }
        return times;
    }

    // A relation with a row time, from which windows can be made.
    Relation timed_input(std::size_t depth) {
        for (int i = 0; i < 3; ++i) {
            Relation below = input(depth);
            if (!row_times(below).empty()) return below;
        }
        return table_relation(random_.below(2));
    }

    Relation window(std::size_t depth) {
        Relation made;
        made.kind = RelationKind::kWindow;
        made.inputs.push_back(timed_input(depth));
        made.window.kind = static_cast<WindowKind>(random_.below(4));
        made.window.time = pick(random_, row_times(made.inputs[0]));
        made.window.step_s = 2 + static_cast<std::int64_t>(random_.below(3));
        made.window.size_s = made.window.step_s * (1 + static_cast<std::int64_t>(random_.below(4)));
        if (made.window.kind == WindowKind::kSession)
            made.partition = some_columns(made.inputs[0], random_.below(3));
        add_where(made, made, 15);
        add_keys(made, random_.below(3));
        made.columns = {{"", Kind::kTime}, {"", Kind::kTime}, {"", Kind::kTime, true}};
        add_item_columns(made, {}, false);
        add_aggregates(made, false);
        add_having(made);
        return made;
    }

    Relation over(std::size_t depth) {
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
        }
        if (chance(random_, 50)) made.bound.push_back(static_cast<std::int64_t>(random_.below(5)));
        made.columns = below.columns;
        for (Column& column : made.columns)
            column.is_row_time = false;
        add_plain_aggregates(made);
        return made;
    }

    void add_plain_aggregates(Relation& relation) {
        add_aggregates(relation, true);
        if (relation.aggregates.empty()) {
            relation.aggregates.emplace_back();
            relation.columns.push_back({"", Kind::kInt});
            name_columns(relation);
        }
    }

    Random& random_;
};

}  // namespace

Relation random_relation(Random& random) {
    return Generator(random).relation(1 + random.below(3));
}

}  // namespace thalweg::fuzz
