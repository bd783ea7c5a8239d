#pragma once

#include "engine/plan/bind_expression.h"
#include "engine/plan/column_map.h"
#include "engine/plan/logical.h"
#include "engine/sql/ast.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// f(..) OVER (..) in a select list or ORDER BY: each becomes a column, those of one window together
// an Over.
//
//     project: the input's columns, and what OVER reads and is no column
//       -> Over, one for each window -> what the select list makes of them

namespace thalweg::plan {

// The aggregates that one state has room for: one bit each, of a word.
inline constexpr std::size_t kAggregatesMax = 63;

class OverCollector {
  public:
    // Binds an expression that is no OVER, over the columns of FROM, or those of a GROUP BY.
    using Bind = std::function<thalweg::ExprPtr(const sql::Expr&)>;
    using Fix = std::function<thalweg::ExprPtr(const thalweg::ExprPtr&)>;

    // `windows`: those that the SELECT names. Borrows them and `settings`.
    OverCollector(const std::vector<sql::NamedWindow>& windows, const ExprSettings& settings)
        : windows_(windows), settings_(settings) {}

    void set_bind(Bind bind) { bind_ = std::move(bind); }

    // For ExpressionBinder::set_intercept: a call with OVER is replaced by a column that only
    // fix() understands.
    [[nodiscard]] std::optional<thalweg::ExprPtr> intercept(const sql::Expr& expr);

    [[nodiscard]] bool empty() const noexcept { return calls_.empty(); }

    // Lets the columns of intercept() stand for themselves in a substitution of the others.
    void keep(ColumnMap& columns) const;

    // The calls over `input`, whose columns come first in what is returned; `fix` makes what Bind
    // returned an expression over them.
    [[nodiscard]] RelPtr finish(RelPtr input, const Fix& fix);

    // After finish(): over its columns.
    [[nodiscard]] thalweg::ExprPtr fix(const thalweg::ExprPtr& expr) const;

  private:
    static constexpr std::size_t kBase = 30'000;  // Above the columns of any GROUP BY being bound.

    struct Order {
        thalweg::ExprPtr expr;
        SortItem item;  // Its column is not known yet.
    };

    struct Window {
        std::vector<thalweg::ExprPtr> partition;
        std::vector<Order> order;
    };

    // A call with its arguments as expressions; null where it has none.
    struct Call {
        OverCall call;
        thalweg::ExprPtr argument;
        thalweg::ExprPtr filter;
        thalweg::ExprPtr otherwise;
        std::function<thalweg::ExprPtr(thalweg::ExprPtr)> finish;  // Makes the result; may be none.
        std::size_t window = 0;
        std::string name;
        std::size_t column = 0;  // Of what finish() returns.
    };

    [[nodiscard]] thalweg::ExprPtr result_of(std::size_t call) const;
    void check_count(const Call& added, sql::Location at) const;
    [[nodiscard]] const sql::WindowSpec& base_of(const sql::WindowSpec& spec) const;
    [[nodiscard]] std::size_t bind_window(const sql::WindowSpec& spec);
    [[nodiscard]] OverFrame bind_frame(const sql::WindowSpec& spec, const Window& window);
    [[nodiscard]] std::int64_t bind_offset(const sql::FrameBound& bound,
                                           const OverFrame& frame,
                                           const Window& window);
    void bind_function(const sql::Call& call, sql::Location at, Call& bound);
    void bind_aggregate(const sql::Call& call, AggregateKind kind, sql::Location at, Call& bound);
    void bind_gathered(const sql::Call& call, sql::Location at, Call& bound);
    void bind_filter(const sql::Call& call, Call& bound);
    void bind_neighbour(const sql::Call& call, sql::Location at, Call& bound);
    [[nodiscard]] std::int64_t literal_count(const sql::Expr& expr, std::string_view what);

    const std::vector<sql::NamedWindow>& windows_;
    const ExprSettings& settings_;
    Bind bind_;
    bool is_inside_ = false;  // Binding what stands in a call with OVER.
    std::vector<Window> bound_windows_;
    std::vector<Call> calls_;
    ColumnMap fixed_;  // What fix() puts for each column.
};

// Whether DISTINCT changes what an aggregate gives.
[[nodiscard]] bool minds_repetition(AggregateKind kind) noexcept;

// Whether a call with OVER is in `expr`.
[[nodiscard]] bool contains_over(const sql::Expr& expr);

// The item of the select list with OVER that `expr` names; null where it names none.
[[nodiscard]] const sql::SelectItem* over_item(const sql::Expr& expr, const sql::Select& select);

// Whether a condition names such an item, and not a column: what Nexmark's q6 does in WHERE. It is
// meant for what comes out of OVER then.
[[nodiscard]] bool names_over(const sql::Expr& condition,
                              const sql::Select& select,
                              const Scope& scope);

// Throws where values of the type have no order; `what` for the message.
void check_sortable(const Type& type, std::string_view what, sql::Location at);

// The select item that an expression of ORDER BY means, by its number, from 1, or by its name.
[[nodiscard]] std::optional<std::size_t> find_item(const sql::Expr& expr,
                                                   const std::vector<std::string>& names);

// The item for an expression of ORDER BY, its column still to be set.
[[nodiscard]] SortItem sort_item(const sql::OrderItem& item);

}  // namespace thalweg::plan
