#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/gathering.h"
#include "engine/plan/group_window.h"
#include "engine/plan/grouping_sets.h"
#include "engine/sql/unparse.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

// GROUP BY keys, perhaps with window_start and window_end among them, with the aggregates of the
// select list and HAVING:
//
//     project keys, arguments, filters, window bounds
//       -> aggregate: keys, calls, and window_start, window_end, window_time if there is a window
//       -> filter HAVING -> project the select list
//
// Several grouping sets: each row is expanded to one for each set before it is aggregated, and the
// number of the set is one more key.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// What GROUP BY groups by: expressions over FROM's columns, the window's apart.
struct Grouping {
    std::vector<ExprPtr> keys;
    WindowPtr window;       // Null: none.
    std::size_t start = 0;  // Columns of FROM.
    std::size_t end = 0;
    bool has_start = false;
    bool has_end = false;
    std::vector<KeySet> sets = {};                 // Of `keys`; none: they are one set.
    std::vector<std::size_t> some = {};            // Keys that not all sets have.
    std::optional<GroupWindow> group_window = {};  // The window named as TUMBLE(..) among the keys.
};

// Stand in a KeySet for the bounds of the window.
constexpr std::size_t kStartKey = SIZE_MAX - 1;
constexpr std::size_t kEndKey = SIZE_MAX;

// Adds to `set` what `expr` is: a new key, an old one, a bound of the window.
void add_group_expr(const sql::Expr& expr,
                    const Scope& scope,
                    ExpressionBinder& binder,
                    Grouping& grouping,
                    KeySet& set) {
    if (is_group_window(expr)) {  // Assigned already.
        set.insert(set.end(), {kStartKey, kEndKey});
        return;
    }
    if (contains_aggregate(expr)) throw SqlError(expr.location, "GROUP BY may not use aggregates");
    ExprPtr bound = binder.bind(expr);
    if (bound->kind == ExprKind::kColumn && scope.columns[bound->column].window != nullptr) {
        const ColumnInfo& column = scope.columns[bound->column];
        if (grouping.window != nullptr && !same_window(grouping.window, column.window))
            throw SqlError(expr.location, "GROUP BY mixes bounds of different windows");
        grouping.window = column.window;
        if (column.role == Role::kWindowStart) {
            grouping.start = bound->column;
            grouping.has_start = true;
            set.push_back(kStartKey);
        } else if (column.role == Role::kWindowEnd) {
            grouping.end = bound->column;
            grouping.has_end = true;
            set.push_back(kEndKey);
        }
        return;  // window_time follows from the bounds.
    }
    check_comparable(bound->type, "GROUP BY", expr.location);
    const auto found = std::find_if(grouping.keys.begin(),
                                    grouping.keys.end(),
                                    [&](const ExprPtr& key) { return equal(*key, *bound); });
    set.push_back(static_cast<std::size_t>(found - grouping.keys.begin()));
    if (found == grouping.keys.end()) grouping.keys.push_back(std::move(bound));
}

bool has(const KeySet& set, std::size_t key) {
    return std::binary_search(set.begin(), set.end(), key);
}

// What all sets have is no matter of sets: the window, which all must have, and plain keys.
void settle_sets(Grouping& grouping, sql::Location at) {
    for (KeySet& set : grouping.sets) {
        if (has(set, kStartKey) != grouping.has_start || has(set, kEndKey) != grouping.has_end)
            throw SqlError(at,
                           "a grouping set without window_start and window_end",
                           "GROUP BY window_start, window_end, GROUPING SETS ((a), (b))");
        std::erase_if(set, [](std::size_t key) { return key >= kStartKey; });
    }
    for (std::size_t key = 0; key < grouping.keys.size(); ++key) {
        const bool is_everywhere = std::all_of(grouping.sets.begin(),
                                               grouping.sets.end(),
                                               [&](const KeySet& set) { return has(set, key); });
        if (!is_everywhere) grouping.some.push_back(key);
    }
    if (grouping.sets.size() == 1) grouping.sets.clear();
}

