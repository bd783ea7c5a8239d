#pragma once

#include "ops/stream_join.h"

#include <cstddef>
#include <memory>

namespace thalweg {

// Joins each left row with the version of the right side that was valid at its time: of the right
// rows with its key, the one with the greatest time that is not after its own, unless that one is a
// deletion. Port 0 is the left input, port 1 the right.
//
// Input    Changes on both sides. Of the right side, a row is the version of its key from its time
//          on, a deletion that there is none; the old value of an update says nothing. Of two of
//          one time the later one counts.
// Output   Left columns, then right columns, each left row once, with the kind it had, when the
//          watermark reaches its time, in the order of times; kLeft: with NULLs where it has no
//          version or the condition does not hold. Its times are in order as those of the left
//          side are.
// Late     A left row that comes late is joined at the next watermark, a version that comes late
//          counts for rows that are joined after it.
//          A left row whose time or key is NULL has no version; a version without either is
//          dropped. NULL times are counted.
// State    Left rows until the watermark reaches their time; versions from the one that is valid at
//          the watermark on (ops/join_side.h). Older ones are forgotten when their key gets
//          another.
//
// TTL      Of the right side (join.ttls_ns[1]; ops/state_ttl.h): versions of a key for which no row
//          of either side has come are forgotten, and rows that wait have none then.
//
// What a version is, and when a row is joined, is as in Flink's TemporalRowTimeJoinOperator.
struct TemporalJoinSpec {
    StreamJoinSpec join;  // kInner or kLeft, with keys.
    std::size_t left_time = 0;
    std::size_t right_time = 0;
};

[[nodiscard]] std::unique_ptr<Op> make_temporal_join(const TemporalJoinSpec& spec);

}  // namespace thalweg
