#pragma once

#include "ops/expr/expr.h"
#include "ops/lookup_table.h"
#include "ops/op.h"
#include "ops/window_join.h"
#include "state/schema.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace thalweg {

// Joins each row, by itself, with the rows of a lookup table that have its keys:
//
//     SELECT ... FROM s [LEFT] JOIN t FOR SYSTEM_TIME AS OF s.at AS t ON s.k = t.k AND residual
//
// Changes   Pass: the table stays as it is, so that a row that is taken back finds what it found.
// Output    The input's columns, then columns [0, shown_count) of `columns`. kInner: a row without
//           a partner is dropped and counted as filtered. kLeft: it is kept, the table's columns
//           NULL.
// Cost      Where the table's keys are unique nothing of the input is copied: its columns are
//           passed on by pointer, the selection shrinks, and the table's columns are gathered
//           beside them. Else pairs are made, a batch at a time.
// Bound     One call emits a row of input as often as the table has rows of its key: at most
//           LookupTable::kRowsOfKeyMax times.
struct LookupJoinSpec {
    JoinKind kind = JoinKind::kInner;  // kInner or kLeft.
    SchemaPtr input;
    std::vector<std::size_t> keys;     // Of the input: keys[i] = key i of the table.
    std::vector<std::size_t> columns;  // Of the table: those shown, then others `residual` reads.
    std::size_t shown_count = 0;
    ExprPtr residual;  // Over the input's columns, then `columns`; null: none.
};

[[nodiscard]] std::unique_ptr<Op> make_lookup_join(const LookupJoinSpec& spec,
                                                   LookupTablePtr table);

}  // namespace thalweg
