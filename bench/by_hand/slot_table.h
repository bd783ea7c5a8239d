#pragma once

#include "state/base/assertion.h"

#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg::bench::by_hand {

// An open-addressed table for a known number of keys: slots with the key in them, found by a
// multiplication and linear probing, in huge pages. A Slot is trivial, zero when empty, and has
// `key`, never 0. 10,000 groups of COUNT, SUM, MIN, MAX take 655 kB and stay in an L2 of 1 MiB.
template <class Slot>
class SlotTable {
  public:
    static constexpr std::size_t kAhead = 32;  // Rows between a prefetch and its use.

    explicit SlotTable(std::size_t keys)
        : count_(std::bit_ceil(keys + keys / 2)),
          shift_(64U - static_cast<unsigned>(std::countr_zero(count_))) {
        void* const memory =
            ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT(memory != MAP_FAILED);
        static_cast<void>(::madvise(memory, bytes(), MADV_HUGEPAGE));
        slots_ = static_cast<Slot*>(memory);
    }

    SlotTable(const SlotTable&) = delete;
    SlotTable& operator=(const SlotTable&) = delete;

    ~SlotTable() { ::munmap(slots_, bytes()); }

    [[nodiscard]] bool outgrows_cache() const noexcept { return bytes() > 1'000'000; }

    [[gnu::always_inline]] void prefetch(std::int64_t key) const noexcept {
        __builtin_prefetch(slots_ + home(key), 1);
    }

    // The slot of the key, or the empty one where it belongs: the caller writes the key.
    [[nodiscard]] Slot& find(std::int64_t key) noexcept {
        std::size_t at = home(key);
        while (slots_[at].key != key && slots_[at].key != 0)
            at = (at + 1) & (count_ - 1);
        return slots_[at];
    }

    [[nodiscard]] std::span<Slot> slots() noexcept { return {slots_, count_}; }

  private:
    [[nodiscard]] std::size_t home(std::int64_t key) const noexcept {
        return (static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15ULL) >> shift_;
    }

    [[nodiscard]] std::size_t bytes() const noexcept { return count_ * sizeof(Slot); }

    std::size_t count_;
    unsigned shift_;
    Slot* slots_ = nullptr;
};

// The end of the tumbling second that a time is in.
[[nodiscard]] inline std::int64_t second_end_ms(std::int64_t ts_ms) noexcept {
    return (ts_ms / 1000 + 1) * 1000;
}

}  // namespace thalweg::bench::by_hand
