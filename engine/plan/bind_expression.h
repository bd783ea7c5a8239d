#pragma once

#include "engine/plan/logical.h"
#include "engine/sql/ast.h"
#include "engine/sql/sql_error.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Names and types of scalar expressions: syntax in, bound expressions over the columns of a scope
// out. Failure: SqlError at the part of the text that is wrong.

namespace thalweg::plan {

// What names mean at some place of a query: columns side by side, grouped by the relation that they
// came from (`alias.column`). Borrows the columns.
struct Scope {
    struct Relation {
        std::string alias;
        std::size_t first = 0;
        std::size_t count = 0;
        bool is_named_only = false;  // Only found behind its alias: what USING has made one column.
        bool is_shared = false;      // That column: never found behind an alias.
    };

    std::vector<ColumnInfo> columns;
    std::vector<Relation> relations;

    // Subqueries for a value that are columns by now; these have no name.
    std::vector<std::pair<const sql::Expr*, std::size_t>> scalars = {};

    // Where a name means several columns and some of them stand from here on, it means those: the
    // columns of a subquery hide those around it.
    std::size_t inner_first = 0;

    [[nodiscard]] static Scope of(const Rel& rel, std::string alias) {
        return {rel.columns, {{std::move(alias), 0, rel.columns.size()}}};
    }

    [[nodiscard]] static Scope side_by_side(const Scope& left, const Scope& right);
};

class ExpressionBinder {
  public:
    // Called for every node before anything else: a value replaces the node. This is how keys and
    // aggregates are found in the select list of a GROUP BY.
    using Intercept = std::function<std::optional<thalweg::ExprPtr>(const sql::Expr&)>;

    ExpressionBinder(const Scope& scope, const ExprSettings& settings)
        : scope_(scope), settings_(settings) {}

    void set_intercept(Intercept intercept) { intercept_ = std::move(intercept); }

    [[nodiscard]] thalweg::ExprPtr bind(const sql::Expr& expr);

    // The same, and it must be a BOOLEAN; `what` for the message: "WHERE".
    [[nodiscard]] thalweg::ExprPtr bind_condition(const sql::Expr& expr, std::string_view what);

  private:
    thalweg::ExprPtr bind_node(const sql::Expr& expr);
    thalweg::ExprPtr bind_literal(const sql::Literal& literal, sql::Location at);
    thalweg::ExprPtr bind_identifier(const sql::Identifier& identifier, sql::Location at);
    thalweg::ExprPtr bind_call(const sql::Call& call, sql::Location at);
    thalweg::ExprPtr bind_binary(const sql::Binary& binary, sql::Location at);
    thalweg::ExprPtr bind_is(const sql::IsTest& test, sql::Location at);
    thalweg::ExprPtr bind_between(const sql::Between& between, sql::Location at);
    thalweg::ExprPtr bind_in(const sql::InList& in, sql::Location at);
    thalweg::ExprPtr bind_like(const sql::Like& like, sql::Location at);
    thalweg::ExprPtr bind_case(const sql::Case& branches, sql::Location at);
    thalweg::ExprPtr call(std::string_view name,
                          std::vector<thalweg::ExprPtr> arguments,
                          sql::Location at);
    thalweg::ExprPtr negate_if(bool negated, thalweg::ExprPtr expr, sql::Location at);
    std::vector<thalweg::ExprPtr> bind_all(const std::vector<sql::ExprPtr>& expressions);

    const Scope& scope_;
    const ExprSettings& settings_;
    Intercept intercept_;
};

// Whether an aggregate function is called in `expr` (outside of subqueries and OVER).
[[nodiscard]] bool contains_aggregate(const sql::Expr& expr);

// A subquery that stands for a value: (SELECT ..), EXISTS (SELECT ..), x IN (SELECT ..).
struct ScalarUse {
    const sql::Expr* expr = nullptr;
    bool null_is_false = false;  // It stands between ANDs and ORs of a condition.
};

// Those in `expr`, which is a condition or not, but for those in subqueries: inner ones first.
[[nodiscard]] std::vector<ScalarUse> scalar_uses(const sql::Expr& expr, bool is_condition);

// The column that `name` means in `scope`, and how many of its parts it took.
struct Resolved {
    std::size_t column = 0;
    std::size_t parts = 0;
};

[[nodiscard]] Resolved resolve(const Scope& scope, const sql::QualifiedName& name);

// Refuses values that have no order and no hash: `what` asks for them.
void check_comparable(const Type& type, std::string_view what, sql::Location at);

[[nodiscard]] thalweg::ExprPtr cast_or_throw(thalweg::ExprPtr expr,
                                             const Type& type,
                                             CastMode mode,
                                             const ExprSettings& settings,
                                             sql::Location at);

}  // namespace thalweg::plan
