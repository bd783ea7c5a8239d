#pragma once

#include "ops/expr/expr.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/schema.h"

#include <memory>
#include <vector>

namespace thalweg {

// The operators without state: each row by itself.

// WHERE and HAVING: keeps the rows where `condition` is TRUE, counts the others as filtered.
[[nodiscard]] std::unique_ptr<Op> make_filter(ExprPtr condition);

// SELECT: column i of the output is expressions[i].
[[nodiscard]] std::unique_ptr<Op> make_project(std::vector<ExprPtr> expressions);

// A window table function alone: each row once for each window it falls into, with window_start,
// window_end and window_time behind its columns. Drops nothing but rows with a NULL time.
[[nodiscard]] std::unique_ptr<Op> make_assign_windows(WindowSpec window, SchemaPtr input);

// CROSS JOIN UNNEST(list): each row once for each element of the ARRAY (or entry of the MAP: two
// columns; or each ROW of an ARRAY of them: its fields) that `list` gives, the element behind its
// columns. NULL and empty lists give no row, or, with `keep_empty` (LEFT JOIN), one with NULL
// elements. WITH ORDINALITY puts the element's place in its list, from 1, behind that.
struct UnnestSpec {
    ExprPtr list;
    SchemaPtr input;
    bool keep_empty = false;
    bool has_ordinality = false;
};

[[nodiscard]] std::unique_ptr<Op> make_unnest(UnnestSpec spec);

}  // namespace thalweg
