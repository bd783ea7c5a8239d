#pragma once

#include "state/base/assertion.h"
#include "state/pages.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// The index of every hash table of the project: from a hash to a position.
//
// The problem. A shard looks up each row it receives in a table of 100 to 10 million groups. Small
// tables must cost little more than the comparison of a key; large ones cost cache misses, so they
// must miss seldom, miss early (so that a batch can prefetch) and be small.
//
// The idea. Entries lie densely, in the order of their insertion, in an array that is not our
// business; a position is a 32-bit number of such an entry. The index is an array of lines, each
// one cache line: the tags of up to twelve entries and their positions.
//
//        0            12           16                                              64
//        +------------+------------+------------------------------------------------+
//        | 12 tags    | overflowed | 12 positions                                   |
//        +------------+------------+------------------------------------------------+
//
//   tag         8 bits of the hash, never 0; 0 marks an empty slot
//   overflowed  how many entries found this line full on their way to another
//
// Probing. The low bits of the hash name the home line. One SSE2 comparison yields the slots with
// an equal tag; only their entries are compared. With no match, `overflowed == 0` says that nobody
// went past this line, and the search is over. Otherwise it goes on at a distance that is odd, so
// that it meets every line of a power of two, and that depends on the tag, so that keys of one home
// do not follow each other. The idea of a line with tags and a count of overflows is F14's (folly).
//
// What it costs. The index grows when it is 7/8 full, 10.5 entries a line on average; while it is
// small, at 2/3, because a probe past its home line costs a mispredicted branch, and there is no
// miss to hide it behind (10,000 keys: 3.6 ns a lookup and update for 4.7). For a large table a
// lookup is two cache misses, line and entry, both known to a batch ahead of time.
//
// Deleting leaves no tombstone: the entry's slot becomes free and each line between its home and
// that slot counts one overflow less, which is exactly undoing its insertion.
//
// Growing. The full hashes lie in an array by position, read only here: a new index is built from
// it alone, in one sequential pass, after the old one has been given back. So growing needs less
// memory than standing still, hashes nothing again, and touches no entry. Price: 8 bytes an entry,
// and one pass of about 10 ns an entry now and then (0.1 s at 10 million).
//
// Memory: 8 bytes of hash and, by the load, 6.1 to 12.2 of lines an entry (small: 8 to 16). Sixteen
// tags with sixteen positions would probe a little more at once and need two cache lines; 12 fit in
// one.

namespace thalweg {

// Threads  One at a time.
class FlatIndex {
  public:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
    static constexpr std::size_t kSizeMax = std::size_t{1} << 31U;

    FlatIndex() = default;

    FlatIndex(FlatIndex&& other) noexcept { swap(other); }

    FlatIndex& operator=(FlatIndex&& other) noexcept {
        swap(other);
        return *this;
    }

    FlatIndex(const FlatIndex&) = delete;
    FlatIndex& operator=(const FlatIndex&) = delete;
    ~FlatIndex() = default;

    // Entries; their positions are 0 to size() - 1.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    // How many entries fit before the index grows.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    [[nodiscard]] std::uint64_t hash_of(std::uint32_t position) const noexcept {
        DEBUG_ASSERT(position < size_);
        return hashes()[position];
    }

