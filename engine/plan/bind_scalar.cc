#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/sql/children.h"
#include "ops/expr/functions.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <optional>
#include <utility>

// Subqueries for a value: (SELECT ...) where one is expected; EXISTS, and IN (SELECT ...), where
// they do not stand between the ANDs of WHERE: those are joins of their own (bind_subquery.cc).
//
//     outer -> LEFT JOIN, on the columns that the subquery is correlated by, with
//              subquery: those columns, and its value, grouped by them
//
// so that what stood around the subquery has one more column. It changes when the value does. What
// a subquery's WHERE says of columns around it must be equalities; the rest of it is its own.
// Where it neither aggregates nor says LIMIT 1 its rows are counted, and two end the query. Of
// EXISTS and IN the value is whether that count is more than 0.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// A SELECT that may be correlated.
const sql::Select* simple_select(const sql::Query& query) {
    if (!query.with.empty() || !query.order_by.empty() || query.limit != nullptr ||
        query.offset != nullptr)
        return nullptr;
    const auto* select = std::get_if<sql::Select>(&query.body->node);
    if (select == nullptr || select->from == nullptr || !select->group_by.empty() ||
        select->distinct || select->items.size() != 1)
        return nullptr;
    const sql::Expr& item = *select->items[0].expr;
    const bool is_plain = !std::holds_alternative<sql::Star>(item.node) && !contains_over(item);
    return is_plain ? select : nullptr;
}

bool is_count(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call == nullptr || call->over != nullptr) return false;
    return find_aggregate(last_part(call->name)) == AggregateKind::kCount;
}

// Whether a relation never has two rows.
bool has_one_row(const Rel& rel) {
    if (const auto* node = std::get_if<Project>(&rel.node)) return has_one_row(*node->input);
    if (const auto* node = std::get_if<Filter>(&rel.node)) return has_one_row(*node->input);
    if (const auto* node = std::get_if<Aggregate>(&rel.node))
        return node->keys.empty() && node->window == nullptr;
    const auto* node = std::get_if<Rank>(&rel.node);
    return node != nullptr && node->partition.empty() && node->window == nullptr &&
           node->kind == RankKind::kRowNumber && node->first == node->last;
}

// The rows whose keys can equal others.
RelPtr with_keys(const RelPtr& rel,
                 const std::vector<ExprPtr>& keys,
                 const std::vector<bool>& null_is_equal,
                 const ExprSettings& settings) {
    std::vector<ExprPtr> conditions;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (null_is_equal[i] || !keys[i]->type.nullable) continue;
        auto is_there = make_call("IS NOT NULL", {keys[i]}, settings);
        ASSERT(is_there.has_value());
        conditions.push_back(*std::move(is_there));
    }
    return conditions.empty() ? rel : make_filter_rel(rel, conjunction(conditions));
}

// Whether an expression over the results of an aggregate is NULL when these are those of no row: so
// is the value that a LEFT JOIN gives where there is no group.
bool is_null_of_nothing(const Expr& expr, const Aggregate& node) {
    if (expr.kind == ExprKind::kColumn) {
        if (expr.column < node.keys.size()) return true;
        const AggregateKind kind = node.calls[expr.column - node.keys.size()].kind;
        return kind != AggregateKind::kCount && kind != AggregateKind::kCountStar;
    }
    return expr.kind == ExprKind::kCall && expr.function->nulls != NullRule::kOwn &&
           std::any_of(expr.arguments.begin(), expr.arguments.end(), [&](const ExprPtr& each) {
               return is_null_of_nothing(*each, node);
           });
}

// The value of bind_value_by(): a projection over an aggregate, perhaps with HAVING between.
bool is_null_of_nothing(const Rel& rel) {
    const auto& project = std::get<Project>(rel.node);
    const Rel* input = project.input.get();
    if (const auto* filter = std::get_if<Filter>(&input->node)) {
        const auto& below = std::get<Aggregate>(filter->input->node);
        if (!is_null_of_nothing(*filter->condition, below)) return false;
        input = filter->input.get();
    }
    return is_null_of_nothing(*project.expressions.back(), std::get<Aggregate>(input->node));
}

