#pragma once

#include "state/base/status.h"
#include "state/text/time_zone.h"
#include "state/type.h"
#include "state/value.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

struct Function;  // ops/expr/functions.h: one overload of a function, with its kernel.

enum class ExprKind : std::uint8_t {
    kColumn,   // Column `column` of the input.
    kLiteral,  // `literal`, of type `type`.
    kCall,     // `function` of `arguments`.
    kAnd,      // Three-valued; later arguments are evaluated only where they can matter.
    kOr,       // Likewise.
    kCase,     // arguments: when, then, when, then, ..., else. A branch runs on its rows only.
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

// A bound, typed expression: names are resolved, casts are explicit, every type is known. Immutable
// and shared; evaluated by a Program (ops/expr/program.h).
struct Expr {
    ExprKind kind = ExprKind::kLiteral;
    Type type;
    std::size_t column = 0;
    Value literal;
    const Function* function = nullptr;
    std::vector<ExprPtr> arguments;
    std::shared_ptr<const void> prepared;  // What Function::prepare made of literals and settings.
};

[[nodiscard]] ExprPtr make_column(std::size_t column, Type type);
[[nodiscard]] ExprPtr make_literal(Value value, Type type);

// What the meaning of some functions depends on, fixed when a query is planned.
struct ExprSettings {
    TimeZonePtr zone = TimeZone::utc();  // 'table.local-time-zone'
};

// Builds a call of the SQL function or operator `name` (any case): finds the overload for the
// arguments, casts them implicitly where Flink would, gives the result type, and folds the call to
// a literal when all arguments are literals and the function is deterministic. Operators go by
// their symbol or words: + - * / % = <> < <= > >= AND OR NOT || "IS NULL" "IS NOT NULL" "IS TRUE"
// "IS FALSE" "IS UNKNOWN" (and their NOT forms) "IS DISTINCT FROM" "IS NOT DISTINCT FROM" "LIKE" (2
// or 3 arguments) "IN" (value, then the list) BETWEEN (3) CASE (arguments as ExprKind::kCase)
// "ITEM" (array or map element) "FIELD" (row, literal field name) ARRAY, MAP, ROW (constructors).
// Unit arguments (EXTRACT, TIMESTAMPADD, FLOOR TO) are string literals: 'HOUR'. An error names the
// function and the argument types it was given, and what it takes.
[[nodiscard]] Result<ExprPtr> make_call(std::string_view name,
                                        std::vector<ExprPtr> arguments,
                                        const ExprSettings& settings);

enum class CastMode : std::uint8_t {
    kCast,      // An impossible value fails the query.
    kTryCast,   // An impossible value is NULL.
    kImplicit,  // Only what Flink does unasked: an error when it would not.
};

// A cast to `target`'s type; the result's nullability is the argument's (TRY_CAST: nullable).
[[nodiscard]] Result<ExprPtr> make_cast(ExprPtr argument,
                                        const Type& target,
                                        CastMode mode,
                                        const ExprSettings& settings);

// The type that all arguments of CASE, COALESCE, IN, UNION, ... can be cast to implicitly.
[[nodiscard]] Result<Type> common_type(const std::vector<Type>& types);

// The names make_call knows, for SHOW FUNCTIONS and "did you mean".
[[nodiscard]] std::vector<std::string> function_names();

// The same expression with every column c replaced by columns[c]: for substituting projections.
[[nodiscard]] ExprPtr substitute(const ExprPtr& expr, const std::vector<ExprPtr>& columns);

// Which columns it reads: sets used[c].
void mark_columns(const Expr& expr, std::vector<bool>& used);

// Deterministic SQL-like text, for EXPLAIN: columns by the names given.
[[nodiscard]] std::string to_string(const Expr& expr, const std::vector<std::string>& columns);

[[nodiscard]] bool equal(const Expr& a, const Expr& b);

}  // namespace thalweg
