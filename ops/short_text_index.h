#pragma once

#include "state/base/hash.h"
#include "state/selection.h"
#include "state/string_ref.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// A small table of short texts that is made once and then only asked: ids of up to sixteen bytes.
//
// Shape
//   Sixteen bytes and a length are compared as three words, and no address is followed but that of
//   the text that is asked about. Slots, a quarter of them taken, hold the number of an entry plus
//   one; who collides goes to the next slot.
//
//     slots | . | 2 | . | . | 1 | ...        entries | low, high, size | low, high, size | ...
//
//   It is for tables that stay in the second-level cache: nothing is fetched ahead.
// Threads  After the constructor any number.
class ShortTextIndex {
  public:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
    static constexpr std::size_t kTextBytesMax = 16;
    static constexpr std::size_t kTextsMax = 8 * 1024;  // 320 KiB at most.

    // texts[i] becomes number i. They differ, and none is longer than kTextBytesMax; no more than
    // kTextsMax.
    ShortTextIndex(std::span<const StringRef> texts, const HashSeed& seed);

    // The number of each of `rows` of `texts`, kAbsent where it is none of them.
    void find(const StringRef* texts, Selection rows, std::span<std::uint32_t> numbers) const;

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return slots_.capacity() * sizeof(std::uint32_t) + entries_.capacity() * sizeof(Entry);
    }

  private:
    struct Entry {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        std::uint64_t size = 0;
    };

    [[nodiscard]] std::uint64_t hash(const Entry& text) const noexcept {
        return fold_multiply(text.low ^ first_secret_, text.high ^ second_secret_ ^ text.size);
    }

    std::uint64_t first_secret_;
    std::uint64_t second_secret_;
    std::size_t mask_ = 0;
    std::vector<std::uint32_t> slots_;
    std::vector<Entry> entries_;
};

}  // namespace thalweg
