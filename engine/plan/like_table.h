#pragma once

#include "engine/plan/catalog.h"
#include "engine/sql/ast.h"

namespace thalweg::plan {

// What a feature of the table behind LIKE is to the new one. Without a rule for it, or for ALL, it
// is included; options, where both tables have one, are the new table's.
[[nodiscard]] sql::LikeStrategy strategy_of(const sql::LikeTable& like, sql::LikeFeature feature);

// The columns, watermark, key and options that a table takes over, to which it adds its own.
// Failure: SqlError at the name behind LIKE, where a column is left out that something needs.
[[nodiscard]] TableDefinition taken_over(const TableDefinition& base, const sql::LikeTable& like);

}  // namespace thalweg::plan
