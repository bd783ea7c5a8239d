#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/subquery.h"

#include <algorithm>
#include <optional>
#include <utility>

// Subqueries in WHERE: IN, EXISTS and their opposites become semi and anti joins. What a subquery's
// own WHERE says of the rows around it is the condition of the join; columns of both sides are
// known to it, its own first.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// A conjunct that asks for rows of a subquery.
struct Quantified {
    const sql::Query* query = nullptr;
    const sql::Expr* operand = nullptr;  // Of IN.
    bool is_negated = false;
};

std::optional<Quantified> quantified(const sql::Expr& expr) {
    if (const auto* in = std::get_if<sql::InQuery>(&expr.node))
        return Quantified{in->query.get(), in->operand.get(), in->negated};
    if (const auto* exists = std::get_if<sql::Exists>(&expr.node))
        return Quantified{exists->query.get(), nullptr, false};
    const auto* unary = std::get_if<sql::Unary>(&expr.node);
    if (unary == nullptr || unary->op != sql::UnaryOp::kNot) return std::nullopt;
    std::optional<Quantified> inner = quantified(*unary->operand);
    if (inner) inner->is_negated = !inner->is_negated;
    return inner;
}

// What subqueries for a value may stand in: of IN and EXISTS between ANDs only the operand.
std::vector<const sql::Expr*> values_in(const std::vector<const sql::Expr*>& parts) {
    std::vector<const sql::Expr*> values;
    for (const sql::Expr* const part : parts) {
        const std::optional<Quantified> found = quantified(*part);
        if (!found) values.push_back(part);
        if (found && found->operand != nullptr) values.push_back(found->operand);
    }
    return values;
}

// Whether there is a row of it also when FROM has none.
bool has_one_group(const sql::Query& query) {
    const auto* select = std::get_if<sql::Select>(&query.body->node);
    return select != nullptr && select->group_by.empty() &&
           std::any_of(select->items.begin(), select->items.end(), [](const auto& item) {
               return contains_aggregate(*item.expr);
           });
}

}  // namespace

const sql::Select* plain_select(const sql::Query& query) {
    const auto* select = std::get_if<sql::Select>(&query.body->node);
    if (select == nullptr || select->from == nullptr || !select->group_by.empty() ||
        select->having != nullptr)
        return nullptr;
    const bool has_calls =
        std::any_of(select->items.begin(), select->items.end(), [](const sql::SelectItem& item) {
            return contains_aggregate(*item.expr);
        });
    return has_calls || !query.with.empty() ? nullptr : select;
}

QueryBinder::From QueryBinder::bind_where(From from, const std::vector<const sql::Expr*>& parts) {
    std::vector<ExprPtr> plain;
    std::vector<std::pair<Quantified, sql::Location>> joins;
    from = join_scalars(std::move(from), values_in(parts), true);
    ExpressionBinder binder(from.scope, expr_settings_);
    for (const sql::Expr* const part : parts) {
        if (const std::optional<Quantified> found = quantified(*part)) {
            joins.emplace_back(*found, part->location);
        } else {
            plain.push_back(binder.bind_condition(*part, "WHERE"));
        }
    }
    if (!plain.empty()) from.rel = make_filter_rel(from.rel, conjunction(plain));
    for (const auto& [join, at] : joins)
        from = bind_semi_join(std::move(from), *join.query, join.operand, join.is_negated, at);
    return from;
}

QueryBinder::From QueryBinder::bind_semi_join(From outer,
                                              const sql::Query& query,
                                              const sql::Expr* operand,
                                              bool is_negated,
                                              sql::Location at) {
    Subquery inner = bind_subquery(outer.scope, query, operand == nullptr);
    if (operand != nullptr) {
        std::vector<ExprPtr> equal = in_conditions(outer.scope, *operand, inner, at);
        const ExprPtr all = conjunction(equal);
        // NOT IN is not true where a NULL might be equal.
        if (is_negated && all->type.nullable) {
            auto is_not_false = make_call("IS NOT FALSE", {all}, expr_settings_);
            if (!is_not_false) throw SqlError(at, is_not_false.error().message);
            equal = {*std::move(is_not_false)};
        }
        inner.conditions.insert(inner.conditions.end(), equal.begin(), equal.end());
    }
    const JoinKind kind = is_negated ? JoinKind::kAnti : JoinKind::kSemi;
    outer.rel = join_sides(outer, inner.from, kind, std::move(inner.conditions), {}, at);
    for (std::size_t i = 0; i < outer.scope.columns.size(); ++i) {
        std::string name = std::move(outer.scope.columns[i].name);
        outer.scope.columns[i] = outer.rel->columns[i];
        outer.scope.columns[i].name = std::move(name);
    }
    return outer;
}

