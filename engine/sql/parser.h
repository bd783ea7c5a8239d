#pragma once

#include "engine/sql/ast.h"
#include "engine/sql/sql_error.h"

#include <tl/expected.hpp>

#include <string_view>
#include <vector>

// Text to tree: recursive descent over the statements of Flink SQL, precedence climbing over its
// expressions.
//
// Threads: any; no state outlives a call. Failure: the first error of the text, with its place; the
// rest is not looked at. Limits: limits.h. The tree owns all its text.

namespace thalweg::sql {

/// Parses a script: statements separated by semicolons, the last of which may be missing.
[[nodiscard]] tl::expected<std::vector<Statement>, SqlError> parse_script(std::string_view text);

/// Parses exactly one statement.
[[nodiscard]] tl::expected<Statement, SqlError> parse_statement(std::string_view text);

/// Parses exactly one expression, for tests and for tools.
[[nodiscard]] tl::expected<ExprPtr, SqlError> parse_expression(std::string_view text);

}  // namespace thalweg::sql
