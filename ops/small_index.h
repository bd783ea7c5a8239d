#pragma once

#include "state/base/hash.h"
#include "state/selection.h"
#include "state/string_ref.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// A small table of short keys that is made once and then only asked: ids of up to sixteen bytes, or
// integers.
//
// Shape
//   A key is compared as three words, and no address is followed but that of the text that is asked
//   about. Slots, a quarter of them taken, hold the place of an entry; place 0 is of no key. Who
//   collides goes to the next slot. Whether the first slot is empty or has the key, the answer is
//   what stands in it, without a branch.
//
//     slots | 0 | 2 | 0 | 0 | 1 | ...        entries | nothing | low, high, size | ...
//
//   It is for tables that stay in the second-level cache: nothing is fetched ahead.
// Threads  After the constructor any number.
class SmallIndex {
  public:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
    static constexpr std::size_t kTextBytesMax = 16;
    static constexpr std::size_t kKeysMax = 8 * 1024;  // 320 KiB at most.

    struct Key {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        std::uint64_t size = 0;
    };

    [[nodiscard]] static Key key_of(std::int64_t value) noexcept {
        return {static_cast<std::uint64_t>(value), 0, sizeof value};
    }

    // Of at most kTextBytesMax bytes.
    [[nodiscard]] static Key key_of(const StringRef& text) noexcept {
        const hash_detail::Pair pair = hash_detail::load_short(text.data(), text.size());
        return {pair.low, pair.high, text.size()};
    }

    // keys[i] becomes number i. They are all of texts or all of integers, and differ; no more than
    // kKeysMax.
    SmallIndex(std::span<const Key> keys, const HashSeed& seed);

    // The number of each of `rows`, kAbsent where it is none of the keys. T is StringRef,
    // std::int32_t or std::int64_t.
    template <class T>
    void find(const T* values, Selection rows, std::span<std::uint32_t> numbers) const;

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return slots_.capacity() * sizeof(std::uint32_t) + entries_.capacity() * sizeof(Key);
    }

  private:
    static constexpr std::uint64_t kNoSize = ~std::uint64_t{0};

    [[nodiscard]] static bool differ(const Key& a, const Key& b) noexcept {
        return ((a.low ^ b.low) | (a.high ^ b.high) | (a.size ^ b.size)) != 0;
    }

    [[nodiscard]] std::size_t home_of(const Key& key) const noexcept {
        return fold_multiply(key.low ^ first_secret_, key.high ^ second_secret_ ^ key.size) & mask_;
    }

    // The place of a key that the first slot has not; 0: none.
    [[nodiscard]] std::uint32_t search(const Key& key) const noexcept;

    std::uint64_t first_secret_;
    std::uint64_t second_secret_;
    std::size_t mask_ = 0;
    std::vector<std::uint32_t> slots_;
    std::vector<Key> entries_;
};

}  // namespace thalweg
