#pragma once

#include "state/arena.h"
#include "state/base/assertion.h"
#include "state/flat_index.h"
#include "state/pages.h"
#include "state/string_ref.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

// The hash tables of the project: FlatTable, whose keys are words, and ByteTable, whose keys are
// strings. Both are a FlatIndex (read its essay first) over one array of entries. A FlatTable may
// do without it: entries are appended then, and found by somebody else's index
// (state/direct_index.h).
//
//     entry of a FlatTable     | key: 8, 16, ... 64 bytes   | payload |
//     entry of a ByteTable     | key: StringRef, 16 bytes   | payload |
//
// Shape
//   Entries lie densely at positions 0 to size() - 1, in the order of their insertion, all of one
//   stride, aligned to 8 bytes (copy 16-byte values in and out). A payload is trivial bytes whose
//   meaning is the caller's: the state of some aggregates, a link to a list of rows.
//
// Why dense. In the index itself, entries would cost (key + payload) / load: 57 bytes of memory for
// a key with COUNT and SUM right after growing, and half as much again while growing. Dense they
// take 24 + 8 + 6 to 12, never more, because their array grows without a copy. Walking them is a
// walk over an array, and clearing costs nothing for them. Price: a small table computes one more
// address per lookup (bench/flat_table_bench.cc has both).
//
// Use, a batch at a time
//     hash_column(seed, keys, hashes);
//     const std::size_t first_new = table.find_or_insert(std::as_bytes(keys), hashes, positions);
//     for (row...) update(table.payload(positions[row]));
//   Everything at a position >= first_new was inserted by this call, its payload zero. `hashes` are
//   the caller's; the table only needs that equal keys have equal ones.
//
// Lifetime
//   A position is good until something is erased: erase() moves the last entry into the hole, and
//   that entry alone. A pointer to an entry is good until the next insertion or erasure; lookups of
//   a batch and updates of its entries alternate, so within one batch of updates pointers hold.
//
// Threads
//   One at a time: a table lives on the thread of its shard.

namespace thalweg {

// What the two tables share.
class EntryTable {
  public:
    static constexpr std::uint32_t kAbsent = FlatIndex::kAbsent;

