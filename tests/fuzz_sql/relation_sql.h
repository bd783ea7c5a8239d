#pragma once

#include "tests/fuzz_sql/relation.h"

#include <string>

// The SQL text of relations.

namespace thalweg::fuzz {

// CREATE TABLE of those that are read, CREATE VIEW where one is wanted, and the SELECTs.
[[nodiscard]] std::string script_of(const std::vector<Relation>& relations);

}  // namespace thalweg::fuzz
