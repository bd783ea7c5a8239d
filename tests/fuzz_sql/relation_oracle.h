#pragma once

#include "tests/fuzz_sql/relation.h"

#include <array>
#include <cstdint>
#include <optional>

// The answer of a relation for given tables, as a batch query gives it: row at a time, every row
// with every row, nothing remembered.

namespace thalweg::fuzz {

using Tables = std::array<Rows, kTables>;

// What an oracle may get wrong on purpose, to see whether that is seen.
enum class Fault : std::uint8_t {
    kNone,
    kNullsMeet,       // In the equalities of joins.
    kUnknownIsFalse,  // NOT IN beside a NULL.
    kOneCopy,         // INTERSECT ALL and EXCEPT ALL count nothing.
    kNoHaving,
    kOneMore,  // A Top-N has one row too many.
};

// Sorted. None where the answer is not the oracle's to say: an aggregate without keys over no rows,
// of which a stream has a row only if rows have been there before; or more than 5,000 rows on the
// way.
[[nodiscard]] std::optional<Rows> answer(const Relation& relation,
                                         const Tables& tables,
                                         Fault fault = Fault::kNone);

}  // namespace thalweg::fuzz