// The last column of `rel`, of each combination of the others, of which there may be one row.
RelPtr single_rows(const RelPtr& rel, const ExprSettings& settings, sql::Location at) {
    const std::size_t key_count = rel->columns.size() - 1;
    const ColumnInfo& value = rel->columns.back();
    Aggregate node;
    node.input = rel;
    std::vector<ColumnInfo> columns;
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < key_count; ++i) {
        node.keys.push_back(i);
        columns.push_back({rel->columns[i].name, rel->columns[i].type, Role::kPlain, nullptr});
        expressions.push_back(make_column(i, rel->columns[i].type));
        names.push_back(rel->columns[i].name);
    }
    AggregateCall count;
    count.result_type = Type::bigint().not_null();
    AggregateCall first;
    first.kind = AggregateKind::kFirstValue;
    first.argument = key_count;
    first.argument_type = value.type;
    auto type = aggregate_result_type(first.kind, value.type);
    if (!type) throw sql::not_supported(at, "a scalar subquery of " + value.type.to_string());
    first.result_type = *std::move(type);
    columns.push_back({"COUNT(*)", count.result_type, Role::kPlain, nullptr});
    columns.push_back({value.name, first.result_type, Role::kPlain, nullptr});
    node.calls = {count, first};
    auto is_single =
        make_call("$SINGLE_ROW", {make_column(key_count, count.result_type)}, settings);
    ASSERT(is_single.has_value());
    auto checked = make_call("CASE",
                             {*std::move(is_single),
                              make_column(key_count + 1, first.result_type),
                              make_literal({}, first.result_type)},
                             settings);
    ASSERT(checked.has_value());
    expressions.push_back(*std::move(checked));
    names.push_back(value.name);
    return make_project_rel(
        make_rel(std::move(columns), std::move(node)), std::move(expressions), std::move(names));
}

bool is_and_or_or(const sql::Expr& expr) {
    const auto* binary = std::get_if<sql::Binary>(&expr.node);
    return binary != nullptr &&
           (binary->op == sql::BinaryOp::kAnd || binary->op == sql::BinaryOp::kOr);
}

void collect(const sql::Expr& expr, bool null_is_false, std::vector<ScalarUse>& found) {
    const bool goes_on = null_is_false && is_and_or_or(expr);
    sql::for_each_child(
        expr,
        [&](const sql::Expr& child) { collect(child, goes_on, found); },
        [](const sql::Query&) {});
    if (std::holds_alternative<sql::ScalarQuery>(expr.node) ||
        std::holds_alternative<sql::Exists>(expr.node) ||
        std::holds_alternative<sql::InQuery>(expr.node))
        found.push_back({&expr, null_is_false});
}

}  // namespace

std::vector<ScalarUse> scalar_uses(const sql::Expr& expr, bool is_condition) {
    std::vector<ScalarUse> found;
    collect(expr, is_condition, found);
    return found;
}

Type QueryBinder::type_of(const Scalar& scalar) {
    if (scalar.is_test) return Type::boolean().not_null();
    return scalar.rel->columns.back().type.with_nullable(!scalar.is_count);
}

QueryBinder::Scalar QueryBinder::bind_use(const Scope& outer, const ScalarUse& use) {
    const auto* scalar = std::get_if<sql::ScalarQuery>(&use.expr->node);
    return scalar != nullptr ? bind_scalar(outer, *scalar->query) : bind_test(outer, use);
}

QueryBinder::Scalar QueryBinder::bind_test(const Scope& outer, const ScalarUse& use) {
    const auto* in = std::get_if<sql::InQuery>(&use.expr->node);
    const sql::Location at = use.expr->location;
    const sql::Query& query =
        in != nullptr ? *in->query : *std::get<sql::Exists>(use.expr->node).query;
    Subquery inner = bind_subquery(outer, query, in == nullptr);
    Scalar result;
    result.is_count = result.is_test = true;
    if (in != nullptr) {
        std::vector<ExprPtr> equal = in_conditions(outer, *in->operand, inner, at);
        result.is_negated = in->negated;
        if (conjunction(equal)->type.nullable && (in->negated || !use.null_is_false))
            throw sql::not_supported(at, "IN (SELECT ...) here of values that may be NULL");
        inner.conditions.insert(inner.conditions.end(), equal.begin(), equal.end());
    }
    std::vector<ExprPtr> keys =
        take_keys(inner.conditions, outer.columns.size(), *inner.from.rel, result, at);
    inner.from.rel = with_keys(inner.from.rel, keys, result.null_is_equal, expr_settings_);
    Aggregate node;
    std::vector<ColumnInfo> columns;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        node.keys.push_back(i);
        columns.push_back({"key", keys[i]->type, Role::kPlain, nullptr});
        names.emplace_back("key");
    }
    if (keys.empty()) {
        keys.push_back(make_literal({true}, Type::boolean().not_null()));
        names.emplace_back("row");
    }
    node.input = make_project_rel(inner.from.rel, std::move(keys), std::move(names));
    AggregateCall count;
    count.result_type = Type::bigint().not_null();
    columns.push_back({"COUNT(*)", count.result_type, Role::kPlain, nullptr});
    node.calls = {count};
    result.rel = make_rel(std::move(columns), std::move(node));
    return result;
}