std::vector<ExprPtr> QueryBinder::in_conditions(const Scope& outer,
                                                const sql::Expr& operand,
                                                const Subquery& inner,
                                                sql::Location at) {
    std::vector<const sql::Expr*> parts = {&operand};
    if (const auto* row = std::get_if<sql::RowConstructor>(&operand.node)) {
        parts.clear();
        for (const sql::ExprPtr& item : row->items)
            parts.push_back(item.get());
    }
    if (inner.values.size() != parts.size()) {
        const std::string columns =
            parts.size() == 1 ? "one column" : std::to_string(parts.size()) + " columns";
        throw SqlError(inner.location, "IN expects a subquery of " + columns);
    }
    ExpressionBinder binder(outer, expr_settings_);
    std::vector<ExprPtr> conditions;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto equal = make_call("=", {binder.bind(*parts[i]), inner.values[i]}, expr_settings_);
        if (!equal) throw SqlError(at, equal.error().message);
        conditions.push_back(*std::move(equal));
    }
    return conditions;
}

QueryBinder::Subquery QueryBinder::bind_subquery(const Scope& outer,
                                                 const sql::Query& query,
                                                 bool is_exists) {
    if (is_exists && has_one_group(query))
        throw sql::not_supported(query.location, "EXISTS of an aggregate of all rows");
    const bool has_order =
        !query.order_by.empty() || query.limit != nullptr || query.offset != nullptr;
    Subquery result;
    if (const sql::Select* const select = has_order ? nullptr : plain_select(query)) {
        result = bind_correlated(outer, *select, is_exists);
        result.location = query.location;
        return result;
    }
    result.location = query.location;
    RelPtr rel = bind(query);
    result.from = {rel, Scope::of(*rel, "")};
    for (std::size_t i = 0; i < rel->columns.size(); ++i)
        result.values.push_back(make_column(outer.columns.size() + i, rel->columns[i].type));
    return result;
}

void QueryBinder::expand_correlated(const Scope& outer,
                                    const Scope& inner,
                                    const sql::Select& select,
                                    std::vector<ExprPtr>& expressions,
                                    std::vector<std::string>& names) {
    Scope both = Scope::side_by_side(outer, inner);
    both.inner_first = outer.columns.size();
    ExpressionBinder binder(both, expr_settings_);
    Scope shown = both;  // A star is not for what is around it.
    for (std::size_t i = 0; i < outer.relations.size(); ++i)
        shown.relations[i].is_named_only = true;
    expand_items(select, shown, binder, expressions, names);
}

QueryBinder::Subquery QueryBinder::bind_correlated(const Scope& outer,
                                                   const sql::Select& select,
                                                   bool is_exists) {
    CorrelatedFrom inner = bind_correlated_from(outer, select);
    Subquery result{std::move(inner.from), std::move(inner.conditions), {}, {}};
    std::vector<std::string> names;
    if (!is_exists) expand_correlated(outer, result.from.scope, select, result.values, names);
    return result;
}

QueryBinder::CorrelatedFrom QueryBinder::bind_correlated_from(const Scope& outer,
                                                              const sql::Select& select) {
    CorrelatedFrom result;
    std::vector<HintedTtl> outer_ttls = begin_hints(select);
    const auto* join = std::get_if<sql::Join>(&select.from->node);
    From from = join != nullptr ? bind_join(*join, select.where.get(), select.from->location)
                                : bind_from(*select.from);
    end_hints(std::move(outer_ttls), from.scope);
    std::vector<const sql::Expr*> parts;
    if (select.where != nullptr) parts = conjuncts(*select.where);
    from = join_scalars(std::move(from), values_in(parts), true);
    Scope both = Scope::side_by_side(outer, from.scope);
    both.inner_first = outer.columns.size();
    const std::size_t count = both.columns.size();
    std::vector<ExprPtr> to_inner(outer.columns.size(), nullptr);
    for (const ExprPtr& column : identity(*from.rel))
        to_inner.push_back(column);
    ExpressionBinder binder(both, expr_settings_);
    std::vector<ExprPtr> own;
    std::vector<std::pair<Quantified, sql::Location>> joins;
    for (const sql::Expr* const part : parts) {
        if (const std::optional<Quantified> found = quantified(*part)) {
            joins.emplace_back(*found, part->location);
            continue;
        }
        ExprPtr condition = binder.bind_condition(*part, "WHERE");
        const Side reads = side_of(*condition, outer.columns.size(), count);
        if (reads == Side::kRight || reads == Side::kNone) {
            own.push_back(substitute(condition, to_inner));
        } else {
            result.conditions.push_back(std::move(condition));
        }
    }
    if (!own.empty()) from.rel = make_filter_rel(from.rel, conjunction(own));
    for (const auto& [inner, at] : joins)
        from = bind_semi_join(std::move(from), *inner.query, inner.operand, inner.is_negated, at);
    result.from = std::move(from);
    return result;
}

}  // namespace thalweg::plan
