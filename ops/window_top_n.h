#pragma once

#include "ops/op.h"
#include "ops/rank.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <memory>

namespace thalweg {

// The rows that rank from `first` to `last` in their partition of their window: window Top-N, and
// keep-first and keep-last in a window.
//
// Input    Insertions that carry their window (columns start and end), as a window table function
//          or a windowed aggregate gives them. PARTITION BY is what else there is beside the
//          window. A row whose window has fired is dropped and counted as late.
// Output   Insertions, when the watermark passes the end of the window: window by window in the
//          order of their ends, rows of a partition in their order.
// State    The rows of open windows, of each partition those that may still be asked for; gone when
//          the window fires.
struct WindowTopNSpec {
    RankSpec rank;  // Its input does not change.
    std::size_t start_column = 0;
    std::size_t end_column = 0;
    TimeZonePtr zone;  // Of the window's bounds, as WindowSpec's.
};

[[nodiscard]] std::unique_ptr<Op> make_window_top_n(const WindowTopNSpec& spec);

}  // namespace thalweg
