#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/subquery.h"

#include <algorithm>
#include <utility>

// LATERAL (SELECT ...) as the right side of a join: what its WHERE says of the row before it is the
// condition of the join. With LIMIT it is a Top-N of each combination of the columns that are
// compared to that row's, joined by them.

namespace thalweg::plan {

using sql::SqlError;

namespace {

bool is_true(const sql::Expr* condition) {
    if (condition == nullptr) return true;
    const auto* literal = std::get_if<sql::Literal>(&condition->node);
    return literal != nullptr && literal->text == "TRUE";
}

const sql::Select& lateral_select(const sql::Query& query) {
    const sql::Select* const select = plain_select(query);
    if (select != nullptr && !select->distinct) return *select;
    throw SqlError(query.location,
                   "LATERAL of anything but SELECT, WHERE, ORDER BY and LIMIT is not supported yet",
                   "an aggregate of one value can be a subquery in the select list");
}

bool has_limit(const sql::Query& query) {
    return query.limit != nullptr || query.offset != nullptr;
}

}  // namespace

QueryBinder::From QueryBinder::bind_lateral(From left,
                                            const sql::Join& join,
                                            const sql::DerivedTable& derived,
                                            const sql::TableRef& ref) {
    const sql::Location at = ref.location;
    const bool is_left = join.kind == sql::JoinKind::kLeft;
    if (join.kind == sql::JoinKind::kRight || join.kind == sql::JoinKind::kFull || join.natural ||
        !join.using_columns.empty())
        throw sql::not_supported(at, "this kind of join with LATERAL");
    if (!is_true(join.condition.get()))
        throw sql::not_supported(join.condition->location,
                                 "a condition other than TRUE on LATERAL");
    const sql::Query& query = *derived.query;
    const sql::Select& select = lateral_select(query);
    CorrelatedFrom inner = bind_correlated_from(left.scope, select);
    const std::size_t left_count = left.scope.columns.size();
    const std::size_t inner_count = inner.from.scope.columns.size();
    if (has_limit(query)) limit_lateral(inner, left.scope, query);

    std::vector<ExprPtr> items;
    std::vector<std::string> names;
    expand_correlated(left.scope, inner.from.scope, select, items, names);
    // What reads the row before it comes behind the join, the rest before: where a LEFT JOIN finds
    // nothing that is NULL.
    std::vector<ExprPtr> to_inner(left_count, nullptr);
    for (std::size_t i = 0; i < inner_count; ++i)
        to_inner.push_back(make_column(i, inner.from.rel->columns[i].type));
    std::vector<ExprPtr> below = identity(*inner.from.rel);
    for (ExprPtr& item : items) {
        const Side side = side_of(*item, left_count, left_count + inner_count);
        if (side == Side::kLeft || side == Side::kBoth) {
            if (is_left)
                throw sql::not_supported(at,
                                         "an item that reads both sides of a LEFT JOIN LATERAL");
            continue;
        }
        const std::size_t place = position_of(below, substitute(item, to_inner));
        item = make_column(left_count + place,
                           item->type.with_nullable(item->type.nullable || is_left));
    }
    const From right{with_columns(inner.from.rel, std::move(below)), {}};
    const JoinKind kind = is_left ? JoinKind::kLeft : JoinKind::kInner;
    RelPtr joined = join_sides(left, right, kind, std::move(inner.conditions), {}, at);
    return show_lateral(std::move(left), std::move(joined), std::move(items), names, ref);
}

// The columns of the left side and the items.
QueryBinder::From QueryBinder::show_lateral(From left,
                                            RelPtr joined,
                                            std::vector<ExprPtr> items,
                                            const std::vector<std::string>& item_names,
                                            const sql::TableRef& ref) {
    const std::size_t left_count = left.scope.columns.size();
    std::vector<ExprPtr> shown;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < left_count; ++i) {
        shown.push_back(make_column(i, joined->columns[i].type));
        names.push_back(left.scope.columns[i].name);
    }
    shown.insert(shown.end(), items.begin(), items.end());
    names.insert(names.end(), item_names.begin(), item_names.end());
    RelPtr rel = make_project_rel(std::move(joined), std::move(shown), names);
    for (std::size_t i = 0; i < left_count; ++i)
        left.scope.columns[i] = rel->columns[i];
    Scope right{
        {rel->columns.begin() + static_cast<std::ptrdiff_t>(left_count), rel->columns.end()},
        {{ref.alias ? ref.alias->text : "", 0, items.size()}}};
    if (!ref.alias_columns.empty()) {
        if (ref.alias_columns.size() != items.size())
            throw SqlError(ref.alias->location,
                           "LATERAL gives " + std::to_string(items.size()) + " columns, '" +
                               ref.alias->text + "' names " +
                               std::to_string(ref.alias_columns.size()));
        for (std::size_t i = 0; i < items.size(); ++i)
            right.columns[i].name = ref.alias_columns[i].text;
    }
    return {std::move(rel), Scope::side_by_side(left.scope, right)};
}

// ORDER BY and LIMIT for each combination of what equals the columns around it.
void QueryBinder::limit_lateral(CorrelatedFrom& inner,
                                const Scope& outer,
                                const sql::Query& query) {
    const std::size_t outer_count = outer.columns.size();
    Scalar correlation;
    const std::vector<ExprPtr> keys =
        take_keys(inner.conditions, outer_count, *inner.from.rel, correlation, query.location);
    std::vector<ExprPtr> columns = identity(*inner.from.rel);
    Rank rank;
    for (const ExprPtr& key : keys)
        rank.partition.push_back(position_of(columns, key));
    ExpressionBinder binder(inner.from.scope, expr_settings_);
    for (const sql::OrderItem& item : query.order_by) {
        const ExprPtr value = binder.bind(*item.expr);
        check_sortable(value->type, "ORDER BY", item.expr->location);
        rank.order.push_back(sort_item(item));
        rank.order.back().column = position_of(columns, value);
    }
    const std::uint64_t offset = query.offset == nullptr ? 0 : bind_count(*query.offset, "OFFSET");
    rank.first = offset + 1;
    rank.last = RankSpec::kNoLimit;
    if (query.limit != nullptr) rank.last = offset + bind_count(*query.limit, "LIMIT");
    rank.input = with_columns(inner.from.rel, std::move(columns));
    const std::vector<std::size_t> partition = rank.partition;
    std::vector<ColumnInfo> ranked = rank.input->columns;
    inner.from.rel = make_rel(std::move(ranked), std::move(rank));
    inner.conditions.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto equal = make_call(
            correlation.null_is_equal[i] ? "IS NOT DISTINCT FROM" : "=",
            {correlation.outer[i], make_column(outer_count + partition[i], keys[i]->type)},
            expr_settings_);
        if (!equal) throw SqlError(query.location, equal.error().message);
        inner.conditions.push_back(*std::move(equal));
    }
}

}  // namespace thalweg::plan
