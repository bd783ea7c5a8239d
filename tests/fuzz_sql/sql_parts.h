#pragma once

#include "tests/fuzz_sql/relation.h"

#include <string>
#include <vector>

// Pieces of the SQL text of a relation, in a scope: the text of each column of its inputs.

namespace thalweg::fuzz {

using Names = std::vector<std::string>;

[[nodiscard]] std::string list_of(const Names& parts, const char* separator = ", ");

[[nodiscard]] std::string seconds(std::int64_t count);

void add_names(const Relation& relation, const std::string& alias, Names& names);

[[nodiscard]] Names items_of(const Relation& relation, const Names& scope);

// "x AS c0, y AS c1"
[[nodiscard]] std::string with_names(const Relation& relation, const Names& items);

[[nodiscard]] std::string clause(const char* word,
                                 const std::vector<Expr>& condition,
                                 const Names& scope);

[[nodiscard]] std::string call_of(const Aggregate& aggregate, const Names& scope);

[[nodiscard]] std::string keys(const Relation& relation, const Names& items);

[[nodiscard]] Names outputs(const Relation& relation, const Names& scope, Names items);

[[nodiscard]] std::string ordered(const Relation& relation, const Names& scope);

[[nodiscard]] std::string bounds(const Relation& relation);

[[nodiscard]] std::string table_function(const Relation& relation, const std::string& table);

[[nodiscard]] std::string frame(const Relation& relation);

[[nodiscard]] std::string equality(const Relation& relation, const Names& scope);

}  // namespace thalweg::fuzz
