#pragma once

#include "engine/sql/ast_expression.h"
#include "engine/sql/sql_error.h"
#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"

#include <functional>
#include <string_view>
#include <vector>

namespace thalweg::plan {

// Aggregates that gather values: ARRAY_AGG, COLLECT, JSON_ARRAYAGG, JSON_OBJECTAGG, PERCENTILE, and
// LISTAGG with an order. None has a state of its own. An expression below makes each value an
// element, a text or bytes, LISTAGG puts the elements together, and one above makes the result:
//
//     ARRAY_AGG(x)                                  $ARRAY_OF(LISTAGG($ELEMENT(x), ''))
//     COLLECT(x)                                    $MULTISET_OF(LISTAGG($PRESENT_ELEMENT(x), ''))
//     JSON_ARRAYAGG(x)                              $JSON_ARRAY_OF(LISTAGG($JSON_ELEMENT(x), ','))
//     LISTAGG(x, '-') WITHIN GROUP (ORDER BY y)
//         $TEXTS_OF($IN_ORDER(LISTAGG($ORDERED_ELEMENT(x, y), '')), '-')
//
// So they go wherever LISTAGG goes: windows in one phase or two, over rows that change, OVER, in
// snapshots; and cost what it costs: the bytes of all values of a group.
struct Gathering {
    using Bind = std::function<thalweg::ExprPtr(const sql::Expr&)>;

    AggregateCall call;        // Its argument still to be set.
    thalweg::ExprPtr element;  // The argument.
    std::function<thalweg::ExprPtr(thalweg::ExprPtr list)> finish;
};

// DISTINCT, or APPROX_COUNT_DISTINCT, which counts exactly.
[[nodiscard]] bool is_distinct(const sql::Call& call);

// Throws where the call asks for NULLs to be treated otherwise than its aggregate does.
void check_nulls(const sql::Call& call, AggregateKind kind, sql::Location at);

[[nodiscard]] bool is_gathering(const sql::Call& call);

[[nodiscard]] Gathering bind_gathering(const sql::Call& call,
                                       const Gathering::Bind& bind,
                                       const ExprSettings& settings,
                                       sql::Location at);

// LISTAGG's second argument, a literal; without one a comma.
[[nodiscard]] std::string list_separator(const sql::Call& call,
                                         const Gathering::Bind& bind,
                                         sql::Location at);

}  // namespace thalweg::plan
