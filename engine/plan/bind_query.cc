#include "engine/plan/bind_query.h"

#include "engine/plan/bind_over.h"
#include "engine/plan/conjuncts.h"
#include "engine/sql/suggest.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

using sql::SqlError;

namespace {

// The name of an unaliased item: the last part of a column's name, else EXPR$n as in Flink.
std::string item_name(const sql::SelectItem& item, std::size_t index) {
    if (item.alias) return item.alias->text;
    if (const auto* identifier = std::get_if<sql::Identifier>(&item.expr->node))
        return last_part(identifier->name);
    if (const auto* field = std::get_if<sql::FieldAccess>(&item.expr->node))
        return field->field.text;
    return "EXPR$" + std::to_string(index);
}

}  // namespace

RelPtr QueryBinder::bind(const sql::Query& query) {
    common_tables_.emplace_back();
    for (const sql::CommonTable& table : query.with) {
        RelPtr rel = bind(*table.query);
        if (!table.columns.empty()) {
            if (table.columns.size() != rel->columns.size())
                throw SqlError(
                    table.name.location,
                    "'" + table.name.text + "' names " + std::to_string(table.columns.size()) +
                        " columns, its query has " + std::to_string(rel->columns.size()));
            std::vector<std::string> names;
            for (const sql::Name& name : table.columns)
                names.push_back(name.text);
            std::vector<ExprPtr> expressions = identity(*rel);
            rel = make_project_rel(std::move(rel), std::move(expressions), std::move(names));
        }
        common_tables_.back()[table.name.text] = std::move(rel);
    }
    ++depth_;
    Order order{&query.order_by, {}, 0};
    RelPtr rel = bind_body(*query.body, query.order_by.empty() ? nullptr : &order);
    rel = apply_order(std::move(rel), query, order);
    --depth_;
    common_tables_.pop_back();
    return rel;
}

RelPtr QueryBinder::bind_body(const sql::QueryBody& body, Order* order) {
    if (const auto* select = std::get_if<sql::Select>(&body.node))
        return bind_select(*select, body.location, order);
    const auto in_order = [&](RelPtr rel) {
        if (order == nullptr) return rel;
        const Scope scope = Scope::of(*rel, "");
        ExpressionBinder binder(scope, expr_settings_);
        std::vector<ExprPtr> expressions = identity(*rel);
        std::vector<std::string> names;
        for (const ColumnInfo& column : rel->columns)
            names.push_back(column.name);
        bind_order(*order, expressions, names, false, [&](const sql::Expr& expr) {
            return binder.bind(expr);
        });
        return with_columns(rel, std::move(expressions));
    };
    if (const auto* operation = std::get_if<sql::SetOperation>(&body.node))
        return in_order(bind_set_operation(*operation));
    if (const auto* nested = std::get_if<sql::NestedQuery>(&body.node))
        return in_order(bind(*nested->query));
    return in_order(bind_values(std::get<sql::Values>(body.node), body.location));
}

RelPtr QueryBinder::bind_view(const ViewDefinition& view) {
    if (std::find(open_views_.begin(), open_views_.end(), &view) != open_views_.end())
        throw SqlError(view.query->location, "view '" + view.name + "' reads itself");
    open_views_.push_back(&view);
    // A view does not see the WITH of the query that reads it.
    std::vector<std::map<std::string, RelPtr>> outer;
    std::swap(outer, common_tables_);
    RelPtr rel = bind(*view.query);
    std::swap(outer, common_tables_);
    open_views_.pop_back();
    if (view.columns.empty()) return rel;
    if (view.columns.size() != rel->columns.size())
        throw SqlError(view.query->location,
                       "view '" + view.name + "' names " + std::to_string(view.columns.size()) +
                           " columns, its query has " + std::to_string(rel->columns.size()));
    std::vector<ExprPtr> expressions = identity(*rel);
    return make_project_rel(std::move(rel), std::move(expressions), view.columns);
}

