#pragma once

#include "tests/fuzz_sql/value.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Expressions of the fuzzer: a tree from which both the SQL text and the oracle's value come.

namespace thalweg::fuzz {

enum class ExprOp : std::uint8_t {
    kColumn,
    kLiteral,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kNegate,
    kAbs,
    kLength,
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIsDistinct,
    kIsNotDistinct,
    kBetween,
    kIn,  // The first among the others.
    kLike,
    kAnd,
    kOr,
    kNot,
    kIsNull,
    kIsNotNull,
    kIsTrue,
    kIsNotTrue,
    kIsFalse,
    kIsUnknown,
    kUpper,
    kLower,
    kConcat,
    kSubstring,
    kReverse,
    kIntAsText,
    kCase,  // Condition, value, ..., and what else.
    kCoalesce,
    kNullIf,
    kGreatest,
    kLeast,
    kSecondOf,
    kFloorToMinute,
    kSecondsBetween,
    kAddSeconds,  // A literal number of them to a time.
};

struct Expr {
    ExprOp op = ExprOp::kLiteral;
    Kind kind = Kind::kInt;
    std::size_t column = 0;  // Of kColumn: in the row that is in scope.
    Value literal;           // Of kLiteral.
    std::vector<Expr> args;

    friend bool operator==(const Expr&, const Expr&) = default;
};

[[nodiscard]] Expr column_of(std::size_t column, Kind kind);
[[nodiscard]] Expr literal_of(Value value, Kind kind);

// With so many columns before those that it has.
[[nodiscard]] Expr shifted(Expr expr, std::size_t columns);

[[nodiscard]] bool has_column(const Expr& expr);

[[nodiscard]] Value evaluate(const Expr& expr, const Row& row);

// Where names[i] is the SQL of column i.
[[nodiscard]] std::string to_sql(const Expr& expr, const std::vector<std::string>& names);

}  // namespace thalweg::fuzz
