#pragma once

#include "ops/op.h"
#include "ops/sort_key.h"
#include "state/schema.h"

#include <memory>
#include <vector>

namespace thalweg {

// ORDER BY of a whole query: rows in, the same rows in order out. Equal rows in the order of their
// arrival.
//
// Temporal  The first item is a rowtime, ascending. Rows wait until the watermark has passed them.
//           A row that comes when one of its time or a later one has left is dropped and counted,
//           as Flink does. Insertions only.
// Final     Else. Rows wait until the end of the input; changes are taken in, and nothing of them
//           comes out: a deletion takes the earliest equal row away.
// State     Rows. A snapshot writes each of them once, those that leave while it is written before
//           they do.
struct SortSpec {
    SchemaPtr schema;
    std::vector<SortItem> order;
    bool is_temporal = false;
};

[[nodiscard]] std::unique_ptr<Op> make_sort(const SortSpec& spec);

}  // namespace thalweg