Grouping bind_grouping(const sql::Select& select,
                       const Scope& scope,
                       ExpressionBinder& binder,
                       const std::optional<GroupWindow>& window) {
    Grouping grouping;
    grouping.sets = {{}};
    if (window) {
        grouping.group_window = window;
        grouping.window = window->window;
        grouping.start = window->start_column;
        grouping.end = window->start_column + 1;
        grouping.has_start = grouping.has_end = true;
    }
    for (const sql::GroupingElement& element : select.group_by) {
        std::vector<KeySet> arguments;
        for (const std::vector<sql::ExprPtr>& argument : element.sets) {
            KeySet& set = arguments.emplace_back();
            for (const sql::ExprPtr& expr : argument)
                add_group_expr(*expr, scope, binder, grouping, set);
            std::sort(set.begin(), set.end());
            set.erase(std::unique(set.begin(), set.end()), set.end());
        }
        grouping.sets = combined(grouping.sets, sets_of(element, arguments), element.location);
    }
    if (grouping.window != nullptr && (!grouping.has_start || !grouping.has_end)) {
        throw SqlError(select.group_by[0].location,
                       "GROUP BY has window_" + std::string(grouping.has_start ? "start" : "end") +
                           " but not window_" + (grouping.has_start ? "end" : "start"),
                       "a windowed GROUP BY names both window_start and window_end");
    }
    if (!select.group_by.empty()) settle_sets(grouping, select.group_by[0].location);
    if (select.group_by.empty()) grouping.sets.clear();
    return grouping;
}

// Binds the expressions of an aggregate query: aggregates become calls, keys become columns.
class GroupedBinder {
  public:
    GroupedBinder(const Scope& scope, const ExprSettings& settings, Grouping grouping)
        : scope_(scope),
          settings_(settings),
          grouping_(std::move(grouping)),
          plain_(scope, settings),
          outer_(empty_, settings) {
        for (const ExprPtr& key : grouping_.keys)
            inputs_.push_back(as_column(key));
        outer_.set_intercept([this](const sql::Expr& expr) { return intercept(expr); });
    }

    // What stands for f(..) OVER (..), and is kept by fix().
    void set_over(OverCollector& over) { over_ = &over; }

    // Names a subquery whose value is of a type.
    void add_scalar(const sql::Expr* query, const Type& type) {
        scalars_.emplace_back(query, make_column(kScalarBase + scalars_.size(), type));
    }

    // Where that value is in the end, in the order in which they were added.
    void place_scalar(ExprPtr column) { scalar_columns_.push_back(std::move(column)); }

    ExprPtr bind(const sql::Expr& expr) { return outer_.bind(expr); }

    ExprPtr bind_condition(const sql::Expr& expr, std::string_view what) {
        return outer_.bind_condition(expr, what);
    }

    // The aggregate over `from`, once every expression has been bound; then fix() each of them.
    RelPtr finish(RelPtr from) {
        add_what_counts_rows();
        Aggregate node;
        node.window = grouping_.window;
        if (node.window != nullptr) {
            node.start_column = add_scope_column(grouping_.start);
            node.end_column = add_scope_column(grouping_.end);
        }
        node.calls = calls_;
        std::vector<std::string> shown;
        for (const ColumnInfo& column : scope_.columns)
            shown.push_back(column.name);
        std::vector<std::string> names;
        for (const ExprPtr& input : inputs_)
            names.push_back(to_string(*input, shown));
        std::vector<ColumnInfo> columns;
        RelPtr input = make_project_rel(std::move(from), inputs_, std::move(names));
        for (std::size_t i = 0; i < grouping_.keys.size(); ++i)
            node.keys.push_back(i);
        if (!grouping_.sets.empty()) input = expand(input, node.keys);
        for (const std::size_t column : node.keys) {
            ColumnInfo key = input->columns[column];
            key.role = Role::kPlain;
            key.window = nullptr;
            columns.push_back(std::move(key));
        }
        for (std::size_t i = 0; i < calls_.size(); ++i)
            columns.push_back({call_names_[i], calls_[i].result_type, Role::kPlain, nullptr});
        if (node.window != nullptr) {
            for (ColumnInfo& column : window_columns(node.window))
                columns.push_back(std::move(column));
        }
        node.input = std::move(input);
        return make_rel(std::move(columns), std::move(node));
    }

