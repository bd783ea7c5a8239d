#pragma once

#include "ops/expr/expr.h"
#include "state/schema.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <utility>

// The rows of either side of a join by time: a time, a key, a value.

namespace thalweg {

inline constexpr std::size_t kTs = 0;
inline constexpr std::size_t kKeyColumn = 1;
inline constexpr std::size_t kValue = 2;
inline constexpr std::size_t kWidth = 3;

inline SchemaPtr side_schema() {
    return make_schema({{"ts", Type::timestamp(3)}, {"k", Type::string()}, {"v", Type::bigint()}});
}

// The value of the left row below that of the right one.
inline ExprPtr left_value_is_less() {
    const Type value = Type::bigint();
    auto call =
        make_call("<", {make_column(kValue, value), make_column(kWidth + kValue, value)}, {});
    REQUIRE(call.has_value());
    return *std::move(call);
}

}  // namespace thalweg
