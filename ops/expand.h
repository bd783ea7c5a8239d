#pragma once

#include "ops/op.h"
#include "state/schema.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace thalweg {

// What GROUPING SETS makes of rows before they are grouped: each row once for each set, and behind
// its columns those keys that not all sets have, NULL where the set lacks them, and the set's
// number.
//
// Shape     Output: the input's columns, one column for each of `keys`, nullable, and an INT NOT
//           NULL. Nothing is copied: a set's view has the input's columns where it has the key, and
//           a column of NULLs where not. Views come set by set, each with the selection and the
//           row kinds of the input.
struct ExpandSpec {
    std::vector<std::size_t> keys;       // Columns of the input.
    std::vector<std::vector<bool>> has;  // For each set, whether it has each of `keys`.
};

[[nodiscard]] std::unique_ptr<Op> make_expand(ExpandSpec spec, const SchemaPtr& input);

}  // namespace thalweg
