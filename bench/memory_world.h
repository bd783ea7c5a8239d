#pragma once

#include "bench/check_sum.h"
#include "engine/run/connectors.h"

#include <span>

// The world of a query that is measured alone: its input lies in memory, its output is summed up.
// Between the two is everything that `thalweg run` has, from the decoder on.

namespace thalweg::bench {

// Sources hand `bytes`, which decoders may read past by their padding, to the decoder of the
// table's format; sinks add rows, all of 64-bit columns, to `sum`. Borrows both.
[[nodiscard]] Connectors memory_connectors(std::span<const char> bytes, CheckSum& sum);

}  // namespace thalweg::bench