    // While binding, the number of calls is not known yet, so that window columns get numbers from
    // the far end; this maps them to the aggregate's output.
    ExprPtr fix(const ExprPtr& expr) const {
        const std::size_t key_count = grouping_.keys.size() + (grouping_.sets.empty() ? 0 : 1);
        const std::size_t width = key_count + calls_.size();
        ColumnMap columns;
        for (std::size_t i = 0; i < scalar_columns_.size(); ++i)
            columns[kScalarBase + i] = scalar_columns_[i];
        for (std::size_t i = 0; i < grouping_.keys.size(); ++i)
            columns[i] = make_column(i, key_type(i));
        columns[kSetColumn] = make_column(grouping_.keys.size(), Type::integer().not_null());
        for (std::size_t i = 0; i < calls_.size(); ++i)
            columns[kCallBase + i] = make_column(key_count + i, calls_[i].result_type);
        if (grouping_.window != nullptr) {
            const std::vector<ColumnInfo> window = window_columns(grouping_.window);
            for (std::size_t i = 0; i < window.size(); ++i)
                columns[kWindowBase + i] = make_column(width + i, window[i].type);
        }
        if (over_ != nullptr) over_->keep(columns);
        return substitute(expr, columns);
    }

  private:
    static constexpr std::size_t kSetColumn = 9'999;
    static constexpr std::size_t kCallBase = 10'000;
    static constexpr std::size_t kWindowBase = 20'000;
    static constexpr std::size_t kScalarBase = 25'000;

    // NULL stands for a key that the set of a row has not.
    Type key_type(std::size_t key) const {
        const Type& type = grouping_.keys[key]->type;
        const bool is_somewhere =
            std::binary_search(grouping_.some.begin(), grouping_.some.end(), key);
        return is_somewhere ? type.with_nullable(true) : type;
    }

    // Makes a row of each for each set; `keys` becomes where its keys are, and the set's number.
    RelPtr expand(const RelPtr& input, std::vector<std::size_t>& keys) const {
        Expand node{input, {grouping_.some, {}}};
        std::vector<ColumnInfo> columns = input->columns;
        for (const std::size_t key : grouping_.some) {
            keys[key] = columns.size();
            columns.push_back({input->columns[key].name, key_type(key), Role::kPlain, nullptr});
        }
        for (const KeySet& set : grouping_.sets) {
            std::vector<bool>& of_set = node.spec.has.emplace_back();
            for (const std::size_t key : grouping_.some)
                of_set.push_back(has(set, key));
        }
        keys.push_back(columns.size());
        columns.push_back({"$set", Type::integer().not_null(), Role::kPlain, nullptr});
        return make_rel(std::move(columns), std::move(node));
    }

    // GROUPING(a, b), GROUPING_ID(a, b): a bit for each that the set of the row has not, the last
    // the lowest. GROUP_ID(): how many sets before it are equal to that of the row.
    ExprPtr bind_grouping_call(const sql::Call& call, sql::Location at, GroupingCall kind) {
        constexpr std::size_t kArgumentsMax = 63;
        const bool wants_keys = kind == GroupingCall::kGrouping;
        if (wants_keys != !call.arguments.empty() || call.arguments.size() > kArgumentsMax)
            throw SqlError(at,
                           wants_keys ? "GROUPING takes from 1 to 63 keys of GROUP BY"
                                      : "GROUP_ID takes no arguments");
        std::vector<std::size_t> keys;
        for (const sql::Argument& argument : call.arguments) {
            const ExprPtr bound = plain_.bind(*argument.value);
            const auto found =
                std::find_if(grouping_.keys.begin(), grouping_.keys.end(), [&](const ExprPtr& key) {
                    return equal(*key, *bound);
                });
            if (found == grouping_.keys.end())
                throw SqlError(argument.value->location, "GROUPING takes keys of GROUP BY");
            keys.push_back(static_cast<std::size_t>(found - grouping_.keys.begin()));
        }
        if (grouping_.sets.empty())
            return make_literal({std::int64_t{0}}, Type::bigint().not_null());
        std::vector<std::int64_t> values;
        for (const KeySet& set : grouping_.sets) {
            std::int64_t value = 0;
            for (const std::size_t key : keys)
                value = value * 2 + (has(set, key) ? 0 : 1);
            if (!wants_keys)
                value =
                    std::count(grouping_.sets.begin(),
                               grouping_.sets.begin() + static_cast<std::ptrdiff_t>(values.size()),
                               set);
            values.push_back(value);
        }
        return value_by_set(values);
    }

