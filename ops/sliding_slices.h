#pragma once

#include "ops/sliding_log.h"
#include "state/base/assertion.h"
#include "state/pages.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace thalweg {

// As memset and memcpy, of a state of a few words: a call would take longer than the work.
inline void clear_words(std::byte* target, std::size_t bytes) noexcept {
    switch (bytes) {
        case 0: break;  // A GROUP BY without aggregates.
        case 8: std::memset(target, 0, 8); break;
        case 16: std::memset(target, 0, 16); break;
        case 24: std::memset(target, 0, 24); break;
        case 32: std::memset(target, 0, 32); break;
        default: std::memset(target, 0, bytes);
    }
}

inline void copy_words(std::byte* target, const std::byte* source, std::size_t bytes) noexcept {
    switch (bytes) {
        case 0: break;
        case 8: std::memcpy(target, source, 8); break;
        case 16: std::memcpy(target, source, 16); break;
        case 24: std::memcpy(target, source, 24); break;
        case 32: std::memcpy(target, source, 32); break;
        default: std::memcpy(target, source, bytes);
    }
}

// The slices of a sliding window, each a list of entries: what one group has in one slice.
//
// Shape
//   All entries of all slices lie in one array of equal strides and are named by their index there.
//   A slice is a chain of blocks of eight entries; blocks of slices that have gone are used again,
//   last first, so that a window of few groups stays within a few lines of the cache.
//
//       entry   | group: 4 | link: 4 | payload: AggregateLayout's |
//
//   `link` is an entry of the same group in another slice, in an order that is SlidingSums'.
//   Slices are known by a slot that is good while they live, and lie in the order of their ends.
//   Slot 0 and entry 0 are nobody's: they stand for none.
//
// Freeze    What the slices are at an instant can be taken while they change: freeze() remembers
//           which blocks are in use, a bit each; keep() copies a block to a log the first time one
//           of its entries is about to change, and so does a block that is used again; keep_some()
//           copies the others, in their order. An entry that is only added changes nothing that was
//           there. With half a million blocks freeze() copies 64 KiB.
//
// Cost      A slice that comes and goes allocates nothing once there were as many before.
// Lifetime  A pointer to an entry is good until the next append().
// Threads   One at a time.
class SlidingSlices {
  public:
    static constexpr std::uint32_t kNone = 0;

    struct Entry {
        std::uint32_t group;
        std::uint32_t link;
    };

    struct Slice {
        std::int64_t end = 0;
        std::int64_t last_window_end = 0;  // Of the last window that holds it.
        std::uint32_t first_block = 0;
        std::uint32_t last_block = 0;
        std::uint32_t size = 0;  // Entries.
    };

    // What is kept of a slice.
    struct Frozen {
        std::int64_t end = 0;
        std::uint32_t last_block = 0;
        std::uint32_t size = 0;  // 0: nothing.
        bool is_front = false;
    };

    explicit SlidingSlices(std::size_t payload_bytes);

    [[nodiscard]] std::size_t count() const noexcept { return order_.size() - first_; }

    // By their order, the oldest first.
    [[nodiscard]] std::uint32_t slot_at(std::size_t index) const noexcept {
        DEBUG_ASSERT(index < count());
        return order_[first_ + index];
    }

    [[nodiscard]] const Slice& at(std::size_t index) const noexcept {
        return slices_[slot_at(index)];
    }

    [[nodiscard]] const Slice& slice(std::uint32_t slot) const noexcept { return slices_[slot]; }

    // How many slices end before `end`.
    [[nodiscard]] std::size_t rank_of(std::int64_t end) const noexcept;

    // Makes an empty slice at `index`; returns its slot.
    std::uint32_t insert(std::size_t index, std::int64_t end, std::int64_t last_window_end);

    // Forgets the oldest slice and its entries.
    void drop_first();

