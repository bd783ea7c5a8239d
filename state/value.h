#pragma once

#include "state/base/int128.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace thalweg {

// One SQL value outside a column: a literal, an option, a cell in a test. The type is the holder's.
//
// Shape  monostate is NULL; bool; std::int64_t for every Physical::kInt32 and kInt64 type, in their
//        units (state/type.h); double for FLOAT and DOUBLE; Int128 for DECIMAL, unscaled;
//        std::string for strings and bytes; a vector for ARRAY and ROW, keys and values alternating
//        for MAP.
struct Value {
    using List = std::vector<Value>;

    std::variant<std::monostate, bool, std::int64_t, double, Int128, std::string, List> data;

    [[nodiscard]] bool is_null() const noexcept { return data.index() == 0; }

    friend bool operator==(const Value&, const Value&) = default;
};

class Column;
class Arena;

// Moves values in and out of columns, for tests, literals and printing: slow, one at a time.
[[nodiscard]] Value value_at(const Column& column, std::size_t row);
void set_value(Column& column, std::size_t row, const Value& value, Arena& arena);

}  // namespace thalweg
