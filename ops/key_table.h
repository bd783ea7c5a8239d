#pragma once

#include "ops/group_key.h"
#include "state/flat_table.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// The keys of rows, each with a payload, that come and go one by one. For operators that hold
// something for each key, for as long as there is something.
//
// Shape    A FlatTable, or a ByteTable where a key has a text; NULL is a key like others.
// Lifetime As a FlatTable's: a position is good until a key is erased, when the last key moves into
//          the hole; a pointer to a payload also only until the next key is inserted.
// Threads  One at a time.
class KeyTable {
  public:
    KeyTable(std::vector<Type> types, const HashSeed& seed, std::size_t payload_bytes);

    // The positions of the keys of `rows`, columns[k] holding key k. Returns size() before: keys at
    // that position and behind it are new, with a payload of zeros.
    std::size_t find_or_insert(std::span<const Column* const> columns,
                               Selection rows,
                               std::vector<std::uint32_t>& positions);

    void erase_at(std::uint32_t position);

    [[nodiscard]] std::byte* payload(std::uint32_t position) noexcept {
        return entries().payload(position);
    }

    [[nodiscard]] const std::byte* payload(std::uint32_t position) const noexcept {
        return entries().payload(position);
    }

    // A key as GroupKey encodes it: key().decode() reads it.
    [[nodiscard]] const std::byte* encoded(std::uint32_t position) const noexcept {
        return entries().entry(position);
    }

    // Writes a key into row `row` of some columns.
    void write_key(std::uint32_t position,
                   std::span<Column* const> columns,
                   std::size_t row,
                   Arena& arena) const {
        key_.decode(encoded(position), 0, 1, columns, row, arena);
    }

    [[nodiscard]] const GroupKey& key() const noexcept { return key_; }

    [[nodiscard]] std::size_t size() const noexcept { return entries().size(); }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return words_ ? words_->memory_bytes() : texts_->memory_bytes();
    }

  private:
    [[nodiscard]] EntryTable& entries() noexcept {
        return words_ ? static_cast<EntryTable&>(*words_) : *texts_;
    }

    [[nodiscard]] const EntryTable& entries() const noexcept {
        return words_ ? static_cast<const EntryTable&>(*words_) : *texts_;
    }

    GroupKey key_;
    GroupKey::Encoded encoded_;
    std::optional<FlatTable> words_;
    std::optional<ByteTable> texts_;
};

}  // namespace thalweg
