#pragma once

#include "ops/expr/expr.h"

#include <optional>

namespace thalweg {

// Which types go together, after the rules of Flink's LogicalTypeMerging and Calcite's coercion.
// Nullability of results is that of "any argument nullable".

// DECIMAL(p, s) brought to at most 38 digits: digits before the point are kept, the scale gives way
// down to 6.
[[nodiscard]] Type adjusted_decimal(std::int32_t precision, std::int32_t scale);

// An integer type as DECIMAL: TINYINT (3, 0), SMALLINT (5, 0), INT (10, 0), BIGINT (19, 0). A
// DECIMAL stays.
[[nodiscard]] Type as_decimal(const Type& exact);

[[nodiscard]] Type decimal_sum_type(const Type& a, const Type& b);  // + and -
[[nodiscard]] Type decimal_product_type(const Type& a, const Type& b);
[[nodiscard]] Type decimal_quotient_type(const Type& a, const Type& b);
[[nodiscard]] Type decimal_modulo_type(const Type& a, const Type& b);

// ROUND(x, digits) of DECIMAL.
[[nodiscard]] Type decimal_round_type(const Type& a, std::int32_t digits);

// The least type both go into without asking (CASE, UNION): nothing if there is none.
[[nodiscard]] std::optional<Type> merged_type(const Type& a, const Type& b);

// The type in which a and b are compared: as merged_type, and texts become what they are compared
// with (a number, a time, a boolean), TIMESTAMP with TIMESTAMP_LTZ becomes TIMESTAMP_LTZ.
[[nodiscard]] std::optional<Type> compared_type(const Type& a, const Type& b);

// Whether a cast from a to b happens unasked.
[[nodiscard]] bool is_implicit(const Type& from, const Type& to);

}  // namespace thalweg
