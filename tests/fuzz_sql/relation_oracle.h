#pragma once

#include "tests/fuzz_sql/relation.h"

#include <array>
#include <optional>

// The answer of a relation for given tables, as a batch query gives it: row at a time, every row
// with every row, nothing remembered.

namespace thalweg::fuzz {

using Tables = std::array<Rows, kTables>;

// Sorted. None where the answer is not the oracle's to say: an aggregate without keys over no rows,
// of which a stream has a row only if rows have been there before; or more than 5,000 rows on the
// way.
[[nodiscard]] std::optional<Rows> answer(const Relation& relation, const Tables& tables);

}  // namespace thalweg::fuzz
