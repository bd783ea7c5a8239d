#pragma once

#include "ops/stream_join.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace thalweg {

// Joins rows whose times lie close together: left time BETWEEN right time + lower AND right time +
// upper, beside keys and a condition. Port 0 is the left input, port 1 the right.
//
// Input    Insertions only.
// Output   As make_stream_join(), insertions only: a pair when its second row comes; a row without
//          a partner, of a side that shows such rows, when it can have none any more.
// Time     A row can have partners until the watermark reaches the last time that one may have: its
//          own less `lower` (left), plus `upper` (right). Then it has none any more. So a row that
//          comes late still meets those that are remembered, and is remembered itself if there is
//          time. In processing time the clock is the watermark, and the time of a row a column like
//          any other; the end of the input is the end of time in both. A row whose time is NULL has
//          no partner; it is counted.
// State    The rows of both sides until then (ops/join_side.h), filed by that time, in files that
//          are each a 64th of the interval long.
//
// When which row is needed for how long is as in Flink's TimeIntervalJoin; the rest is our own.
struct IntervalJoinSpec {
    StreamJoinSpec join;  // kInner, kLeft, kRight or kFull.
    std::size_t left_time = 0;
    std::size_t right_time = 0;
    std::int64_t lower_ns = 0;
    std::int64_t upper_ns = 0;
    bool is_event_time = true;
};

[[nodiscard]] std::unique_ptr<Op> make_interval_join(const IntervalJoinSpec& spec);

}  // namespace thalweg
