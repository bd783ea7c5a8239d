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

    // What the queries so far asked for, and is not done.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

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
    From bind_from_clause(const sql::Select& select, sql::Location at);
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
    RelPtr bind_matching_all(RelPtr left, RelPtr right, const sql::SetOperation& operation);

    // bind_from.cc
    From bind_from(const sql::TableRef& ref);
    From bind_named(const sql::NamedTable& table, const sql::TableRef& ref);
    From bind_unnest(From left, const sql::TableRef& ref, bool keep_empty);

    // bind_using.cc
    // The columns that USING or NATURAL names, each as its column of the left and of the right.
    struct Shared {
        std::string name;
        std::size_t left = 0;
        std::size_t right = 0;
    };

    static std::vector<Shared> shared_columns(const sql::Join& join,
                                              const Scope& left,
                                              const Scope& right);
    std::vector<thalweg::ExprPtr> shared_conditions(const std::vector<Shared>& shared,
                                                    const Scope& left,
                                                    const Scope& right,
                                                    sql::Location at);
    // The join with the shared columns once, in front.
    From merge_shared(From joined,
                      std::size_t left_count,
                      const std::vector<Shared>& shared,
                      const sql::Join& join);

    // bind_values.cc
    RelPtr bind_values(const sql::Values& values, sql::Location at);
    // One row of one column: what a SELECT without FROM reads.
    RelPtr one_row();
    std::string values_name();
    // A join without ON may find in `where`, if not null, that it is one of windows: FROM a, b
    // WHERE ...
    From bind_join(const sql::Join& join, const sql::Expr* where, sql::Location at);
    RelPtr resolve_table(const sql::QualifiedName& name, const std::vector<sql::Hint>& hints = {});

    // bind_hints.cc
    // What STATE_TTL says of a relation of a SELECT.
    struct HintedTtl {
        sql::Text alias;
        std::int64_t ttl_ns = 0;
        bool is_used = false;
    };

    // Begins a SELECT: its hints count, until end_hints() gets back what those around it say.
    [[nodiscard]] std::vector<HintedTtl> begin_hints(const sql::Select& select);
    void end_hints(std::vector<HintedTtl> outer, const Scope& from);
    // Of the state that is kept of `from` alone: nothing where it is several relations.
    [[nodiscard]] std::optional<std::int64_t> hinted_ttl(const Scope& from);
    // The table as OPTIONS make it.
    std::shared_ptr<const BoundTable> bind_options(const TableDefinition& definition,
                                                   const std::vector<sql::Hint>& hints);

    // bind_window.cc
    From bind_table_function(const sql::TableFunction& function, const sql::TableRef& ref);

    // bind_match_table.cc
    From bind_match(const sql::MatchRecognize& match, const sql::TableRef& ref);

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
    RelPtr bind_interval_join(const From& left,
                              const From& right,
                              JoinKind kind,
                              const std::vector<thalweg::ExprPtr>& conditions);
    // `condition` over both sides, or null: every row meets every row.
    RelPtr bind_stream_join(const From& left,
                            const From& right,
                            JoinKind kind,
                            thalweg::ExprPtr condition);

    // bind_temporal.cc
    // The row time that FOR SYSTEM_TIME AS OF names in `stream`, if it names one.
    [[nodiscard]] std::optional<std::size_t> event_time_of(const sql::Expr& as_of,
                                                           const Scope& stream);
    RelPtr bind_temporal_join(const From& left,
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
        std::vector<thalweg::ExprPtr> values;      // Of its items, likewise, for IN.
        sql::Location location;
    };

    // The equalities that IN means: of its operand, several in the case of a row, and the items.
    [[nodiscard]] std::vector<thalweg::ExprPtr> in_conditions(const Scope& outer,
                                                              const sql::Expr& operand,
                                                              const Subquery& inner,
                                                              sql::Location at);

    // FROM and WHERE of a SELECT that may name columns around it.
    struct CorrelatedFrom {
        From from;  // With what WHERE says of it alone.
        std::vector<thalweg::ExprPtr>
            conditions;  // The rest, over the columns of outer, then from.
    };

    Subquery bind_subquery(const Scope& outer, const sql::Query& query, bool is_exists);
    Subquery bind_correlated(const Scope& outer, const sql::Select& select, bool is_exists);
    // The items of a SELECT, over the columns around it and then its own.
    void expand_correlated(const Scope& outer,
                           const Scope& inner,
                           const sql::Select& select,
                           std::vector<thalweg::ExprPtr>& expressions,
                           std::vector<std::string>& names);
    CorrelatedFrom bind_correlated_from(const Scope& outer, const sql::Select& select);

    // bind_lateral.cc
    From bind_lateral(From left,
                      const sql::Join& join,
                      const sql::DerivedTable& derived,
                      const sql::TableRef& ref);
    static From show_lateral(From left,
                             RelPtr joined,
                             std::vector<thalweg::ExprPtr> items,
                             const std::vector<std::string>& item_names,
                             const sql::TableRef& ref);
    void limit_lateral(CorrelatedFrom& inner,
                       const Scope& outer,
                       const sql::Query& query,
                       const std::vector<thalweg::ExprPtr>& items,
                       const std::vector<std::string>& names);

    // bind_scalar.cc
    // A scalar subquery: columns that it is correlated by, then its value.
    struct Scalar {
        RelPtr rel;
        std::vector<thalweg::ExprPtr> outer;  // What is equal to the first columns, around it.
        std::vector<bool> null_is_equal;      // For each of those.
        bool is_count = false;                // No row means 0.
        bool is_test = false;                 // Whether that is more than 0,
        bool is_negated = false;              // or 0.
    };

    static Type type_of(const Scalar& scalar);
    Scalar bind_use(const Scope& outer, const ScalarUse& use);
    // EXISTS, IN: how many rows there are.
    Scalar bind_test(const Scope& outer, const ScalarUse& use);
    // Takes equalities with columns around it out of `conditions`: the columns of `inner`.
    static std::vector<thalweg::ExprPtr> take_keys(const std::vector<thalweg::ExprPtr>& conditions,
                                                   std::size_t outer_count,
                                                   const Rel& inner,
                                                   Scalar& scalar,
                                                   sql::Location at);

    Scalar bind_scalar(const Scope& outer, const sql::Query& query);
    Scalar bind_simple_scalar(const Scope& outer, const sql::Select& select, sql::Location at);
    // `from` with the value as its last column.
    From join_scalar(From from, const Scalar& scalar);
    // The same for all subqueries for a value in `exprs`, which the scope then knows.
    From join_scalars(From from, const std::vector<const sql::Expr*>& exprs, bool are_conditions);

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
    // The only item of a SELECT with aggregates, by `keys`: those, then the item.
    RelPtr bind_value_by(const sql::Select& select, From from, std::vector<thalweg::ExprPtr> keys);
    // Each combination of values once; `what` asks for it: DISTINCT, UNION.
    static RelPtr bind_distinct(RelPtr rel, std::string_view what, sql::Location at);

    static From aliased(RelPtr rel, const sql::TableRef& ref, std::string fallback);

    const Catalog& catalog_;
    const Settings& settings_;
    ExprSettings expr_settings_;
    std::map<const TableDefinition*, std::shared_ptr<const BoundTable>> tables_;
    std::vector<std::map<std::string, RelPtr>> common_tables_;  // WITH, innermost last.
    std::vector<const ViewDefinition*> open_views_;             // Being bound, against cycles.
    std::vector<std::string> warnings_;
    std::vector<HintedTtl> ttls_;   // Of the innermost SELECT.
    std::size_t values_count_ = 0;  // Of VALUES and SELECTs without FROM.
    std::size_t depth_ = 0;         // Of queries in queries.
};

}  // namespace thalweg::plan
