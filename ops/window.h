#pragma once

#include "state/base/time.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <cstdint>
#include <numeric>

namespace thalweg {

enum class WindowKind : std::uint8_t {
    kTumble,
    kHop,
    kCumulate,
    kAttached,  // The rows carry window_start and window_end already, from an operator before.
    kSession,   // As long as rows come at most size_ns apart: no slices (ops/session_window.h).
};

// A window table function as arithmetic. All times in nanoseconds, all windows half open:
// [start, end). Windows are aligned to 1970-01-01 plus the offset.
//
// Slices  The time line is cut where windows may begin or end: a slice is the time between two
//         cuts. A row falls into exactly one slice, and every window is a run of whole slices, so
//         that an event updates one slice whatever size and slide are (Carbone et al., "Cutty",
//         CIKM 2016; Tangwongsan et al., "General Incremental Sliding-Window Aggregation", VLDB
//         2015).
//   TUMBLE    one slice per window
//   HOP       slices of gcd(size, slide)
//   CUMULATE  slices of the step; windows of a maximal window all start with it
struct WindowSpec {
    WindowKind kind = WindowKind::kTumble;
    std::int64_t size_ns = 0;   // CUMULATE: the maximal size. SESSION: the gap.
    std::int64_t slide_ns = 0;  // HOP: the slide; CUMULATE: the step; TUMBLE: the size.
    std::int64_t offset_ns = 0;
    bool is_event_time = true;  // Else processing time: OpContext::now_ns.

    // kAttached: the columns that hold the window of a row. Otherwise start_column is the column of
    // event time (unused in processing time).
    std::size_t start_column = 0;
    std::size_t end_column = 0;

    // Of a TIMESTAMP_LTZ time attribute: windows follow the local clock of this zone, and window
    // columns are local. Null for TIMESTAMP: times are taken as they are.
    TimeZonePtr zone;

    [[nodiscard]] std::int64_t slice_ns() const noexcept {
        return kind == WindowKind::kHop ? std::gcd(size_ns, slide_ns) : slide_ns;
    }

    // The end of the slice that `time_ns` falls into.
    [[nodiscard]] std::int64_t slice_end(std::int64_t time_ns) const noexcept {
        return slice_end(time_ns, slice_ns());
    }

    // The same for those who have kept slice_ns().
    [[nodiscard]] std::int64_t slice_end(std::int64_t time_ns, std::int64_t width) const noexcept {
        const std::int64_t shifted = saturating_sub(time_ns, offset_ns);
        const std::int64_t start = saturating_sub(shifted, floor_mod(shifted, width));
        return saturating_add(saturating_add(start, width), offset_ns);
    }

    // The last window end that the slice ending at `slice_end` contributes to. Before the first one
    // where windows leave gaps (a HOP whose slide exceeds its size): no window has the slice.
    [[nodiscard]] std::int64_t last_window_end(std::int64_t slice_end) const noexcept;

    // The first window end at or after `slice_end` whose window contains that slice.
    [[nodiscard]] std::int64_t first_window_end(std::int64_t slice_end) const noexcept;

    // The first end of any window after `time_ns`. Not for kAttached.
    [[nodiscard]] std::int64_t first_window_end_after(std::int64_t time_ns) const noexcept;

    // The start of the window that ends at `window_end`. Not for kAttached.
    [[nodiscard]] std::int64_t window_start(std::int64_t window_end) const noexcept;
};

}  // namespace thalweg
