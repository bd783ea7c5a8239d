#pragma once

#include "state/base/assertion.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// Which entries of a table are still to be written for a snapshot, while the table goes on: those
// it had when it was frozen, less those written since.
//
// Shape    Entries [0, cursor) are written; of those up to the end, those with a bit. Entries that
//          came later are none of ours. So freezing clears a bit an entry and no more: 0.5 MB for 4
//          million, some 50 us.
// Order    Whoever is about to change entries calls take() and writes what it says; whoever has
//          time calls take_next(), again and again until nothing is left.
// Why one  A batch of 1,024 rows of random keys touches as many entries. Pieces of 64 entries, to
//          be written when the first of them is touched, made such a batch wait for 65,000.
// Threads  One at a time.
class FrozenEntries {
  public:
    struct Run {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    // Nothing may be left of the last time.
    void freeze(std::size_t entries) {
        ASSERT(!is_frozen());
        end_ = entries;
        cursor_ = 0;
        written_.assign((entries + 63) / 64, 0);
    }

    // Whether there is something left to write.
    [[nodiscard]] bool is_frozen() const noexcept { return cursor_ < end_; }

    // Of `positions`, those that must be written before they are changed, each once. They count as
    // written from now on.
    void take(std::span<const std::uint32_t> positions, std::vector<std::uint32_t>& taken) {
        taken.clear();
        for (const std::uint32_t position : positions) {
            if (position < cursor_ || position >= end_) continue;
            std::uint64_t& word = written_[position / 64];
            const std::uint64_t bit = std::uint64_t{1} << (position % 64);
            if ((word & bit) != 0) continue;
            word |= bit;
            taken.push_back(position);
        }
    }

    // The next entries that lie one after the other, at most `entries_max`; none: all is written.
    [[nodiscard]] Run take_next(std::size_t entries_max) noexcept {
        cursor_ = find(cursor_, false, end_);
        const std::size_t end = find(cursor_, true, std::min(end_, cursor_ + entries_max));
        const Run run{static_cast<std::uint32_t>(cursor_),
                      static_cast<std::uint32_t>(end - cursor_)};
        cursor_ = end;
        if (!is_frozen()) written_.clear();
        return run;
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return written_.capacity() * 8; }

  private:
    // The first entry from `from` on whose bit is as wanted; `end` if there is none before.
    [[nodiscard]] std::size_t find(std::size_t from, bool wanted, std::size_t end) const noexcept {
        while (from < end) {
            const std::uint64_t word = wanted ? written_[from / 64] : ~written_[from / 64];
            const std::uint64_t rest = word >> (from % 64);
            if (rest != 0) {
                return std::min(end, from + static_cast<std::size_t>(std::countr_zero(rest)));
            }
            from = (from / 64 + 1) * 64;
        }
        return end;
    }

    std::size_t cursor_ = 0;
    std::size_t end_ = 0;
    std::vector<std::uint64_t> written_;
};

}  // namespace thalweg