RelPtr QueryBinder::bind_select(const sql::Select& select, sql::Location at, Order* order) {
    std::vector<HintedTtl> outer_ttls = begin_hints(select);
    From from = bind_from_clause(select, at);
    const Scope relations = from.scope;
    const bool has_aggregates =
        select.having != nullptr ||
        std::any_of(select.items.begin(), select.items.end(), [](const sql::SelectItem& item) {
            return contains_aggregate(*item.expr);
        });
    const bool is_grouped = !select.group_by.empty() || has_aggregates;
    std::vector<const sql::Expr*> late;
    if (select.where != nullptr) {
        if (contains_aggregate(*select.where))
            throw SqlError(select.where->location,
                           "WHERE may not use aggregates",
                           "conditions on aggregates stand in HAVING");
        std::vector<const sql::Expr*> parts;
        for (const sql::Expr* const part : conjuncts(*select.where)) {
            const bool is_late = !is_grouped && names_over(*part, select, from.scope);
            (is_late ? late : parts).push_back(part);
        }
        from = bind_where(std::move(from), parts);
    }
    RelPtr rel = is_grouped ? bind_grouped(select, std::move(from), order)
                            : bind_plain(select, std::move(from), order, late);
    if (select.distinct) {
        rel = bind_distinct(std::move(rel), "DISTINCT", at);
        if (!is_grouped) rel = with_ttl(rel, hinted_ttl(relations));
    }
    end_hints(std::move(outer_ttls), relations);
    return rel;
}

QueryBinder::From QueryBinder::bind_from_clause(const sql::Select& select, sql::Location at) {
    if (select.from == nullptr) {
        const bool has_star =
            std::any_of(select.items.begin(), select.items.end(), [](const sql::SelectItem& item) {
                return std::holds_alternative<sql::Star>(item.expr->node);
            });
        if (has_star) throw SqlError(at, "* needs a FROM");
        RelPtr rel = one_row();
        Scope scope{rel->columns, {}};  // Its column has no name.
        return {std::move(rel), std::move(scope)};
    }
    const auto* join = std::get_if<sql::Join>(&select.from->node);
    if (join == nullptr) return bind_from(*select.from);
    return bind_join(*join, select.where.get(), select.from->location);
}

RelPtr QueryBinder::bind_plain(const sql::Select& select,
                               From from,
                               Order* order,
                               const std::vector<const sql::Expr*>& late) {
    std::vector<const sql::Expr*> items = late;
    for (const sql::SelectItem& item : select.items)
        items.push_back(item.expr.get());
    from = join_scalars(std::move(from), items, false);
    ExpressionBinder binder(from.scope, expr_settings_);
    ExpressionBinder plain(from.scope, expr_settings_);
    OverCollector over(select.windows, expr_settings_);
    over.set_bind([&](const sql::Expr& expr) { return plain.bind(expr); });
    binder.set_intercept([&](const sql::Expr& expr) { return over.intercept(expr); });
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    expand_items(select, from.scope, binder, expressions, names);
    if (order != nullptr) {
        bind_order(*order, expressions, names, select.distinct, [&](const sql::Expr& expr) {
            return binder.bind(expr);
        });
    }
    ExpressionBinder after(from.scope, expr_settings_);
    after.set_intercept([&](const sql::Expr& expr) -> std::optional<ExprPtr> {
        const sql::SelectItem* const item = over_item(expr, select);
        return item == nullptr ? std::nullopt : std::optional(binder.bind(*item->expr));
    });
    std::vector<ExprPtr> conditions;
    for (const sql::Expr* const part : late)
        conditions.push_back(after.bind_condition(*part, "WHERE"));
    if (!over.empty()) {
        from.rel = over.finish(from.rel, [](const ExprPtr& expr) { return expr; });
        if (!conditions.empty())
            from.rel = make_filter_rel(from.rel, over.fix(conjunction(conditions)));
        for (ExprPtr& expr : expressions)
            expr = over.fix(expr);
    }
    return make_project_rel(from.rel, std::move(expressions), std::move(names));
}