    // CASE number WHEN 0 THEN values[0] ... END
    static ExprPtr value_by_set(const std::vector<std::int64_t>& values) {
        const ExprPtr number = make_column(kSetColumn, Type::integer().not_null());
        std::vector<ExprPtr> branches;
        for (std::size_t set = 0; set + 1 < values.size(); ++set) {
            const auto at = static_cast<std::int64_t>(set);
            auto is_set =
                make_call("=", {number, make_literal({at}, Type::integer().not_null())}, {});
            ASSERT(is_set.has_value());
            branches.push_back(*std::move(is_set));
            branches.push_back(make_literal({values[set]}, Type::bigint().not_null()));
        }
        branches.push_back(make_literal({values.back()}, Type::bigint().not_null()));
        auto result = make_call("CASE", std::move(branches), {});
        ASSERT(result.has_value());
        return *std::move(result);
    }

    // A key whose value a window of sessions has computed already.
    [[nodiscard]] ExprPtr as_column(const ExprPtr& key) const {
        if (!grouping_.group_window) return key;
        for (const GroupWindow::ComputedKey& computed : grouping_.group_window->computed_keys) {
            if (equal(*computed.expr, *key)) return make_column(computed.column, key->type);
        }
        return key;
    }

    std::size_t add_input(ExprPtr expr) {
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            if (equal(*inputs_[i], *expr)) return i;
        }
        inputs_.push_back(std::move(expr));
        return inputs_.size() - 1;
    }

    // Nothing can stand for rows without columns: neither below the aggregate nor above.
    void add_what_counts_rows() {
        if (grouping_.keys.empty() && grouping_.sets.empty() && grouping_.window == nullptr &&
            calls_.empty()) {
            AggregateCall count;
            count.result_type = Type::bigint().not_null();
            calls_.push_back(std::move(count));
            call_names_.emplace_back("COUNT(*)");
        }
        if (inputs_.empty() && grouping_.window == nullptr)
            inputs_.push_back(make_literal({true}, Type::boolean().not_null()));
    }

    std::size_t add_scope_column(std::size_t column) {
        return add_input(make_column(column, scope_.columns[column].type));
    }

    std::optional<ExprPtr> intercept(const sql::Expr& expr) {
        if (over_ != nullptr) {
            if (auto column = over_->intercept(expr)) return column;
            if (contains_over(expr)) return std::nullopt;
        }
        if (const auto* call = std::get_if<sql::Call>(&expr.node)) {
            if (call->over == nullptr && find_aggregate(last_part(call->name)))
                return bind_aggregate(*call, expr);
            if (const auto kind = find_grouping_call(last_part(call->name));
                kind && call->over == nullptr)
                return bind_grouping_call(*call, expr.location, *kind);
        }
        for (const auto& [query, column] : scalars_) {
            if (query == &expr) return column;
        }
        if (auto column = answer_about_window(expr)) return column;
        if (contains_aggregate(expr) || contains_query(expr) || asks_about_window(expr))
            return std::nullopt;
        if (std::holds_alternative<sql::Star>(expr.node))
            throw SqlError(expr.location, "* may not stand in the select list of a GROUP BY");
        ExprPtr bound = plain_.bind(expr);
        for (std::size_t i = 0; i < grouping_.keys.size(); ++i) {
            if (equal(*grouping_.keys[i], *bound)) return make_column(i, key_type(i));
        }
        if (bound->kind == ExprKind::kColumn) {
            const ColumnInfo& column = scope_.columns[bound->column];
            if (column.window != nullptr && grouping_.window != nullptr &&
                same_window(column.window, grouping_.window)) {
                const std::size_t index = column.role == Role::kWindowStart ? 0
                                          : column.role == Role::kWindowEnd ? 1
                                                                            : 2;
                return make_column(kWindowBase + index, window_columns(column.window)[index].type);
            }
        }
        std::vector<bool> used(scope_.columns.size(), false);
        mark_columns(*bound, used);
        if (std::find(used.begin(), used.end(), true) == used.end()) return bound;
        if (std::holds_alternative<sql::Identifier>(expr.node))
            throw SqlError(expr.location,
                           "column '" + last_part(std::get<sql::Identifier>(expr.node).name) +
                               "' is neither in GROUP BY nor in an aggregate");
        return std::nullopt;
    }

    // TUMBLE_START(..) and its like.
    std::optional<ExprPtr> answer_about_window(const sql::Expr& expr) {
        const auto asked = window_question(expr, grouping_.group_window, scope_, settings_);
        if (!asked) return std::nullopt;
        if (asked->column == WindowQuestion::kProctime) {
            auto call = make_call("PROCTIME", {}, settings_);
            ASSERT(call.has_value());
            return *std::move(call);
        }
        const std::vector<ColumnInfo> columns = window_columns(grouping_.window);
        return make_column(kWindowBase + asked->column, columns[asked->column].type);
    }

    ExprPtr bind_aggregate(const sql::Call& call, const sql::Expr& expr) {
        const sql::Location at = expr.location;
        const std::string& name = last_part(call.name);
        if (is_gathering(call)) return bind_gathered(call, expr);
        if (!call.within_group.empty()) throw sql::not_supported(at, "WITHIN GROUP");
        AggregateCall bound;
        bound.kind = *find_aggregate(name);
        check_nulls(call, bound.kind, at);
        const bool is_list = bound.kind == AggregateKind::kListAgg;
        if (is_list)
            bound.separator = list_separator(
                call, [this](const sql::Expr& each) { return plain_.bind(each); }, at);
        if (call.arguments.size() != 1 && !is_list &&
            !(bound.kind == AggregateKind::kCount && call.arguments.empty()))
            throw SqlError(at, name + " takes one argument");
        const sql::Expr* argument =
            call.arguments.empty() ? nullptr : call.arguments[0].value.get();
        const bool is_star =
            argument == nullptr || std::holds_alternative<sql::Star>(argument->node);
        if (is_star) {
            if (bound.kind != AggregateKind::kCount || is_distinct(call))
                throw SqlError(at, name + "(*) is not an aggregate, only COUNT(*) is");
            bound.kind = AggregateKind::kCountStar;
            bound.result_type = Type::bigint().not_null();
        } else {
            if (contains_aggregate(*argument))
                throw SqlError(argument->location, "an aggregate inside of an aggregate");
            ExprPtr value = plain_.bind(*argument);
            auto type = aggregate_result_type(bound.kind, value->type);
            if (!type) throw SqlError(at, type.error().message);
            bound.argument_type = value->type;
            bound.result_type = *std::move(type);
            bound.argument = add_input(std::move(value));
            if (is_distinct(call)) check_comparable(bound.argument_type, "DISTINCT", at);
            bound.is_distinct = is_distinct(call) && minds_repetition(bound.kind);
        }
        return add_call(std::move(bound), call, expr);
    }

    ExprPtr bind_gathered(const sql::Call& call, const sql::Expr& expr) {
        for (const sql::Argument& argument : call.arguments) {
            if (contains_aggregate(*argument.value))
                throw SqlError(argument.value->location, "an aggregate inside of an aggregate");
        }
        Gathering gathering = bind_gathering(
            call,
            [this](const sql::Expr& each) { return plain_.bind(each); },
            settings_,
            expr.location);
        gathering.call.argument = add_input(std::move(gathering.element));
        return gathering.finish(add_call(std::move(gathering.call), call, expr));
    }

    // Takes the filter and gives what stands for the call's result.
    ExprPtr add_call(AggregateCall bound, const sql::Call& call, const sql::Expr& expr) {
        if (call.filter != nullptr)
            bound.filter = add_input(plain_.bind_condition(*call.filter, "FILTER"));
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            if (same(calls_[i], bound)) return make_column(kCallBase + i, bound.result_type);
        }
        if (calls_.size() == kAggregatesMax) {
            throw SqlError(
                expr.location,
                "at most " + std::to_string(kAggregatesMax) + " aggregates in one GROUP BY");
        }
        calls_.push_back(bound);
        call_names_.push_back(sql::to_sql(expr));
        return make_column(kCallBase + calls_.size() - 1, bound.result_type);
    }

    static bool same(const AggregateCall& a, const AggregateCall& b) {
        return a.kind == b.kind && a.is_distinct == b.is_distinct && a.argument == b.argument &&
               a.filter == b.filter && a.separator == b.separator;
    }

    const Scope& scope_;
    const ExprSettings& settings_;
    Grouping grouping_;
    OverCollector* over_ = nullptr;
    Scope empty_;
    ExpressionBinder plain_;
    ExpressionBinder outer_;
    std::vector<ExprPtr> inputs_;  // What the aggregate reads, over FROM's columns: keys first.
    std::vector<std::pair<const sql::Expr*, ExprPtr>> scalars_;
    std::vector<ExprPtr> scalar_columns_;
    std::vector<AggregateCall> calls_;
    std::vector<std::string> call_names_;  // As written.
};

}  // namespace

