#pragma once

#include "ops/expr/expr.h"
#include "ops/op.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull, kSemi, kAnti };

// One equality of a join: left column = right column.
struct JoinKey {
    std::size_t left = 0;
    std::size_t right = 0;
    bool null_is_equal = false;  // IS NOT DISTINCT FROM.
};

// Joins rows of the same window: port 0 is the left input, port 1 the right.
//
// Input    Each side carries its window: window_start and window_end columns. Two rows meet when
//          both bounds, the keys and the residual condition agree.
// Output   Left columns, then right columns (kSemi, kAnti: left only); the missing side NULL. A
//          window fires when the watermark passes its end; a row whose window has fired is late.
// State    The rows of both sides as they came in, in a table each.
struct WindowJoinSpec {
    JoinKind kind = JoinKind::kInner;
    SchemaPtr left;
    SchemaPtr right;
    std::size_t left_start = 0, left_end = 0;
    std::size_t right_start = 0, right_end = 0;
    std::vector<JoinKey> keys;
    ExprPtr residual;  // Over left then right columns; null: none.
    TimeZonePtr zone;  // Of windows on TIMESTAMP_LTZ, whose bounds are local; else null.
    HashSeed seed = HashSeed::from(0);
};

[[nodiscard]] std::unique_ptr<Op> make_window_join(const WindowJoinSpec& spec);

}  // namespace thalweg