    // Returns the position of the entry with this hash that `matches(position)`, or kAbsent.
    template <class Matches>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, const Matches& matches) const {
        const std::uint8_t tag = tag_of(hash);
        std::size_t at = hash & mask_;
        for (std::size_t tries = 0; tries <= mask_; ++tries) {
            const Line& line = lines_[at];
            for (unsigned slots = line.slots_with(tag); slots != 0; slots &= slots - 1) {
                const std::uint32_t position =
                    line.positions[static_cast<unsigned>(std::countr_zero(slots))];
                if (matches(position)) return position;
            }
            if (line.overflowed == 0) [[likely]]
                return kAbsent;
            at = (at + step_of(tag)) & mask_;
        }
        return kAbsent;
    }

    // A position that find() may ask about first, 0 when there is none; without a branch, so that
    // many can be asked for at once.
    [[nodiscard]] std::uint32_t guess(std::uint64_t hash) const noexcept {
        const Line& line = lines_[hash & mask_];
        const unsigned slots = line.slots_with(tag_of(hash));
        const auto slot = static_cast<unsigned>(std::countr_zero(slots | (1U << (kSlots - 1))));
        return line.positions[slot] & (0U - static_cast<std::uint32_t>(slots != 0));
    }

    // Always inline: g++ 12 takes a function that only prefetches for one without effect, and drops
    // calls to it.
    [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {
        __builtin_prefetch(&lines_[hash & mask_], 1);
    }

    // Adds an entry and returns its position, which is size() before. The caller knows that no
    // entry with its key is there, and has grown when size() == capacity().
    std::uint32_t append(std::uint64_t hash) noexcept {
        DEBUG_ASSERT(size_ < capacity_);
        const auto position = static_cast<std::uint32_t>(size_++);
        hashes()[position] = hash;
        place(hash, position);
        return position;
    }

    // Takes an entry out. The last entry, at size() - 1, takes its position; the caller moves it.
    void erase(std::uint32_t position) noexcept;

    // Makes room for `entries` in total.
    void reserve(std::size_t entries);

    void grow() { reserve(capacity_ + 1); }

    // Forgets all entries and keeps the memory, unless it was hardly used since the last clear.
    void clear() noexcept;

    void release() noexcept;

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return line_pages_.memory_bytes(line_pages_.size()) +
               hash_pages_.memory_bytes(std::max(size_max_, size_) * sizeof(std::uint64_t));
    }

    // Bytes that lookups walk about in: decides whether to prefetch.
    [[nodiscard]] std::size_t line_bytes() const noexcept { return line_pages_.size(); }

  private:
    static constexpr unsigned kSlots = 12;

    struct alignas(64) Line {
        std::array<std::uint8_t, kSlots> tags;
        std::uint32_t overflowed;
        std::array<std::uint32_t, kSlots> positions;

        [[nodiscard]] unsigned slots_with(std::uint8_t tag) const noexcept {
            const __m128i head = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
            const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag));
            const int equal = _mm_movemask_epi8(_mm_cmpeq_epi8(head, wanted));
            return static_cast<unsigned>(equal) & ((1U << kSlots) - 1);
        }
    };

    static_assert(sizeof(Line) == 64);
    static_assert(std::is_trivially_copyable_v<Line>);

    static constexpr Line kEmptyLine{};

    // Bits 46 to 53: below those that all keys of a shard share, above those that name the line.
    [[nodiscard]] static std::uint8_t tag_of(std::uint64_t hash) noexcept {
        const auto bits = static_cast<std::uint8_t>(hash >> 46U);
        return bits == 0 ? 1 : bits;
    }

    [[nodiscard]] static std::size_t step_of(std::uint8_t tag) noexcept {
        return 2 * std::size_t{tag} + 1;
    }

    [[nodiscard]] Line* lines() noexcept { return reinterpret_cast<Line*>(line_pages_.data()); }

    [[nodiscard]] std::uint64_t* hashes() noexcept {
        return reinterpret_cast<std::uint64_t*>(hash_pages_.data());
    }

    [[nodiscard]] const std::uint64_t* hashes() const noexcept {
        return reinterpret_cast<const std::uint64_t*>(hash_pages_.data());
    }

    // Writes a position into the first free slot on the way of its hash.
    void place(std::uint64_t hash, std::uint32_t position) noexcept {
        const std::uint8_t tag = tag_of(hash);
        for (std::size_t at = hash & mask_;; at = (at + step_of(tag)) & mask_) {
            Line& line = lines()[at];
            if (const unsigned free = line.slots_with(0); free != 0) [[likely]] {
                const auto slot = static_cast<unsigned>(std::countr_zero(free));
                line.tags[slot] = tag;
                line.positions[slot] = position;
                return;
            }
            ++line.overflowed;
        }
    }

    void resize_lines(std::size_t count);
    void swap(FlatIndex& other) noexcept;

    const Line* lines_ = &kEmptyLine;  // What is read: never null, so that find() need not ask.
    std::size_t mask_ = 0;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t size_max_ = 0;  // Since the memory was taken.
    Pages line_pages_;
    Pages hash_pages_;
};

}  // namespace thalweg
