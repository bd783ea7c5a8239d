#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

// The values of the fuzzer's oracle: nothing of the engine's is used for them.
//
// Shape     NULL is std::monostate, which is less than everything: a std::variant has the order of
//           ORDER BY. A time is a number of milliseconds since 2024-01-01 00:00.

namespace thalweg::fuzz {

enum class Kind : std::uint8_t { kBool, kInt, kText, kTime };

using Value = std::variant<std::monostate, bool, std::int64_t, std::string>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

[[nodiscard]] inline bool is_null(const Value& value) {
    return std::holds_alternative<std::monostate>(value);
}

[[nodiscard]] inline bool is_true(const Value& value) {
    const bool* const truth = std::get_if<bool>(&value);
    return truth != nullptr && *truth;
}

// "2024-01-01 10:00:05.000"
[[nodiscard]] std::string time_text(std::int64_t ms);

// As a cell of a story: strings and times in quotes.
[[nodiscard]] std::string cell_text(const Value& value, Kind kind);

// "(1, "a", NULL)"
[[nodiscard]] std::string row_text(const Row& row, const std::vector<Kind>& kinds);

// As SQL writes it.
[[nodiscard]] std::string literal_sql(const Value& value, Kind kind);

[[nodiscard]] const char* type_sql(Kind kind);

}  // namespace thalweg::fuzz
