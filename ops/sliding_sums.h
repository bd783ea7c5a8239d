#pragma once

#include "ops/aggregate/layout.h"
#include "ops/sliding_groups.h"
#include "ops/sliding_log.h"
#include "ops/sliding_slices.h"
#include "ops/window.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// The sums of HOP and CUMULATE windows: what each group has in the window, kept up to date from one
// window to the next by work for the groups that gain or lose a slice, never for all that are
// alive, and never for the number of slices in a window. Nothing is ever subtracted: sums of
// doubles do not drift, and MIN and MAX need no other way.
//
// HOP       Two stacks for each group (the queue of two stacks of functional programming; for
//           sliding windows in Tangwongsan, Hirzel and Schneider, "Low-Latency Sliding-Window
//           Aggregation in Worst-Case Constant Time", DEBS 2017), turned for all groups at the same
//           instants, so that a group has entries only where it has rows:
//
//               slices    1     2     3     4     5  |  6     7     8
//               group A  [  1+3+5  ]->[3+5]->[  5  ] | [6]<-------[8]     back sum 6+8
//               group B       [  2+4  ]--->[  4  ]   |      [7]           back sum 7
//                          front: suffix sums        T     back: slices
//
//           An entry of the front holds the sum of its group over its slice and all newer slices of
//           the front, and links to the next newer entry. A window's value of a group is that of
//           its oldest front entry, merged with its back sum. The oldest slice leaves by moving its
//           groups on to the linked entries.
//           T is the last multiple of the size (counted from the offset) at or before the end of
//           the window: each window has exactly one. When a window comes that has passed the next
//           one, all slices up to it are turned from the newest to the oldest, a merge an entry.
//           So where sums are cut depends on the clock of the windows alone, and sums of doubles
//           come out the same however groups are spread over shards and rows over batches.
//
// CUMULATE  One back sum a group, to which each window adds the slices since the one before it, and
//           which the first window of the next start clears.
//
// Open      Slices that no window has taken yet come last; their entries are linked to older ones
//           of their group, so that a row that is out of order finds its entry by a step for each
//           newer entry of its group: few, unless rows come in any order within a watermark's delay
//           of many slices.
//
// Late rows A row may be too late for the first windows of its slice and in time for others. When
//           a window has passed that holds the slice, the row goes to every sum that does: in the
//           front, those of all entries up to its own; in the back, its entry and the back sum.
//           Windows that had no rows count as taken by then, so that T does not depend on which
//           groups share an instance. Late rows of several slices in one batch are added slice by
//           slice, in the order in which the batch has the slices: there alone the last bits of a
//           sum of doubles depend on where batches end.
//
// Saved     Entries, and the back sums that do not follow from them: those of CUMULATE, and of HOP
//           where the order of merging matters and a late row may have changed it, which is where a
//           group has two entries or more in the back. Everything else, T included, follows from
//           these and the watermark. Slices that no window will have again are left out.
//
// Freeze    While frozen, an entry or a back sum that is saved goes to a log before it changes for
//           the first time; keep_some() adds what has not changed, bit by bit. Opening a slice,
//           adding entries and letting slices go changes no entry. So a row costs a copy of the
//           eight entries of its block at most, a slice that is taken one of the back sums of its
//           groups. The turn copies what has not been written of a whole window: with 4.4 million
//           entries of 24 bytes (134 MB with all that is around them) none of which had been
//           written it took 148 ms instead of 96, and memory grew by the copy until that was
//           written. freeze() took 14 us, a batch of 1,024 rows 0.1 ms at most.
//
// Cost      A row that opens the newest entry of its group, and an entry's way through back, turn
//           and eviction, are each constant. The turn works through a whole window at once.
class SlidingSums {
  public:
    SlidingSums(const WindowSpec& spec, const AggregateLayout& layout, SlidingGroups& groups);

    enum class Place : std::uint8_t {
        kOpen,      // No window has taken the slice.
        kTaken,     // Some have, and some are to come.
        kLate,      // All windows that hold it are closed.
        kNoWindow,  // Between two windows.
    };

    // Where a slice stands when `watermark` has passed.
    [[nodiscard]] Place place_of(std::int64_t slice_end, Watermark watermark);

    // The states of `groups[row]` for each of `rows` in the open slice that place_of() was last
    // asked about, as entries of slices(), written to `entries` in their order.
    void locate(std::span<const std::uint32_t> groups, Selection rows, std::uint32_t* entries);

    // All states that a late row of a group in a taken slice is to be added to. Good until the next
    // call of anything here.
    [[nodiscard]] std::span<std::byte* const> find_late(std::uint32_t group,
                                                        std::int64_t slice_end);

    // The end of the next window that has rows: after the last one taken, not passed by
    // `watermark` (windows it has passed are closed). Nothing: no slice has an open window.
    [[nodiscard]] std::optional<std::int64_t> next_end(Watermark watermark) const;

    // Moves on to the window that ends at `window_end`, next_end()'s answer.
    void take_window(std::int64_t window_end);

    // The groups whose value may have changed since forget_touched(), each once and marked
    // kTouched, which is for the caller to take away.
    [[nodiscard]] std::span<const std::uint32_t> touched() const noexcept { return touched_; }

    void forget_touched() noexcept { touched_.clear(); }

    [[nodiscard]] SlidingSlices& slices() noexcept { return slices_; }

    // --- The state at a barrier ---

    // What is kept of an entry or a back sum beside its payload.
    enum class Part : std::uint8_t {
        kSlice,    // Of the slice alone.
        kFront,    // From the slice up to T.
        kBackSum,  // Of all slices of the back.
    };

    void freeze(Watermark watermark);

    [[nodiscard]] bool is_frozen() const noexcept { return slices_.is_frozen(); }

