#pragma once

#include "ops/slice_store.h"
#include "ops/window.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace thalweg {

// Makes the windows of HOP and CUMULATE from slices that are whole tables, in the order of their
// ends, with a constant number of merges of tables per slice however many slices a window has. For
// aggregates whose states own memory (DISTINCT, strings); ops/sliding_aggregate.h has all others.
//
// CUMULATE  One running table, to which each window adds the slices since the one before it.
//
// HOP       Two stacks (the queue of two stacks of functional programming, for sliding windows in
//           Tangwongsan, Hirzel and Schneider, "Low-Latency Sliding-Window Aggregation in
//           Worst-Case Constant Time", DEBS 2017):
//
//               front_: suffix sums, oldest on top     back_: slices     back_sum_
//               [ s3 ][ s2+s3 ][ s1+s2+s3 ]            s4  s5            s4+s5
//
//           A window is the top of the front plus back_sum_. The oldest slice leaves by popping the
//           front; when that is empty, the back is turned into suffix sums. Five merges a slice at
//           most. Nothing is ever subtracted, so that sums of doubles do not drift and MIN and MAX
//           need no other way.
//
// Snapshot  The slices, each as it is: so the front keeps them beside its sums, since a restart may
//           bring together what several shards had, turned at different windows, and slices add up
//           whatever became of them. For CUMULATE the running table, as the first slice of its
//           windows. Sums are not frozen: they are made again.
//
// Late rows A row may be too late for the first windows of its slice and in time for others. When
//           the slice has been combined already, the row goes to every sum that holds the slice.
class WindowCombiner {
  public:
    WindowCombiner(const WindowSpec& spec, SliceStore& store) : spec_(spec), store_(&store) {}

    // The end of the next window that has rows: after the last one combined, not passed by
    // `watermark` (windows it has passed are closed). Nothing: no slice has an open window.
    [[nodiscard]] std::optional<std::int64_t> next_end(Watermark watermark);

    // The groups of the window that ends at `window_end`, next_end()'s answer. Borrowed until the
    // next call.
    [[nodiscard]] const GroupTable& combine(std::int64_t window_end);

    // Whether windows that hold this slice have been combined and others, still open, may be.
    [[nodiscard]] bool has_combined(std::int64_t slice_end) const;

    // The tables that a late row of a combined slice must be added to.
    void find_late_tables(std::int64_t slice_end, std::vector<GroupTable*>& tables);

    // Calls visit(slice_end, table) for the slices that windows have been made of and others may
    // be.
    template <class Visit>
    void for_each_slice(const Visit& visit) {
        if (running_ != nullptr)
            visit(spec_.window_start(running_last_) + spec_.slide_ns, *running_);
        for (const std::vector<Slice>* const slices : {&front_, &back_}) {
            for (const Slice& slice : *slices)
                visit(slice.end, *slice.table);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const;

  private:
    struct Slice {
        std::int64_t end;
        std::unique_ptr<GroupTable> table;
        // In the front: of it and all newer slices there. None: it is the newest, and its own sum.
        std::unique_ptr<GroupTable> sum = nullptr;

        [[nodiscard]] GroupTable& suffix() const noexcept { return sum == nullptr ? *table : *sum; }
    };

    [[nodiscard]] std::optional<std::int64_t> open_end(std::int64_t slice_end,
                                                       std::int64_t after) const;
    [[nodiscard]] const GroupTable& combine_running(std::int64_t window_end);
    [[nodiscard]] const GroupTable& combine_stacks(std::int64_t window_end);
    void evict(std::int64_t window_start, std::int64_t window_end);
    void turn(std::int64_t window_end);
    void drop(Slice& slice);
    void insert_late(std::size_t index, std::int64_t slice_end);

    WindowSpec spec_;
    SliceStore* store_;
    std::int64_t last_end_ = std::numeric_limits<std::int64_t>::min();

    // CUMULATE.
    std::unique_ptr<GroupTable> running_;
    std::int64_t running_last_ = 0;  // The last end of the windows that share a start.

    // HOP.
    std::vector<Slice> front_;  // Newest first.
    std::vector<Slice> back_;   // Oldest first.
    std::unique_ptr<GroupTable> back_sum_;
    std::unique_ptr<GroupTable> result_;
    std::int64_t front_end_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace thalweg
