#pragma once

#include "tests/fuzz_sql/relation.h"

#include <string>

// The SQL text of a relation.

namespace thalweg::fuzz {

// CREATE TABLE of those that are read, CREATE VIEW where one is wanted, and the SELECT.
[[nodiscard]] std::string script_of(const Relation& relation);

}  // namespace thalweg::fuzz
