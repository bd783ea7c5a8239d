#pragma once

#include "ops/aggregate/layout.h"
#include "ops/op.h"
#include "ops/sliding_groups.h"
#include "ops/sliding_log.h"
#include "ops/sliding_sums.h"
#include "ops/window_aggregate.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// The state of a sliding window as rows (ops/op_state.h), and back.
//
//   "sums"       keys, partial states (AggregateLayout::save), part, end; in processing time the
//                clock, too, which is not the watermark's there. By key. `part` and `end` are those
//                of SlidingSums::Origin: the sum of a slice, of all slices from it to the last
//                turn, or a back sum.
//   "positions"  the arrival position of the next row: those of states are smaller. To all.
//
// Threads  One at a time.
class SlidingTables {
  public:
    static constexpr std::size_t kSums = 0;
    static constexpr std::size_t kPositions = 1;

    SlidingTables(const WindowAggregateSpec& spec,
                  const AggregateLayout& layout,
                  SlidingGroups& groups);

    [[nodiscard]] const std::vector<StateTable>& tables() const noexcept { return tables_; }

    // Where the clock stood, of the rows to be written.
    void set_clock(Watermark clock) noexcept { clock_ = clock; }

    // Writes at most kBatchRows records of sums that are frozen.
    void write(SlidingLog::Run records, const SlidingSums& sums, StateOut& out);

    void write_position(std::uint64_t position, StateOut& out);

    // Reads rows of "sums" into `sums`; returns what is wrong with them, or nothing. `clock`: of
    // the operator; rows of processing time move it on.
    [[nodiscard]] std::string_view read(const BatchView& rows, SlidingSums& sums, Watermark& clock);

    // The greater of `position` and those of the rows.
    [[nodiscard]] static std::uint64_t read_position(const BatchView& rows, std::uint64_t position);

  private:
    void write_keys(SlidingLog::Run records, Batch& batch);

    const AggregateLayout* layout_;
    SlidingGroups* groups_;
    std::size_t stride_;  // Of records.
    bool is_event_time_;
    std::vector<StateTable> tables_;
    std::size_t part_column_ = 0;  // Then the end, and the clock.
    Watermark clock_;
    std::vector<std::uint64_t> keys_;    // Encoded, of a batch.
    std::vector<std::uint64_t> states_;  // Of a batch.
    std::vector<std::uint32_t> groups_read_;
};

}  // namespace thalweg
