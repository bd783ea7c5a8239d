#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"
#include "engine/plan/changelog.h"

#include <algorithm>
#include <utility>

// ORDER BY, LIMIT, OFFSET and FETCH of a query.
//
//   LIMIT, with ORDER BY or without     a Rank without PARTITION BY
//   ORDER BY alone, the whole query's   a Sort; by processing time rows are in that order already
//   ORDER BY alone, of a subquery       nothing: rows of a relation have no order

namespace thalweg::plan {

using sql::SqlError;

namespace {

std::size_t add_hidden(std::vector<ExprPtr>& expressions,
                       std::vector<std::string>& names,
                       ExprPtr expr) {
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        if (equal(*expressions[i], *expr)) return i;
    }
    expressions.push_back(std::move(expr));
    names.push_back("ORDER$" + std::to_string(names.size()));
    return expressions.size() - 1;
}

RelPtr first_columns(RelPtr rel, std::size_t count) {
    if (rel->columns.size() == count) return rel;
    std::vector<ExprPtr> expressions = identity(*rel);
    expressions.resize(count);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(rel->columns[i].name);
    return make_project_rel(std::move(rel), std::move(expressions), std::move(names));
}

}  // namespace

std::optional<std::size_t> find_item(const sql::Expr& expr, const std::vector<std::string>& names) {
    if (const auto* identifier = std::get_if<sql::Identifier>(&expr.node)) {
        if (identifier->name.parts.size() != 1) return std::nullopt;
        const auto found = std::find(names.begin(), names.end(), identifier->name.parts[0].text);
        if (found == names.end()) return std::nullopt;
        return static_cast<std::size_t>(found - names.begin());
    }
    const auto* literal = std::get_if<sql::Literal>(&expr.node);
    if (literal == nullptr || literal->kind != sql::LiteralKind::kExact ||
        literal->text.find('.') != std::string::npos)
        return std::nullopt;
    const std::size_t number = literal->text.size() > 6 ? 0 : std::stoul(literal->text);
    if (number == 0 || number > names.size())
        throw SqlError(expr.location,
                       "ORDER BY " + literal->text + ": the select list has " +
                           std::to_string(names.size()) + " items");
    return number - 1;
}

void QueryBinder::bind_order(Order& order,
                             std::vector<ExprPtr>& expressions,
                             std::vector<std::string>& names,
                             bool is_distinct,
                             const std::function<ExprPtr(const sql::Expr&)>& bind) {
    order.width = expressions.size();
    const std::vector<std::string> shown = names;
    for (const sql::OrderItem& item : *order.items) {
        const std::optional<std::size_t> found = find_item(*item.expr, shown);
        order.columns.push_back(found ? *found : add_hidden(expressions, names, bind(*item.expr)));
        const std::size_t column = order.columns.back();
        if (is_distinct && column >= order.width)
            throw SqlError(item.expr->location,
                           "ORDER BY of a SELECT DISTINCT needs columns of its select list");
        check_sortable(expressions[column]->type, "ORDER BY", item.expr->location);
    }
}

std::uint64_t QueryBinder::bind_count(const sql::Expr& expr, std::string_view what) {
    const Scope empty;
    const ExprPtr bound = ExpressionBinder(empty, expr_settings_).bind(expr);
    const auto* value = std::get_if<std::int64_t>(&bound->literal.data);
    if (bound->kind != ExprKind::kLiteral || !bound->type.is_integer() || value == nullptr ||
        *value < 0)
        throw SqlError(expr.location, std::string(what) + " expects a number of rows");
    return static_cast<std::uint64_t>(*value);
}

RelPtr QueryBinder::apply_order(RelPtr rel, const sql::Query& query, const Order& order) {
    const std::size_t width = query.order_by.empty() ? rel->columns.size() : order.width;
    std::vector<SortItem> items;
    for (std::size_t i = 0; i < order.columns.size(); ++i) {
        items.push_back(sort_item(query.order_by[i]));
        items.back().column = order.columns[i];
    }
    if (query.limit != nullptr || query.offset != nullptr) {
        Rank rank;
        const std::uint64_t offset =
            query.offset == nullptr ? 0 : bind_count(*query.offset, "OFFSET");
        rank.first = offset + 1;
        rank.last = RankSpec::kNoLimit;
        if (query.limit != nullptr) rank.last = offset + bind_count(*query.limit, "LIMIT");
        rank.order = std::move(items);
        std::vector<ColumnInfo> columns = rel->columns;
        rank.input = std::move(rel);
        return first_columns(make_rel(std::move(columns), std::move(rank)), width);
    }
    if (items.empty()) return rel;
    const Role role = rel->columns[items[0].column].role;
    const bool is_rising = !items[0].is_descending;
    const bool is_arrival = role == Role::kProctime && is_rising;
    if (depth_ > 1 || is_arrival) return first_columns(std::move(rel), width);
    Sort sort;
    sort.is_temporal = (role == Role::kRowtime || role == Role::kWindowTime) && is_rising &&
                       changing_operator(*rel).empty();
    sort.order = std::move(items);
    std::vector<ColumnInfo> columns = rel->columns;
    sort.input = std::move(rel);
    return first_columns(make_rel(std::move(columns), std::move(sort)), width);
}

}  // namespace thalweg::plan
