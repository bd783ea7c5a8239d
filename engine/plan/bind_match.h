#pragma once

#include "engine/plan/bind_expression.h"
#include "engine/plan/logical.h"
#include "engine/sql/ast.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg::plan {

// Expressions of MEASURES and DEFINE over the columns of a frame (MatchExpressions).
//
//     A.price          the last row that is A; in DEFINE of A the row itself
//     price            the last row of the match; in DEFINE the row itself
//     FIRST, LAST      (expression, n): its columns, of the row n behind the first, before the last
//     PREV             (expression, n): its columns, of the row n before that in the partition
//     aggregates       over the rows of their only variable, or of the match; what they read is
//                      added to the columns of the input
//     MATCH_ROWTIME()  the time of the match; MATCH_PROCTIME() the clock
//
// Use      Each expression by itself, then finish() all of them, when it is known how many
//          references and aggregates there are and how wide the input is.
class MatchBinder {
  public:
    // `inputs`: columns of the input, to which the arguments of aggregates are added. Borrows all.
    MatchBinder(const Scope& scope,
                const ExprSettings& settings,
                const std::vector<std::string>& variables,
                std::vector<ExprPtr>& inputs,
                std::size_t time_column)
        : scope_(scope),
          settings_(settings),
          variables_(variables),
          inputs_(inputs),
          time_column_(time_column) {}

    // An expression of DEFINE of a variable.
    [[nodiscard]] ExprPtr bind_condition(const sql::Expr& expr, std::uint32_t variable);

    // One of MEASURES, and the role that it gives its column.
    [[nodiscard]] std::pair<ExprPtr, Role> bind_measure(const sql::Expr& expr);

    // A column of PARTITION BY.
    [[nodiscard]] ExprPtr partition_column(std::size_t column);

    // All that was bound, over an input that has the columns of `inputs`.
    [[nodiscard]] MatchExpressions finish(const std::vector<ExprPtr>& bound) const;

    // Reference 0 is the row itself.
    void use_current_row() { references_.emplace_back(); }

  private:
    // What a column of a bound expression stands for until finish().
    struct Entry {
        enum class Kind : std::uint8_t { kReference, kAggregate, kTime };

        Kind kind = Kind::kReference;
        std::size_t index = 0;   // Of the reference or aggregate.
        std::size_t column = 0;  // Of the input.
        Type type;
    };

    // Where columns are looked for.
    struct Place {
        bool is_first = false;
        std::uint32_t offset = 0;
        std::uint32_t rows_back = 0;
        bool is_logical = false;                // In FIRST or LAST.
        bool is_physical = false;               // In PREV.
        std::optional<std::uint32_t> variable;  // Of those columns that were found so far.
        bool has_column = false;
    };

    [[nodiscard]] ExprPtr bind(const sql::Expr& expr);
    [[nodiscard]] std::optional<ExprPtr> intercept(const sql::Expr& expr);
    [[nodiscard]] std::optional<ExprPtr> bind_function(const sql::Call& call,
                                                       const sql::Expr& expr);
    [[nodiscard]] ExprPtr bind_column(const sql::Identifier& identifier, sql::Location at);
    [[nodiscard]] ExprPtr bind_logical(const sql::Call& call, bool is_first, sql::Location at);
    [[nodiscard]] ExprPtr bind_previous(const sql::Call& call, sql::Location at);
    [[nodiscard]] ExprPtr bind_time(const sql::Call& call, sql::Location at);
    [[nodiscard]] ExprPtr bind_aggregate(const sql::Call& call,
                                         AggregateKind kind,
                                         const sql::Expr& expr);
    [[nodiscard]] ExprPtr bind_gathered(const sql::Call& call,
                                        sql::Location at,
                                        MatchAggregate aggregate);
    [[nodiscard]] ExprPtr add_aggregate(const sql::Call& call,
                                        sql::Location at,
                                        MatchAggregate aggregate,
                                        bool has_column);
    void bind_star(const sql::Call& call, sql::Location at, MatchAggregate& aggregate);
    [[nodiscard]] std::string bind_separator(const sql::Call& call, sql::Location at);
    [[nodiscard]] ExprPtr bind_argument(const sql::Expr& expr,
                                        std::optional<std::uint32_t>& variable,
                                        bool& has_column);
    [[nodiscard]] std::uint32_t bind_count(const sql::Call& call, std::uint32_t otherwise);
    [[nodiscard]] std::optional<std::uint32_t> variable_of(const sql::QualifiedName& name) const;
    [[nodiscard]] ExprPtr make_entry(Entry entry);
    [[nodiscard]] ExprPtr make_reference(const MatchReference& reference, std::size_t column);
    [[nodiscard]] std::size_t input_of(ExprPtr expr);

    const Scope& scope_;
    const ExprSettings& settings_;
    const std::vector<std::string>& variables_;
    std::vector<ExprPtr>& inputs_;
    std::size_t time_column_;
    std::optional<std::uint32_t> defined_;  // Binding the condition of this one.
    Place place_;
    std::vector<MatchReference> references_;
    std::vector<MatchAggregate> aggregates_;
    std::vector<Entry> entries_;
};

}  // namespace thalweg::plan
