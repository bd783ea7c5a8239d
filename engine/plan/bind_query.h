#pragma once

#include "engine/plan/bind_expression.h"
#include "engine/plan/bind_table.h"
#include "engine/plan/catalog.h"
#include "engine/plan/logical.h"
#include "engine/plan/settings.h"
#include "engine/sql/ast.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::plan {

// Queries to relational trees: FROM, WHERE, GROUP BY, the select list, UNION ALL, WITH, views.
//
// One binder serves a whole script, so that a table read by several queries is bound once and its
// scan can be shared. Failure: SqlError. What Flink has and this binder does not is refused as
// "... is not supported yet", at its place.
class QueryBinder {
  public:
    QueryBinder(const Catalog& catalog, const Settings& settings)
        : catalog_(catalog), settings_(settings), expr_settings_{settings.zone()} {}

    [[nodiscard]] RelPtr bind(const sql::Query& query);

    // The query's rows as the columns of a sink want them: `columns` names those the INSERT gives
    // (empty: all, in order), casts added, NULL for the rest.
    [[nodiscard]] RelPtr bind_insert(const sql::InsertInto& insert, const TableDefinition& target);

  private:
    [[nodiscard]] RelPtr drop_null_rows(RelPtr rows,
                                        const std::vector<const TableColumn*>& columns);

    struct From {
        RelPtr rel;
        Scope scope;
    };

    // ORDER BY of a query: its items as columns of what the query's body was bound to, which has
    // more columns than the query where one of them is not in its select list.
    struct Order {
        const std::vector<sql::OrderItem>* items = nullptr;
        std::vector<std::size_t> columns;
        std::size_t width = 0;  // Of the query.
    };

    // bind_query.cc
    RelPtr bind_body(const sql::QueryBody& body, Order* order = nullptr);
    RelPtr bind_select(const sql::Select& select, sql::Location at, Order* order);
    // `late`: conditions of WHERE that name items with OVER.
    RelPtr bind_plain(const sql::Select& select,
                      From from,
                      Order* order,
                      const std::vector<const sql::Expr*>& late);
    RelPtr bind_view(const ViewDefinition& view);
    void expand_items(const sql::Select& select,
                      const Scope& scope,
                      ExpressionBinder& binder,
                      std::vector<thalweg::ExprPtr>& expressions,
                      std::vector<std::string>& names);

    // bind_set_operation.cc
    RelPtr bind_set_operation(const sql::SetOperation& operation);
    static RelPtr make_union(RelPtr left, RelPtr right);
    RelPtr bind_matching(RelPtr left, RelPtr right, const sql::SetOperation& operation);

    // bind_from.cc
    From bind_from(const sql::TableRef& ref);
    From bind_named(const sql::NamedTable& table, const sql::TableRef& ref);
    From bind_unnest(From left, const sql::TableRef& ref, bool keep_empty);
    // A join without ON may find in `where`, if not null, that it is one of windows: FROM a, b
    // WHERE ...
    From bind_join(const sql::Join& join, const sql::Expr* where, sql::Location at);
    RelPtr resolve_table(const sql::QualifiedName& name);

    // bind_window.cc
    From bind_table_function(const sql::TableFunction& function, const sql::TableRef& ref);

    // bind_join.cc
    std::vector<thalweg::ExprPtr> bind_conjuncts(const sql::Expr* condition,
                                                 const Scope& scope,
                                                 std::string_view what);
    // Those parts of a WHERE that can be bound here: what the join below it may learn from it.
    std::vector<thalweg::ExprPtr> bind_hints(const sql::Expr* where, const Scope& scope);
    // A join of the kind that `conditions` over both sides, and `where` behind it, make it.
    RelPtr join_sides(const From& left,
                      const From& right,
                      JoinKind kind,
                      std::vector<thalweg::ExprPtr> conditions,
                      const std::vector<thalweg::ExprPtr>& where,
                      sql::Location at);
    // Null when they do not say that the bounds of equal windows agree.
    static RelPtr bind_window_join(const From& left,
                                   const From& right,
                                   JoinKind kind,
                                   const std::vector<thalweg::ExprPtr>& conditions,
                                   sql::Location at);
    // Null when they do not bound the times of both sides by each other.
    static RelPtr bind_interval_join(const From& left,
                                     const From& right,
                                     JoinKind kind,
                                     const std::vector<thalweg::ExprPtr>& conditions);
    // `condition` over both sides, or null: every row meets every row.
    static RelPtr bind_stream_join(const From& left,
                                   const From& right,
                                   JoinKind kind,
                                   thalweg::ExprPtr condition);

    // bind_temporal.cc
    // The row time that FOR SYSTEM_TIME AS OF names in `stream`, if it names one.
    [[nodiscard]] std::optional<std::size_t> event_time_of(const sql::Expr& as_of,
                                                           const Scope& stream);
    static RelPtr bind_temporal_join(const From& left,
                                     const From& right,
                                     const sql::Join& join,
                                     std::size_t time,
                                     const std::vector<thalweg::ExprPtr>& conditions,
                                     sql::Location at);

    // bind_subquery.cc
    // WHERE: what is no subquery filters, the others join.
    From bind_where(From from, const std::vector<const sql::Expr*>& parts);
    // Rows of `outer` for which there is one in the subquery, or none: IN (operand not null),
    // EXISTS.
    From bind_semi_join(From outer,
                        const sql::Query& query,
                        const sql::Expr* operand,
                        bool is_negated,
                        sql::Location at);

    struct Subquery {
        From from;
        std::vector<thalweg::ExprPtr> conditions;  // Over the columns of outer, then from.
        thalweg::ExprPtr value;                    // Of its only item, likewise; null: several.
    };

    Subquery bind_subquery(const Scope& outer, const sql::Query& query);
    Subquery bind_correlated(const Scope& outer, const sql::Select& select);

    // bind_lookup.cc
    From bind_snapshot(const sql::NamedTable& table, const sql::TableRef& ref, const Scope& stream);
    RelPtr bind_lookup_join(const From& left,
                            const From& right,
                            const sql::Join& join,
                            const sql::Expr& on,
                            const Scope& both);

    // bind_order.cc
    // Binds the items to columns, adding those that the select list does not have; `bind` binds an
    // expression as the select list does.
    static void bind_order(Order& order,
                           std::vector<thalweg::ExprPtr>& expressions,
                           std::vector<std::string>& names,
                           bool is_distinct,
                           const std::function<thalweg::ExprPtr(const sql::Expr&)>& bind);
    RelPtr apply_order(RelPtr rel, const sql::Query& query, const Order& order);
    std::uint64_t bind_count(const sql::Expr& expr, std::string_view what);

    // bind_aggregate.cc
    RelPtr bind_grouped(const sql::Select& select, From from, Order* order);
    // Each combination of values once; `what` asks for it: DISTINCT, UNION.
    static RelPtr bind_distinct(RelPtr rel, std::string_view what, sql::Location at);

    static From aliased(RelPtr rel, const sql::TableRef& ref, std::string fallback);

    const Catalog& catalog_;
    const Settings& settings_;
    ExprSettings expr_settings_;
    std::map<const TableDefinition*, std::shared_ptr<const BoundTable>> tables_;
    std::vector<std::map<std::string, RelPtr>> common_tables_;  // WITH, innermost last.
    std::vector<const ViewDefinition*> open_views_;             // Being bound, against cycles.
    std::size_t depth_ = 0;                                     // Of queries in queries.
};

}  // namespace thalweg::plan