RelPtr QueryBinder::bind_grouped(const sql::Select& select, From from, Order* order) {
    const Scope relations = from.scope;
    GroupedInput input{std::move(from.rel), std::move(from.scope)};
    const std::optional<GroupWindow> window =
        assign_group_window(select, expr_settings_, settings_.zone(), input);
    from = {std::move(input.rel), std::move(input.scope)};
    ExpressionBinder group_binder(from.scope, expr_settings_);
    GroupedBinder binder(
        from.scope, expr_settings_, bind_grouping(select, from.scope, group_binder, window));
    OverCollector over(select.windows, expr_settings_);
    over.set_bind([&](const sql::Expr& expr) { return binder.bind(expr); });
    binder.set_over(over);
    std::vector<Scalar> scalars;
    const auto add_scalars = [&](const sql::Expr& expr) {
        for (const ScalarUse& use : scalar_uses(expr, false)) {
            if (std::holds_alternative<sql::InQuery>(use.expr->node)) continue;  // Refused below.
            scalars.push_back(bind_use({}, use));
            binder.add_scalar(use.expr, type_of(scalars.back()));
        }
    };
    for (const sql::SelectItem& item : select.items)
        add_scalars(*item.expr);
    if (select.having != nullptr) add_scalars(*select.having);
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < select.items.size(); ++i) {
        const sql::SelectItem& item = select.items[i];
        expressions.push_back(binder.bind(*item.expr));
        const auto* identifier = std::get_if<sql::Identifier>(&item.expr->node);
        names.push_back(item.alias              ? item.alias->text
                        : identifier != nullptr ? last_part(identifier->name)
                                                : "EXPR$" + std::to_string(i));
    }
    if (order != nullptr) {
        bind_order(*order, expressions, names, select.distinct, [&](const sql::Expr& expr) {
            return binder.bind(expr);
        });
    }
    if (select.having != nullptr && contains_over(*select.having))
        throw SqlError(select.having->location,
                       "HAVING may not use OVER",
                       "SELECT * FROM (SELECT .., ROW_NUMBER() OVER (..) AS n ..) WHERE n = 1");
    ExprPtr having =
        select.having == nullptr ? nullptr : binder.bind_condition(*select.having, "HAVING");
    RelPtr rel = binder.finish(from.rel);
    if (std::get<Aggregate>(rel->node).window == nullptr)
        rel = with_ttl(rel, hinted_ttl(relations));
    for (const Scalar& scalar : scalars) {
        rel = join_scalar({rel, Scope::of(*rel, "")}, scalar).rel;
        binder.place_scalar(identity(*rel).back());
    }
    if (having != nullptr) rel = make_filter_rel(std::move(rel), binder.fix(having));
    for (ExprPtr& expr : expressions)
        expr = binder.fix(expr);
    if (!over.empty()) {
        rel = over.finish(std::move(rel), [&](const ExprPtr& expr) { return binder.fix(expr); });
        for (ExprPtr& expr : expressions)
            expr = over.fix(expr);
    }
    return make_project_rel(std::move(rel), std::move(expressions), std::move(names));
}

