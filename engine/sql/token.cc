#include "engine/sql/token.h"

#include <algorithm>
#include <array>
#include <span>

namespace thalweg::sql {
namespace {

// clang-format off
constexpr auto kReserved = std::to_array<std::string_view>({
    "ALL", "AND", "AS", "BETWEEN", "CASE", "CAST", "CREATE", "CROSS", "DISTINCT", "DROP", "ELSE",
    "END", "EXCEPT", "EXISTS", "FALSE", "FOR", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER",
    "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "LATERAL", "LEFT", "LIKE", "LIMIT", "NATURAL",
    "NOT", "NULL", "ON", "OR", "ORDER", "OVER", "RIGHT", "SELECT", "SIMILAR", "TABLE", "THEN",
    "TRUE", "UNION", "UNKNOWN", "UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH",
});
// clang-format on

constexpr auto kClauses = std::to_array<std::string_view>({
    "FETCH",
    "MATCH_RECOGNIZE",
    "OFFSET",
    "OVERLAPS",
    "PARTITION",
    "QUALIFY",
    "TABLESAMPLE",
    "WINDOW",
});

// clang-format off
constexpr auto kSpecial = std::to_array<std::string_view>({
    "ARRAY", "ASYMMETRIC", "BOTH", "CEIL", "CEILING", "CUBE", "CURRENT", "CURRENT_DATE",
    "CURRENT_TIME", "CURRENT_TIMESTAMP", "DATE", "DESCRIPTOR", "EXTRACT", "FINAL", "FLOOR",
    "GROUPING", "GROUPS", "IF", "INTERVAL", "LEADING", "LOCALTIME", "LOCALTIMESTAMP", "MAP",
    "OVERLAY", "PATTERN", "PERMUTE", "POSITION", "RANGE", "ROLLUP", "ROW", "ROWS", "RUNNING",
    "SUBSTRING", "SYMMETRIC", "TIME", "TIMESTAMP", "TIMESTAMPADD", "TIMESTAMPDIFF",
    "TIMESTAMP_LTZ", "TRAILING", "TRIM", "TRY_CAST", "UNBOUNDED",
});
// clang-format on

char upper(char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::any_of(words,
                               [&](std::string_view each) { return same_keyword(each, word); });
}

}  // namespace

bool same_keyword(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](char a, char b) { return upper(a) == upper(b); });
}

std::string to_upper(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), upper);
    return result;
}

bool is_reserved(std::string_view word) {
    return contains(kReserved, word);
}

bool opens_clause(std::string_view word) {
    return is_reserved(word) || contains(kClauses, word);
}

bool is_reserved_function(std::string_view word) {
    return same_keyword(word, "LEFT") || same_keyword(word, "RIGHT");
}

bool begins_special_form(std::string_view word) {
    return contains(kSpecial, word);
}

}  // namespace thalweg::sql
