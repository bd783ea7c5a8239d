#pragma once

#include "engine/sql/ast.h"

namespace thalweg::plan {

// The SELECT of a query whose rows each come from one row of its FROM: the only kind that may name
// columns of whatever is around the query. Null: another kind. Says nothing of ORDER BY and LIMIT.
[[nodiscard]] const sql::Select* plain_select(const sql::Query& query);

}  // namespace thalweg::plan
