#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/subquery.h"

#include <optional>
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

// An expression over left_count columns and then those of `inner` as one over the latter alone;
// null: it reads others.
ExprPtr inside(const ExprPtr& expr, std::size_t left_count, const Rel& inner) {
    const Side side = side_of(*expr, left_count, left_count + inner.columns.size());
    if (side == Side::kLeft || side == Side::kBoth) return nullptr;
    std::vector<ExprPtr> to_inner(left_count, nullptr);
    for (const ExprPtr& column : identity(inner))
        to_inner.push_back(column);
    return substitute(expr, to_inner);
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
    std::vector<ExprPtr> items;
    std::vector<std::string> names;
    expand_correlated(left.scope, inner.from.scope, select, items, names);
    if (has_limit(query)) limit_lateral(inner, left.scope, query, items, names);

    // Items are computed behind the join, but for those of a LEFT JOIN, which are NULL where it
    // finds nothing.
    std::vector<ExprPtr> below = identity(*inner.from.rel);
    for (std::size_t i = 0; is_left && i < items.size(); ++i) {
        const ExprPtr item = inside(items[i], left_count, *inner.from.rel);
        if (item == nullptr)
            throw sql::not_supported(at, "an item that reads both sides of a LEFT JOIN LATERAL");
        const std::size_t place = position_of(below, item);
        items[i] = make_column(left_count + place, item->type.with_nullable(true));
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
                                const sql::Query& query,
                                const std::vector<ExprPtr>& items,
                                const std::vector<std::string>& names) {
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
        const std::optional<std::size_t> found = find_item(*item.expr, names);
        const ExprPtr value =
            found ? inside(items[*found], outer_count, *inner.from.rel) : binder.bind(*item.expr);
        if (value == nullptr)
            throw sql::not_supported(item.expr->location,
                                     "LATERAL in an order that reads the row before it");
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
