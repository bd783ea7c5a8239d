#pragma once

#include "engine/plan/catalog.h"
#include "engine/plan/logical.h"

#include <string>
#include <vector>

namespace thalweg::plan {

// What DESCRIBE and SHOW print: lines of text.

// The columns of a table or view: name, type, whether it may be NULL, key, watermark. `definition`
// is null for a view.
[[nodiscard]] std::string describe_columns(const Rel& rel, const TableDefinition* definition);

// A function's line of docs/FUNCTIONS.md; an error at `name` where there is none.
[[nodiscard]] std::string describe_function(const sql::QualifiedName& name);

}  // namespace thalweg::plan