RelPtr QueryBinder::bind_value_by(const sql::Select& select, From from, std::vector<ExprPtr> keys) {
    Grouping grouping;
    grouping.keys = std::move(keys);
    const std::size_t key_count = grouping.keys.size();
    GroupedBinder binder(from.scope, expr_settings_, std::move(grouping));
    const ExprPtr value = binder.bind(*select.items[0].expr);
    const ExprPtr having =
        select.having == nullptr ? nullptr : binder.bind_condition(*select.having, "HAVING");
    RelPtr rel = binder.finish(from.rel);
    if (having != nullptr) rel = make_filter_rel(std::move(rel), binder.fix(having));
    std::vector<ExprPtr> expressions = identity(*rel);
    expressions.resize(key_count);
    std::vector<std::string> names(key_count, "key");
    expressions.push_back(binder.fix(value));
    names.emplace_back("value");
    return make_project_rel(std::move(rel), std::move(expressions), std::move(names));
}

RelPtr QueryBinder::bind_distinct(RelPtr rel, std::string_view what, sql::Location at) {
    Aggregate node;
    std::vector<ColumnInfo> columns = rel->columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        check_comparable(columns[i].type, what, at);
        node.keys.push_back(i);
        columns[i].role = Role::kPlain;  // One row stands for many, of which each had its time.
        columns[i].window = nullptr;
    }
    node.input = std::move(rel);
    return make_rel(std::move(columns), std::move(node));
}

}  // namespace thalweg::plan
