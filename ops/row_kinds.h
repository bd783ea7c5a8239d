#pragma once

#include "state/batch.h"

namespace thalweg {

// Whether a change brings a row; others take one away. To an operator that keeps rows the two
// halves of an update are a deletion and an insertion: an exchange may part them.
[[nodiscard]] constexpr bool is_gain(RowKind kind) noexcept {
    return kind == RowKind::kInsert || kind == RowKind::kUpdateAfter;
}

}  // namespace thalweg