    // Before the states of open entries change, while frozen.
    void keep(std::span<const std::uint32_t> entries);

    // Copies what has not changed to kept(), until that has `records` or a few more; false: all
    // is there, or has been.
    [[nodiscard]] bool keep_some(std::size_t records);

    // The state as it was, in records of slices(), for whoever writes it to take away.
    [[nodiscard]] SlidingLog& kept() noexcept { return kept_; }

    // All has been written.
    void thaw() noexcept { slices_.thaw(); }

    struct Origin {
        std::int64_t end = 0;  // Of the slice; kBackSum: of the last window taken, or (CUMULATE)
                               // of the last one that the sum is for.
        Part part = Part::kSlice;
    };

    // Of a record.
    [[nodiscard]] Origin origin_of(SlidingLog::Record record) const noexcept;

    // Whether such a record may have been kept under this watermark. Not for processing time,
    // where instances do not reach a barrier at one and the same time by their clocks.
    [[nodiscard]] bool may_be(const Origin& origin, Watermark watermark) const;

    // Takes a record back, in any order.
    void load(std::uint32_t group, const Origin& origin, const std::byte* payload);

    // What has been loaded so far is that of `watermark`: as much as next_end() must know.
    void resume(Watermark watermark);

    // Makes of all that has been loaded what the sums are under this watermark, before anything
    // else is called. Returns what is wrong with it, or nothing.
    [[nodiscard]] std::string_view link_loaded(Watermark watermark);

    // After SlidingGroups::renumber().
    void renumber(std::span<const std::uint32_t> new_ids);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    static constexpr std::size_t kMergesMax = 256;

    [[nodiscard]] std::int64_t last_window_end(std::int64_t slice_end) const noexcept;
    [[nodiscard]] bool is_taken(std::int64_t slice_end, std::int64_t last) const noexcept;
    void catch_up(Watermark watermark);
    [[nodiscard]] std::uint32_t add_entry(std::uint32_t slot, std::uint32_t group);
    [[nodiscard]] std::uint32_t late_slot(std::int64_t slice_end);
    void find_late_front(std::uint32_t group, std::int64_t slice_end);
    void find_late_back(std::uint32_t group, std::int64_t slice_end);
    [[nodiscard]] std::int64_t boundary_before(std::int64_t window_end) const noexcept;
    [[nodiscard]] std::optional<std::int64_t> last_end_passed(Watermark watermark) const noexcept;
    void take_hop(std::int64_t window_end);
    void take_cumulate(std::int64_t window_end);
    void clear_running();
    void evict(std::int64_t window_start);
    void leave_front(const SlidingSlices::Slice& slice);
    void leave_back(const SlidingSlices::Slice& slice, bool is_taken);
    void turn(std::int64_t boundary);
    void turn_slice(const SlidingSlices::Slice& slice, bool is_taken);
    void add_to_back(const SlidingSlices::Slice& slice, bool stays);
    void unchain(SlidingGroup& group) noexcept;
    void merge_later(std::byte* target, const std::byte* source);
    void merge_all();
    [[nodiscard]] bool saves_back_sums(Watermark watermark) const noexcept;
    void keep_back_sums(const SlidingSlices::Slice& slice);
    void keep_back_sum(std::uint32_t group);
    [[nodiscard]] bool is_near_the_ends(std::int64_t end) const noexcept;
    void link_front(const SlidingSlices::Slice& slice);
    void link_chain(std::uint32_t slot);
    void place_back_sums();

    void touch(SlidingGroup& group, std::uint32_t id) {
        if ((group.row & SlidingGroup::kTouched) != 0) return;
        group.row |= SlidingGroup::kTouched;
        touched_.push_back(id);
    }

    void clear_back_sum(SlidingGroup& group) noexcept;

    WindowSpec spec_;
    const AggregateLayout* layout_;
    SlidingGroups* groups_;
    SlidingSlices slices_;  // The front, the back, the open ones.
    std::size_t front_count_ = 0;
    std::size_t taken_count_ = 0;  // Of front and back.
    bool is_exact_;                // A turn changes no value.
    bool has_gaps_;  // Windows may leave slices out, or slices be shorter than slides.
    std::uint32_t open_slot_ = 0;
    std::int64_t last_end_ = std::numeric_limits<std::int64_t>::min();   // Of the windows taken.
    std::int64_t front_end_ = std::numeric_limits<std::int64_t>::min();  // T.
    std::int64_t next_turn_ = std::numeric_limits<std::int64_t>::min();  // The T after it.
    bool is_running_ = false;        // CUMULATE: the back sums are those of a start,
    std::int64_t running_last_ = 0;  // whose last window ends here.
    std::vector<std::uint32_t> touched_;
    std::vector<std::uint32_t> running_;  // CUMULATE: groups in the running sum.
    std::vector<std::uint32_t> late_entries_;
    std::vector<std::byte*> late_states_;

    // While frozen:
    SlidingLog kept_;
    std::vector<std::uint64_t> unkept_sums_;  // A bit for each group whose back sum may be saved.
    std::size_t next_sum_word_ = 0;           // Groups before it are kept.
    std::int64_t frozen_end_ = 0;             // Of the windows taken, or of the running sum.

    // Of load():
    std::uint32_t loaded_slot_ = 0;          // Of the last entry.
    std::vector<std::uint32_t> loaded_ids_;  // Of back sums:
    std::vector<std::int64_t> loaded_ends_;
    std::vector<std::uint64_t> loaded_sums_;
    std::int64_t loaded_end_max_ = std::numeric_limits<std::int64_t>::min();
    std::string_view loaded_wrong_;

    std::size_t merge_count_ = 0;
    std::array<std::byte*, kMergesMax> targets_;
    std::array<const std::byte*, kMergesMax> sources_;
};

}  // namespace thalweg
