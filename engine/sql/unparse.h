#pragma once

#include "engine/sql/ast.h"

#include <string>

// Tree to text: canonical SQL that parses to the same tree. Keywords in capitals, names in
// backticks only where they need them, every nested operator in parentheses. Two expressions are
// the same (locations aside) exactly when their texts are equal.

namespace thalweg::sql {

[[nodiscard]] std::string to_sql(const Expr& expr);
[[nodiscard]] std::string to_sql(const TypeName& type);
[[nodiscard]] std::string to_sql(const QualifiedName& name);
[[nodiscard]] std::string to_sql(const Query& query);
[[nodiscard]] std::string to_sql(const Statement& statement);

}  // namespace thalweg::sql
