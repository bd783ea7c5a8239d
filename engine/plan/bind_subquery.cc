#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"

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

// A SELECT whose rows each come from one row of its FROM: the only kind that may be correlated.
const sql::Select* plain_select(const sql::Query& query) {
    if (!query.with.empty() || !query.order_by.empty() || query.limit != nullptr ||
        query.offset != nullptr)
        return nullptr;
    const auto* select = std::get_if<sql::Select>(&query.body->node);
    if (select == nullptr || select->from == nullptr || !select->group_by.empty() ||
        select->having != nullptr)
        return nullptr;
    const bool has_calls =
        std::any_of(select->items.begin(), select->items.end(), [](const sql::SelectItem& item) {
            return contains_aggregate(*item.expr);
        });
    return has_calls ? nullptr : select;
}

}  // namespace

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
        if (inner.value == nullptr)
            throw SqlError(query.location, "IN expects a subquery of one column");
        ExpressionBinder binder(outer.scope, expr_settings_);
        const ExprPtr value = binder.bind(*operand);
        auto equal = make_call("=", {value, inner.value}, expr_settings_);
        if (!equal) throw SqlError(at, equal.error().message);
        // NOT IN is not true where a NULL might be equal.
        if (is_negated && (*equal)->type.nullable)
            equal = make_call("IS NOT FALSE", {*std::move(equal)}, expr_settings_);
        if (!equal) throw SqlError(at, equal.error().message);
        inner.conditions.push_back(*std::move(equal));
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

QueryBinder::Subquery QueryBinder::bind_subquery(const Scope& outer,
                                                 const sql::Query& query,
                                                 bool is_exists) {
    if (is_exists && has_one_group(query))
        throw sql::not_supported(query.location, "EXISTS of an aggregate of all rows");
    if (const sql::Select* const select = plain_select(query))
        return bind_correlated(outer, *select);
    Subquery result;
    RelPtr rel = bind(query);
    result.from = {rel, Scope::of(*rel, "")};
    if (rel->columns.size() == 1)
        result.value = make_column(outer.columns.size(), rel->columns[0].type);
    return result;
}

QueryBinder::Subquery QueryBinder::bind_correlated(const Scope& outer, const sql::Select& select) {
    CorrelatedFrom inner = bind_correlated_from(outer, select);
    Subquery result{std::move(inner.from), std::move(inner.conditions), nullptr};
    if (select.items.size() != 1) return result;
    const sql::Expr& item = *select.items[0].expr;
    const std::vector<ColumnInfo>& columns = result.from.scope.columns;
    if (!std::holds_alternative<sql::Star>(item.node)) {
        Scope both = Scope::side_by_side(outer, result.from.scope);
        both.inner_first = outer.columns.size();
        ExpressionBinder binder(both, expr_settings_);
        result.value = binder.bind(item);
    } else if (columns.size() == 1) {
        result.value = make_column(outer.columns.size(), columns[0].type);
    }
    return result;
}

QueryBinder::CorrelatedFrom QueryBinder::bind_correlated_from(const Scope& outer,
                                                              const sql::Select& select) {
    CorrelatedFrom result;
    bind_hints_of(select);
    const auto* join = std::get_if<sql::Join>(&select.from->node);
    From from = join != nullptr ? bind_join(*join, select.where.get(), select.from->location)
                                : bind_from(*select.from);
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
