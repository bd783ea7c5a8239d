#pragma once

#include "ops/expr/expr.h"
#include "ops/op.h"
#include "ops/window_join.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// Joins rows for all time: port 0 is the left input, port 1 the right.
//
// Input    Changes on both sides, a deletion or an old value taking one equal row away. A side that
//          only gains rows says so (loses_rows), and is cheaper.
// Output   Left columns, then right columns (kSemi, kAnti: left only); the missing side NULL. It is
//          for each row, in the order in which rows come, what it changes in the join of all rows
//          so far: each pair with the kind of the row that made or ended it; and a row of a side
//          that shows rows without a partner as a deletion when it finds its first one, before that
//          pair, and as an insertion when it loses its last one, behind that pair. So insertions
//          alone come out where both sides only gain and the join is kInner or kSemi.
// Keys     A key with a NULL equals nothing, unless it says otherwise: such rows are not kept. No
//          keys at all: every row meets every row.
// State    The rows of both sides (ops/join_side.h), with how many rows of the other side satisfied
//          the condition, where that decides whether they are shown; keys (ops/join_keys.h).
// TTL      Of each side its own (ops/state_ttl.h). Rows that are equal have one time, which begins
//          anew with each of them that comes or goes, and, where rows without a partner are shown,
//          with each partner that comes or goes. A row that has expired meets nobody, and nothing
//          is said of it: not that it is gone, and not that its partners are alone. A row that goes
//          is taken back as it was shown, with partners if it had any; equal rows have one count of
//          partners, those that have expired among them.
// Bounds   process() emits what a batch of rows changes: that is its rows times those of a key.
// Failure  A deletion of a row that is not there, or not any more, is ignored; it is counted as
//          filtered.
//
// The algorithm, a count of partners for each row of an outer side, is that of Flink's
// StreamingJoinOperator and StreamingSemiAntiJoinOperator (OuterJoinRecordStateView), whose order
// of outputs this keeps; how rows are kept and how they come in batches is our own.
struct StreamJoinSpec {
    JoinKind kind = JoinKind::kInner;
    SchemaPtr left;
    SchemaPtr right;
    std::vector<JoinKey> keys;
    ExprPtr residual;  // Over left then right columns; null: none.
    std::array<bool, 2> loses_rows{};
    HashSeed seed = HashSeed::from(0);
    std::array<std::int64_t, 2> ttls_ns{};  // Of each side; 0: none.
};

[[nodiscard]] std::unique_ptr<Op> make_stream_join(const StreamJoinSpec& spec);

// Whether a join of this kind only gains rows, when its inputs do.
[[nodiscard]] constexpr bool keeps_gaining(JoinKind kind) noexcept {
    return kind == JoinKind::kInner || kind == JoinKind::kSemi;
}

}  // namespace thalweg
