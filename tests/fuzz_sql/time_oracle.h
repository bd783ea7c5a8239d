#pragma once

#include "tests/fuzz_sql/relation.h"

#include <utility>
#include <vector>

// What the oracle knows of order and time.

namespace thalweg::fuzz {

// kTopN, over the rows of its input.
[[nodiscard]] Rows top_n(const Relation& relation, const Rows& rows);

// kOver.
[[nodiscard]] Rows over(const Relation& relation, const Rows& rows);

// kWindow, kWindowed: each row behind start, end and time of each of its windows.
[[nodiscard]] std::vector<std::pair<Row, Row>> windows_of(const Relation& relation,
                                                          const Rows& rows);

}  // namespace thalweg::fuzz