std::vector<ExprPtr> QueryBinder::take_keys(const std::vector<ExprPtr>& conditions,
                                            std::size_t outer_count,
                                            const Rel& inner,
                                            Scalar& scalar,
                                            sql::Location at) {
    const std::size_t count = outer_count + inner.columns.size();
    std::vector<ExprPtr> to_inner(outer_count, nullptr);
    for (const ExprPtr& column : identity(inner))
        to_inner.push_back(column);
    std::vector<ExprPtr> keys;
    for (const ExprPtr& condition : conditions) {
        std::optional<Equality> key = equality_of(*condition);
        if (key && side_of(*key->left, outer_count, count) == Side::kRight)
            std::swap(key->left, key->right);
        if (!key || side_of(*key->left, outer_count, count) != Side::kLeft ||
            side_of(*key->right, outer_count, count) != Side::kRight)
            throw sql::not_supported(
                at, "a subquery for a value correlated by anything but equalities");
        keys.push_back(substitute(key->right, to_inner));
        scalar.outer.push_back(key->left);
        scalar.null_is_equal.push_back(key->null_is_equal);
    }
    return keys;
}

QueryBinder::Scalar QueryBinder::bind_scalar(const Scope& outer, const sql::Query& query) {
    if (const sql::Select* const select = simple_select(query))
        return bind_simple_scalar(outer, *select, query.location);
    Scalar result;
    result.rel = bind(query);
    if (result.rel->columns.size() != 1)
        throw SqlError(query.location, "a scalar subquery has one column");
    if (!has_one_row(*result.rel))
        result.rel = single_rows(result.rel, expr_settings_, query.location);
    return result;
}

QueryBinder::Scalar QueryBinder::bind_simple_scalar(const Scope& outer,
                                                    const sql::Select& select,
                                                    sql::Location at) {
    const sql::Expr& item = *select.items[0].expr;
    CorrelatedFrom inner = bind_correlated_from(outer, select);
    Scalar result;
    std::vector<ExprPtr> keys =
        take_keys(inner.conditions, outer.columns.size(), *inner.from.rel, result, at);
    inner.from.rel = with_keys(inner.from.rel, keys, result.null_is_equal, expr_settings_);
    if (contains_aggregate(item) || select.having != nullptr) {
        result.is_count = is_count(item) && select.having == nullptr;
        result.rel = bind_value_by(select, std::move(inner.from), std::move(keys));
        if (!result.is_count && !is_null_of_nothing(*result.rel))
            throw sql::not_supported(
                at, "a subquery for a value that is not NULL where there is no row");
        return result;
    }
    ExpressionBinder binder(inner.from.scope, expr_settings_);
    std::vector<std::string> names(keys.size(), "key");
    keys.push_back(binder.bind(item));
    names.emplace_back("value");
    result.rel = single_rows(
        make_project_rel(inner.from.rel, std::move(keys), std::move(names)), expr_settings_, at);
    return result;
}

QueryBinder::From QueryBinder::join_scalar(From from, const Scalar& scalar) {
    const std::size_t left_count = from.rel->columns.size();
    const std::size_t key_count = scalar.outer.size();
    std::vector<ExprPtr> conditions;
    for (std::size_t i = 0; i < key_count; ++i) {
        const ExprPtr key = make_column(left_count + i, scalar.rel->columns[i].type);
        auto equal = make_call(scalar.null_is_equal[i] ? "IS NOT DISTINCT FROM" : "=",
                               {scalar.outer[i], key},
                               expr_settings_);
        ASSERT(equal.has_value());
        conditions.push_back(*std::move(equal));
    }
    const From right{scalar.rel, {}};
    from.rel = bind_stream_join(from, right, JoinKind::kLeft, conjunction(conditions));
    if (scalar.is_count) {
        std::vector<ExprPtr> columns = identity(*from.rel);
        auto none =
            make_call("COALESCE",
                      {columns.back(), make_literal({std::int64_t{0}}, Type::bigint().not_null())},
                      expr_settings_);
        ASSERT(none.has_value());
        columns.push_back(*std::move(none));
        if (scalar.is_test) {
            const ExprPtr zero = make_literal({std::int64_t{0}}, Type::bigint().not_null());
            auto test =
                make_call(scalar.is_negated ? "=" : ">", {columns.back(), zero}, expr_settings_);
            ASSERT(test.has_value());
            columns.push_back(*std::move(test));
        }
        from.rel = with_columns(from.rel, std::move(columns));
    }
    for (std::size_t i = 0; i < from.rel->columns.size(); ++i) {
        ColumnInfo column = from.rel->columns[i];
        if (i < from.scope.columns.size()) {
            column.name = std::move(from.scope.columns[i].name);
            from.scope.columns[i] = std::move(column);
        } else {
            from.scope.columns.push_back(std::move(column));
        }
    }
    return from;
}

QueryBinder::From QueryBinder::join_scalars(From from,
                                            const std::vector<const sql::Expr*>& exprs,
                                            bool are_conditions) {
    for (const sql::Expr* const expr : exprs) {
        for (const ScalarUse& use : scalar_uses(*expr, are_conditions)) {
            const Scalar scalar = bind_use(from.scope, use);
            from = join_scalar(std::move(from), scalar);
            from.scope.scalars.emplace_back(use.expr, from.scope.columns.size() - 1);
        }
    }
    return from;
}

}  // namespace thalweg::plan
