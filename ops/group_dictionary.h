#pragma once

#include "ops/group_key.h"
#include "state/direct_index.h"
#include "state/flat_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// What the tables of one GROUP BY that come one after the other tell each other: where the keys of
// the last one lay. It starts the next one with the index that will fit.
//
// `slots_min` is what a table with hardly any entries may spend on a direct index. Where many
// tables live at a time they share it: share_slots().
struct KeyHistory {
    static constexpr std::uint64_t kSlotsMin = 64 * 1024;

    void share_slots(std::size_t tables) noexcept {
        constexpr std::uint64_t kLeast = 1024;
        slots_min = std::max<std::uint64_t>(kSlotsMin / std::max<std::size_t>(tables, 1), kLeast);
    }

    std::array<KeyRange, DirectIndex::kPartsMax> ranges;
    std::size_t entries = 0;
    std::uint64_t slots_min = kSlotsMin;
    bool is_hashed = false;  // No direct index: entries are erased.
};

// Keys of a GROUP BY to positions: an entry for each key that has come, in that order, with a
// payload that is the caller's (state/flat_table.h says how entries lie and how long a position or
// a pointer is good).
//
// Which index
//   Keys that are integers close together have a DirectIndex, all others a hash table. This is
//   decided by the keys that have come: a table takes the direct index while the slots it needs are
//   at most KeyHistory::slots_min or kSlotsPerEntry for each entry (of this table or the one before
//   it), drops it for the hash table with the first batch that would need more, and comes back when
//   they are enough again and entries have become twice as many. So going back and forth is paid
//   for by new entries, and keys that are chosen to lie far apart cost that many slots and no more.
//   The order of entries and all results are the same either way.
//
// Lifetime  Key and history outlive the dictionary.
// Threads   One at a time.
class GroupDictionary {
  public:
    static constexpr std::uint32_t kAbsent = EntryTable::kAbsent;
    static constexpr std::uint64_t kSlotsPerEntry = 4;

    GroupDictionary(const GroupKey& key, std::size_t payload_bytes, KeyHistory& history);

    // Writes the position of the key of each of `rows` (columns[k] holds key k), making entries for
    // those that are new. Returns size() before. With Nulls::kAside no key may be NULL.
    std::size_t find_or_insert(std::span<const Column* const> columns,
                               Selection rows,
                               GroupKey::Encoded& scratch,
                               std::span<std::uint32_t> positions);

    // The same for entries [first, first + positions.size()) of a dictionary of the same keys.
    std::size_t find_or_insert(const GroupDictionary& other,
                               std::size_t first,
                               GroupKey::Encoded& scratch,
                               std::span<std::uint32_t> positions);

    // Erases the entry at a position; the last one moves there. Of dictionaries without a direct
    // index (KeyHistory::is_hashed).
    void erase(std::uint32_t position);

    [[nodiscard]] const EntryTable& entries() const noexcept {
        return words_ ? static_cast<const EntryTable&>(*words_) : *texts_;
    }

    [[nodiscard]] EntryTable& entries() noexcept {
        return words_ ? static_cast<EntryTable&>(*words_) : *texts_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries().size(); }

    // Whether the direct index is in use.
    [[nodiscard]] bool is_direct() const noexcept { return direct_.is_open(); }

    // Forgets all entries; keeps memory that was in use.
    void clear();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    using Ranges = std::array<KeyRange, DirectIndex::kPartsMax>;

    [[nodiscard]] std::span<const KeyRange> used(const Ranges& ranges) const noexcept {
        return {ranges.data(), key_->size()};
    }

    [[nodiscard]] DirectIndex::Key key_at(const std::byte* words) const noexcept {
        return {reinterpret_cast<const std::uint64_t*>(words), key_->nulls_of(words)};
    }

    // Whether the keys are such that a direct index may do.
    [[nodiscard]] bool may_be_direct() const noexcept {
        return key_->is_direct() && !history_->is_hashed;
    }

    [[nodiscard]] std::uint64_t slots_max() const noexcept;
    [[nodiscard]] bool find_direct(std::span<const Column* const> columns,
                                   Selection rows,
                                   GroupKey::Encoded& scratch,
                                   std::span<std::uint32_t> positions);
    [[nodiscard]] bool insert_direct(std::span<const std::byte> words,
                                     std::span<std::uint32_t> positions);
    [[nodiscard]] bool cover(const Ranges& batch);
    void insert_absent(std::span<const Column* const> columns,
                       Selection rows,
                       GroupKey::Encoded& scratch,
                       std::span<std::uint32_t> positions);
    [[nodiscard]] std::uint32_t place(const std::byte* words);
    void take_ranges(const std::byte* words);
    void go_direct();
    void go_hashed();
    void look_again(std::size_t first_new);

    const GroupKey* key_;
    KeyHistory* history_;
    std::optional<FlatTable> words_;
    std::optional<ByteTable> texts_;
    DirectIndex direct_;          // Open: words_ has no index.
    Ranges ranges_;               // Of all entries, where the keys are such that it matters.
    std::size_t direct_min_ = 0;  // Entries before the direct index may come back.
};

}  // namespace thalweg