    EntryTable(const EntryTable&) = delete;
    EntryTable& operator=(const EntryTable&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    [[nodiscard]] std::byte* entry(std::uint32_t position) noexcept {
        DEBUG_ASSERT(position < size());
        return entries_.data() + position * stride_;
    }

    [[nodiscard]] const std::byte* entry(std::uint32_t position) const noexcept {
        DEBUG_ASSERT(position < size());
        return entries_.data() + position * stride_;
    }

    [[nodiscard]] std::byte* payload(std::uint32_t position) noexcept {
        return entry(position) + key_bytes_;
    }

    [[nodiscard]] const std::byte* payload(std::uint32_t position) const noexcept {
        return entry(position) + key_bytes_;
    }

    // Of tables that have an index.
    [[nodiscard]] std::uint64_t hash_of(std::uint32_t position) const noexcept {
        return index_.hash_of(position);
    }

    // Bytes from one entry to the next, and from an entry to its payload.
    [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

    [[nodiscard]] std::size_t key_bytes() const noexcept { return key_bytes_; }

    // Calls visit(position) for every entry, in no order that anyone may count on: debug builds
    // take another one each time. `visit` must not insert or erase.
    template <class Visit>
    void for_each(Visit&& visit) const {
        const std::size_t count = size();
#ifdef NDEBUG
        for (std::size_t i = 0; i < count; ++i)
            visit(static_cast<std::uint32_t>(i));
#else
        // Every prime stride that does not divide the count meets each position once.
        constexpr std::size_t kStrides[] = {7919, 104'729, 1'299'709, 15'485'863};
        std::size_t jump = kStrides[walks_++ % 4];
        if (count % jump == 0) jump = 1;
        std::size_t position = count == 0 ? 0 : walks_ % count;
        for (std::size_t i = 0; i < count; ++i, position = (position + jump) % count)
            visit(static_cast<std::uint32_t>(position));
#endif
    }

    // Makes room for `entries` in total, for those who know how many will come.
    void reserve(std::size_t entries);

    // Bytes of memory held, keys included.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  protected:
    EntryTable(std::size_t key_bytes, std::size_t payload_bytes);

    EntryTable(EntryTable&& other) noexcept
        : EntryTable(other.key_bytes_, other.stride_ - other.key_bytes_) {
        swap(other);
    }

    EntryTable& operator=(EntryTable&& other) noexcept {
        swap(other);
        return *this;
    }

    ~EntryTable() = default;

    // Finds every row: equal(row, entry) compares its key, make(row, entry) writes it into a new
    // entry, whose payload is zero by then. Returns size() before.
    template <class Equal, class Make>
    std::size_t find_or_insert_rows(std::span<const std::uint64_t> hashes,
                                    std::span<std::uint32_t> positions,
                                    const Equal& equal,
                                    const Make& make);

    // Finds every row, kAbsent where there is none.
    template <class Equal>
    void find_rows(std::span<const std::uint64_t> hashes,
                   std::span<std::uint32_t> positions,
                   const Equal& equal) const;

    // Erases the entry at `position`: the last one moves there.
    void erase_entry(std::uint32_t position) noexcept;

    void clear_entries() noexcept;
    void release_entries() noexcept;

    // Makes room for one more entry where there is no index.
    void grow_entries();

    FlatIndex index_;
    Pages entries_;
    std::size_t size_ = 0;

  private:
    // Rows between the prefetch of a line and of its entry, and between that and the lookup. Zen 5,
    // ns a row at 1 million keys: none 31, 6 ahead 25, 12 ahead 19, 24 ahead 14.
    static constexpr std::size_t kAhead = 24;

    // Rows whose entries are guessed by their tags, without a branch, before any is compared: a
    // wrong guess then throws no lookup away that was under way. COUNT, SUM, MIN, MAX of rows in
    // memory, Zen 5, ns a row with and without: 10,000 keys 7.5 and 7.8, 1 million 20 and 22 to 24;
    // but 100 keys 6.9 and 6.5, so not where the table stays in the first-level cache.
    static constexpr std::size_t kGuessed = 128;
    static constexpr std::size_t kFirstCacheBytes = 32 * 1024;

    // Three quarters of an L2: what is smaller is better off without. 10,000 groups of 48 bytes,
    // rows streaming by: a query takes 8.6 ns a row for 9.4.
    static constexpr std::size_t kCachedBytesMax = 768 * 1024;

    // What lookups walk about in.
    [[nodiscard]] std::size_t lookup_bytes() const noexcept {
        return index_.line_bytes() + size() * stride_;
    }

    [[nodiscard]] bool outgrows_cache() const noexcept { return lookup_bytes() > kCachedBytesMax; }

    // What comes before the lookup of a row in a table that misses the cache. Always inline: g++ 12
    // takes a function that only prefetches for one without effect, and drops calls to it.
    [[gnu::always_inline]] void look_ahead(std::span<const std::uint64_t> hashes,
                                           std::size_t row) const noexcept {
        if (row + 2 * kAhead < hashes.size()) index_.prefetch(hashes[row + 2 * kAhead]);
        if (row + kAhead >= hashes.size()) return;
        const std::byte* const entry =
            entries_.data() + index_.guess(hashes[row + kAhead]) * stride_;
        __builtin_prefetch(entry, 1);
        __builtin_prefetch(entry + stride_ - 1, 1);
    }

    // Writes for each row of [first, end) the position of the entry that it is most likely about.
    [[gnu::always_inline]] void guess_rows(std::span<const std::uint64_t> hashes,
                                           std::span<std::uint32_t> positions,
                                           std::size_t first,
                                           std::size_t end) const noexcept {
        const FlatIndex& index = index_;
        if (!outgrows_cache()) {
            for (std::size_t row = first; row < end; ++row)
                positions[row] = index.guess(hashes[row]);
            return;
        }
        const std::byte* const entries = entries_.data();
        const std::size_t stride = stride_;
        for (std::size_t row = first; row < end; ++row) {
            if (row + kAhead < hashes.size()) index.prefetch(hashes[row + kAhead]);
            positions[row] = index.guess(hashes[row]);
            const std::byte* const entry = entries + positions[row] * stride;
            __builtin_prefetch(entry, 1);
            __builtin_prefetch(entry + stride - 1, 1);
        }
    }

    template <class Make>
    std::uint32_t insert(std::uint64_t hash, const Make& make);

    void grow();
    void swap(EntryTable& other) noexcept;

    std::size_t key_bytes_;
    std::size_t stride_;
    std::size_t size_max_ = 0;       // Entries, since the memory was taken.
    mutable std::size_t walks_ = 0;  // Only debug builds count them.
};

template <class Make>
std::uint32_t EntryTable::insert(std::uint64_t hash, const Make& make) {
    if (size_ == index_.capacity()) [[unlikely]]
        grow();
    const std::uint32_t position = index_.append(hash);
    ++size_;
    std::byte* const target = entries_.data() + position * stride_;
    for (std::size_t at = key_bytes_; at < stride_; at += 8)
        std::memset(target + at, 0, 8);
    make(target);
    return position;
}

template <class Equal, class Make>
std::size_t EntryTable::find_or_insert_rows(std::span<const std::uint64_t> hashes,
                                            std::span<std::uint32_t> positions,
                                            const Equal& equal,
                                            const Make& make) {
    ASSERT(hashes.size() == positions.size());
    const std::size_t first_new = size();
    const std::size_t stride = stride_;
    const auto row_of = [&](std::size_t row) {
        const std::byte* const entries = entries_.data();
        const auto matches = [&](std::uint32_t position) {
            return equal(row, entries + position * stride);
        };
        const std::uint32_t found = index_.find(hashes[row], matches);
        if (found != kAbsent) [[likely]]
            return found;
        return insert(hashes[row], [&](std::byte* target) { make(row, target); });
    };
    if (empty() || lookup_bytes() <= kFirstCacheBytes) {
        for (std::size_t row = 0; row < hashes.size(); ++row)
            positions[row] = row_of(row);
        return first_new;
    }
    for (std::size_t first = 0; first < hashes.size(); first += kGuessed) {
        const std::size_t end = std::min(first + kGuessed, hashes.size());
        guess_rows(hashes, positions, first, end);
        for (std::size_t row = first; row < end; ++row) {
            const std::byte* const guessed = entries_.data() + positions[row] * stride;
            if (equal(row, guessed)) [[likely]]
                continue;
            positions[row] = row_of(row);
        }
    }
    return first_new;
}

template <class Equal>
void EntryTable::find_rows(std::span<const std::uint64_t> hashes,
                           std::span<std::uint32_t> positions,
                           const Equal& equal) const {
    ASSERT(hashes.size() == positions.size());
    const bool ahead = outgrows_cache();
    const std::byte* const entries = entries_.data();
    for (std::size_t row = 0; row < hashes.size(); ++row) {
        if (ahead) look_ahead(hashes, row);
        positions[row] = index_.find(hashes[row], [&](std::uint32_t position) {
            return equal(row, entries + position * stride_);
        });
    }
}

// A table whose keys are 1 to 8 words: integers, instants, dictionary codes, or several of them.
// Keys are compared as bytes, so equal keys have equal bytes: the caller has normalised -0.0, and
// writes NULL as a word of its own.
class FlatTable : public EntryTable {
  public:
    static constexpr std::size_t kKeyBytesMax = 64;

    // `key_bytes` is a multiple of 8, up to kKeyBytesMax. `payload_bytes` is rounded up to 8.
    FlatTable(std::size_t key_bytes, std::size_t payload_bytes);

    // `keys` are packed, hashes.size() of them. Returns size() before: entries at that position and
    // beyond are new, with a payload of zeros. A key that comes twice is inserted once.
    std::size_t find_or_insert(std::span<const std::byte> keys,
                               std::span<const std::uint64_t> hashes,
                               std::span<std::uint32_t> positions);

    // The same without inserting: kAbsent for keys that are not there.
    void find(std::span<const std::byte> keys,
              std::span<const std::uint64_t> hashes,
              std::span<std::uint32_t> positions) const;

    // Erases one key and returns whether it was there. The last entry moves to its position.
    bool erase(std::span<const std::byte> key, std::uint64_t hash);

    // Erases the entry at a position of a table with an index. The last entry moves there.
    void erase_at(std::uint32_t position) noexcept {
        DEBUG_ASSERT(is_indexed_);
        erase_entry(position);
    }

    // Forgets all entries; keeps the memory unless hardly any of it was in use.
    void clear() noexcept { clear_entries(); }

    // Forgets all entries and gives the memory back.
    void release() noexcept { release_entries(); }

    // Whether keys can be found here. Without an index there are append() and the entries, nothing
    // else.
    [[nodiscard]] bool is_indexed() const noexcept { return is_indexed_; }

    // Adds an entry, with a payload of zeros, to a table without an index, and returns its
    // position. The caller knows that its key is not there.
    std::uint32_t append(const std::byte* key) {
        DEBUG_ASSERT(!is_indexed_);
        if ((size_ + 1) * stride() > entries_.size()) [[unlikely]]
            grow_entries();
        std::byte* const target = entries_.data() + size_ * stride();
        for (std::size_t at = 0; at < key_bytes(); at += 8)
            std::memcpy(target + at, key + at, 8);
        for (std::size_t at = key_bytes(); at < stride(); at += 8)
            std::memset(target + at, 0, 8);
        return static_cast<std::uint32_t>(size_++);
    }

    // Gives the index up; all entries stay where they are.
    void drop_index() noexcept {
        index_.release();
        is_indexed_ = false;
    }

    // Makes an index of all entries: hash_of(entry) is that of its key.
    template <class HashOf>
    void make_index(const HashOf& hash_of) {
        ASSERT(!is_indexed_);
        is_indexed_ = true;
        reserve(size_);
        for (std::size_t i = 0; i < size_; ++i)
            index_.append(hash_of(entry(static_cast<std::uint32_t>(i))));
    }

  private:
    bool is_indexed_ = true;
};

// A table whose keys are strings or byte strings, which it copies. An entry begins with a StringRef
// that holds the key, or borrows it from the arena of the table.
class ByteTable : public EntryTable {
  public:
    explicit ByteTable(std::size_t payload_bytes);

    // As FlatTable's. `keys` are borrowed during the call only.
    std::size_t find_or_insert(std::span<const StringRef> keys,
                               std::span<const std::uint64_t> hashes,
                               std::span<std::uint32_t> positions);

    void find(std::span<const StringRef> keys,
              std::span<const std::uint64_t> hashes,
              std::span<std::uint32_t> positions) const;

    // As FlatTable's. The text of long keys is reclaimed once more than half of the arena is dead.
    bool erase(StringRef key, std::uint64_t hash);
    void erase_at(std::uint32_t position);

    void clear() noexcept;
    void release() noexcept;

    // The key at a position; borrows from the table until the next insertion or erasure.
    [[nodiscard]] const StringRef& key(std::uint32_t position) const noexcept {
        return *reinterpret_cast<const StringRef*>(entry(position));
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return EntryTable::memory_bytes() + arena_.memory_bytes();
    }

  private:
    [[nodiscard]] StringRef keep(StringRef key);
    void compact();

    Arena arena_;
    std::size_t live_bytes_ = 0;  // Of long keys.
    std::size_t dead_bytes_ = 0;
};

}  // namespace thalweg
