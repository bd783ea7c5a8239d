#pragma once

#include "engine/sql/ast.h"
#include "ops/expr/expr.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

// Conditions taken apart at their ANDs, which is how they are pushed around, and what decides where
// a part may go.

namespace thalweg::plan {

[[nodiscard]] std::vector<const sql::Expr*> conjuncts(const sql::Expr& condition);

// Whether a subquery stands in it anywhere.
[[nodiscard]] bool contains_query(const sql::Expr& expr);

[[nodiscard]] std::vector<thalweg::ExprPtr> conjuncts(const thalweg::ExprPtr& condition);

// AND of all; null of none.
[[nodiscard]] thalweg::ExprPtr conjunction(const std::vector<thalweg::ExprPtr>& parts);

// Both sides of an equality whose values can be keys of a join, as values of one type.
struct Equality {
    thalweg::ExprPtr left;
    thalweg::ExprPtr right;
    bool null_is_equal = false;
    bool is_exact = true;  // Equal as keys is equal: not so for NaN.
};

[[nodiscard]] std::optional<Equality> equality_of(const thalweg::Expr& expr);

// Which side of a join an expression over both reads: the first `left_count` of `count` columns are
// the left's.
enum class Side : std::uint8_t { kNone, kLeft, kRight, kBoth };

[[nodiscard]] Side side_of(const thalweg::Expr& expr, std::size_t left_count, std::size_t count);

// Whether it gives another value each time: RAND().
[[nodiscard]] bool is_volatile(const thalweg::Expr& expr);

// Whether it gives the same value for the same row at any time: neither RAND() nor the clock.
[[nodiscard]] bool is_repeatable(const thalweg::Expr& expr);

// Whether a row may end the query here, as far as can be told: true of what is not known.
[[nodiscard]] bool may_fail(const thalweg::Expr& expr);

}  // namespace thalweg::plan
