#pragma once

#include <cstddef>
#include <cstdint>

// Bounds of what the parser takes. Nothing a script says makes it use more stack or memory than
// these allow; each has an error message that names it.

namespace thalweg::sql {

inline constexpr std::size_t kScriptBytesLimit = std::size_t{4} << 20U;
inline constexpr std::size_t kStatementBytesLimit = std::size_t{1} << 20U;
inline constexpr std::uint32_t kDepthLimit = 200;    // Nested parentheses, calls, subqueries.
inline constexpr std::uint32_t kHeightLimit = 1000;  // Nodes on a path of the tree.
inline constexpr std::size_t kListLimit = 10'000;    // Items of one list.
inline constexpr std::size_t kStatementCountLimit = 10'000;

}  // namespace thalweg::sql