    // A new entry of a slice, its payload zero.
    std::uint32_t append(std::uint32_t slot, std::uint32_t group, std::uint32_t link) {
        Slice& slice = slices_[slot];
        const std::uint32_t place = slice.size % kBlockEntries;
        if (place == 0) add_block(slot);
        ++slice.size;
        const std::uint32_t index = slice.last_block * kBlockEntries + place;
        std::byte* const target = pages_.data() + index * stride_;
        const Entry entry{group, link};
        std::memcpy(target, &entry, sizeof entry);
        clear_words(target + sizeof(Entry), stride_ - sizeof(Entry));
        return index;
    }

    [[nodiscard]] Entry& entry(std::uint32_t index) noexcept {
        DEBUG_ASSERT(index / kBlockEntries < block_count_);
        return *reinterpret_cast<Entry*>(pages_.data() + index * stride_);
    }

    [[nodiscard]] std::byte* payload(std::uint32_t index) noexcept {
        return pages_.data() + index * stride_ + sizeof(Entry);
    }

    // From one payload to that of the next entry.
    [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

    [[nodiscard]] std::int64_t end_of(std::uint32_t entry) const noexcept {
        return slices_[block_slots_[entry / kBlockEntries]].end;
    }

    // Calls visit(first, count) for runs of entries [first, first + count) that make the slice.
    template <class Visit>
    void for_each_run(const Slice& slice, Visit&& visit) const {
        std::uint32_t block = slice.first_block;
        for (std::uint32_t left = slice.size; left != 0;) {
            const std::uint32_t count = left < kBlockEntries ? left : kBlockEntries;
            visit(block * kBlockEntries, count);
            left -= count;
            block = next_blocks_[block];
        }
    }

    // Entries that there is room for in the blocks of all slices.
    [[nodiscard]] std::size_t entries_max() const noexcept {
        return std::size_t{blocks_in_use_} * kBlockEntries;
    }

    [[nodiscard]] std::size_t slot_count() const noexcept { return slices_.size(); }

    // From now on what is in the slices of `frozen`, by slot, goes to the log before it changes.
    void freeze(std::vector<Frozen> frozen, SlidingLog& log);

    // All has been written, or is to be forgotten.
    void thaw() noexcept { log_ = nullptr; }

    [[nodiscard]] bool is_frozen() const noexcept { return log_ != nullptr; }

    [[nodiscard]] const std::vector<Frozen>& frozen() const noexcept { return frozen_; }

    // Before an entry changes, while frozen.
    void keep(std::uint32_t entry) {
        const std::uint32_t block = entry / kBlockEntries;
        if (block < kept_.size() * 64 && (kept_[block / 64] >> (block % 64) & 1U) == 0)
            keep_block(block);
    }

    void keep(const Slice& slice) {
        for_each_run(slice, [&](std::uint32_t first, std::uint32_t) { keep(first); });
    }

    // Fills the log up to `records` or a few more; false: nothing is left to be kept.
    [[nodiscard]] bool keep_some(std::size_t records);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    static constexpr std::uint32_t kBlockEntries = 8;

    void add_block(std::uint32_t slot);
    void keep_block(std::uint32_t block);

    std::size_t stride_;
    Pages pages_;
    std::uint32_t block_count_ = 1;  // Ever used; the first is nobody's.
    std::uint32_t free_block_ = 0;   // Chained by next_blocks_.
    std::uint32_t blocks_in_use_ = 0;
    std::vector<std::uint32_t> next_blocks_;
    std::vector<std::uint32_t> block_slots_;
    std::vector<std::uint64_t> used_blocks_;  // A bit each: of a slice.
    std::vector<Slice> slices_;               // By slot.
    std::vector<std::uint32_t> free_slots_;
    std::vector<std::uint32_t> order_;  // Slots, from first_ on.
    std::size_t first_ = 0;

    // While frozen:
    SlidingLog* log_ = nullptr;
    std::vector<Frozen> frozen_;       // By slot.
    std::vector<std::uint64_t> kept_;  // A bit each: block is in the log, or was in no slice.
    std::size_t next_word_ = 0;        // Blocks before it are kept.
};

}  // namespace thalweg
