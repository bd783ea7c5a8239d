#pragma once

#include "ops/aggregate/layout.h"
#include "ops/sliding_groups.h"
#include "ops/sliding_sums.h"
#include "state/arena.h"
#include "state/batch.h"
#include "state/schema.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// The rows that a sliding window gives, kept as columns from one window to the next: a row is
// written where its group has changed, and a window is emitted by showing the columns.
//
// Shape
//   Rows 0 to size() - 1 of the groups in the window, in no order, in chunks of kBatchRows. A group
//   that enters takes the row of one that leaves, or the next one; then the last rows move into the
//   holes that are left. Keys are written once, values by refresh(). The bounds of the window are
//   three columns that all chunks share.
//
// Lifetime  A view is good until the next call of anything that is not const. Long strings in it
//           are good until renew_keys() or the end.
// Threads   One at a time.
class SlidingRows {
  public:
    // `schema`: keys, values, then window_start, window_end and window_time.
    SlidingRows(SchemaPtr schema, const AggregateLayout& layout, SlidingGroups& groups);

    // Makes the rows those of the window that `sums` has come to: of its touched groups, which it
    // then forgets.
    void refresh(SlidingSums& sums);

    struct Bounds {
        std::int64_t start;
        std::int64_t end;
        std::int64_t time;
    };

    // Of the rows that chunk() shows from now on.
    void set_bounds(const Bounds& bounds);

    [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

    // Rows [index * kBatchRows, ...), as many as there are.
    [[nodiscard]] BatchView chunk(std::size_t index) const noexcept;

    // Copies all rows, which there must be room for; long strings stay where they are.
    void append_to(Batch& batch, const Bounds& bounds) const;

    // After SlidingGroups::renumber().
    void renumber(std::span<const std::uint32_t> new_ids);

    // Gives back the memory of long strings of keys that have gone, once it is more than that of
    // those that are there.
    void renew_keys();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    static constexpr std::size_t kStepRows = 256;
    static constexpr std::size_t kBoundColumns = 3;

    struct Chunk {
        std::vector<Column> columns;          // Keys and values.
        std::vector<const Column*> pointers;  // To them and to the bounds.
    };

    struct Move {
        std::uint32_t source;
        std::uint32_t target;
    };

    void sort_touched(SlidingSums& sums);
    void place_born();
    void fill_holes();
    void move_rows(std::size_t column);
    void add_chunk();
    void write_keys(std::span<const std::uint32_t> ids);
    void write_rows(SlidingSlices& slices, std::size_t first, std::size_t count);
    void write_groups(SlidingSlices& slices, std::span<const std::uint32_t> ids);
    void find_states(SlidingSlices& slices, std::span<const std::uint32_t> ids);
    void find_rows(std::span<const std::uint32_t> ids);
    void scatter(const Column& from, std::size_t column, std::size_t count);

    [[nodiscard]] Column& cells(std::uint32_t row, std::size_t column) noexcept {
        return chunks_[row / kBatchRows]->columns[column];
    }

    SchemaPtr schema_;
    const AggregateLayout* layout_;
    SlidingGroups* groups_;
    std::vector<std::uint32_t> ids_;  // Of the group of each row.
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<Column> bounds_;
    Arena arena_;                   // Of long strings of keys.
    std::size_t keys_written_ = 0;  // Since the arena was empty.

    // Of refresh().
    std::vector<std::uint32_t> present_;  // Touched groups that are in the window,
    std::vector<std::uint32_t> born_;     // those of them that have no row yet,
    std::vector<std::uint32_t> holes_;    // and rows of groups that have left.
    std::vector<Move> moved_;             // The last rows, into holes.
    std::vector<Column> scratch_;         // As a chunk's.
    std::vector<bool> may_be_null_;       // Of columns: some row has been NULL.
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint64_t> merged_;
    std::array<std::uint32_t, kBatchRows> row_numbers_;
    std::array<const std::byte*, kStepRows> states_;
    std::array<std::byte*, kStepRows> targets_;
    std::array<const std::byte*, kStepRows> sources_;
};

}  // namespace thalweg