void QueryBinder::expand_items(const sql::Select& select,
                               const Scope& scope,
                               ExpressionBinder& binder,
                               std::vector<ExprPtr>& expressions,
                               std::vector<std::string>& names) {
    for (std::size_t i = 0; i < select.items.size(); ++i) {
        const sql::SelectItem& item = select.items[i];
        const auto* star = std::get_if<sql::Star>(&item.expr->node);
        if (star == nullptr) {
            names.push_back(item_name(item, i));
            expressions.push_back(binder.bind(*item.expr));
            continue;
        }
        const std::size_t before = expressions.size();
        for (const Scope::Relation& relation : scope.relations) {
            if (star->qualifier.empty() ? relation.is_named_only
                                        : star->qualifier.back().text != relation.alias)
                continue;
            for (std::size_t c = relation.first; c < relation.first + relation.count; ++c) {
                expressions.push_back(make_column(c, scope.columns[c].type));
                names.push_back(scope.columns[c].name);
            }
        }
        if (expressions.size() != before) continue;
        std::vector<std::string> aliases;
        for (const Scope::Relation& relation : scope.relations)
            aliases.push_back(relation.alias);
        throw SqlError(item.expr->location,
                       "there is no table '" + star->qualifier.back().text + "' in FROM",
                       sql::did_you_mean(sql::nearest(star->qualifier.back().text, aliases)));
    }
}

RelPtr QueryBinder::bind_insert(const sql::InsertInto& insert, const TableDefinition& target) {
    if (insert.overwrite) throw sql::not_supported(insert.target.location, "INSERT OVERWRITE");
    if (!insert.hints.empty())
        throw sql::not_supported(insert.hints[0].name.location,
                                 "the hint " + insert.hints[0].name.text);
    RelPtr rel = bind(*insert.query);
    std::vector<const TableColumn*> columns;
    for (const TableColumn& column : target.columns) {
        if (column.source == ColumnSource::kPhysical) columns.push_back(&column);
        if (column.source == ColumnSource::kMetadata && !column.is_virtual)
            throw sql::not_supported(column.location, "writing metadata to a sink");
    }
    std::vector<const TableColumn*> given = columns;
    if (!insert.columns.empty()) {
        given.clear();
        for (const sql::Name& name : insert.columns) {
            const auto found =
                std::find_if(columns.begin(), columns.end(), [&](const TableColumn* c) {
                    return c->name == name.text;
                });
            if (found == columns.end()) throw unknown_column(target, name);
            if (std::find(given.begin(), given.end(), *found) != given.end())
                throw SqlError(name.location, "column '" + name.text + "' is given twice");
            given.push_back(*found);
        }
    }
    if (given.size() != rel->columns.size()) {
        throw SqlError(insert.query->location,
                       "the query has " + std::to_string(rel->columns.size()) + " columns, '" +
                           target.name + "' takes " + std::to_string(given.size()));
    }
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (const TableColumn* column : columns) {
        const auto found = std::find(given.begin(), given.end(), column);
        names.push_back(column->name);
        if (found == given.end()) {
            if (!column->type.nullable)
                throw SqlError(insert.target.location,
                               "column '" + column->name + "' is NOT NULL and not given");
            expressions.push_back(make_literal({}, column->type));
            continue;
        }
        const auto index = static_cast<std::size_t>(found - given.begin());
        ExprPtr expr = make_column(index, rel->columns[index].type);
        if (!same_but_null(expr->type, column->type)) {
            auto cast = make_cast(expr, column->type, CastMode::kCast, expr_settings_);
            if (!cast)
                throw SqlError(insert.query->location,
                               "column '" + column->name + "' of '" + target.name + "' is " +
                                   column->type.to_string() + ", the query gives " +
                                   expr->type.to_string());
            expr = *std::move(cast);
        }
        expressions.push_back(std::move(expr));
    }
    RelPtr rows = make_project_rel(std::move(rel), std::move(expressions), std::move(names));
    return settings_.drops_null_rows() ? drop_null_rows(std::move(rows), columns) : rows;
}

// What Flink's 'table.exec.sink.not-null-enforcer' = 'DROP' means: no row with a NULL where the
// sink has NOT NULL.
RelPtr QueryBinder::drop_null_rows(RelPtr rows, const std::vector<const TableColumn*>& columns) {
    std::vector<ExprPtr> parts;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i]->type.nullable) continue;
        auto test =
            make_call("IS NOT NULL", {make_column(i, rows->columns[i].type)}, expr_settings_);
        ASSERT(test.has_value());
        parts.push_back(*std::move(test));
    }
    return parts.empty() ? rows : make_filter_rel(std::move(rows), conjunction(parts));
}

}  // namespace thalweg::plan
