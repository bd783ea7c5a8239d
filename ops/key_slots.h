#pragma once

#include "ops/group_key.h"
#include "state/flat_table.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// Keys to slots: small numbers that stay with their key until it is erased, and are given to
// others then. For operators whose keys come and go, and who say by number what is due when.
//
// Shape    A FlatTable, or a ByteTable where a key has a text; its payload is the slot, plus one.
// Threads  One at a time.
class KeySlots {
  public:
    KeySlots(std::vector<Type> types, const HashSeed& seed);

    // The slots of the keys of rows, columns[k] holding key k. Those of new keys were free.
    void find_or_insert(std::span<const Column* const> columns,
                        Selection rows,
                        std::vector<std::uint32_t>& slots);

    // Forgets the key of a slot, which is free then.
    void erase(std::uint32_t slot);

    // Slots that there are, free ones among them.
    [[nodiscard]] std::size_t size() const noexcept { return positions_.size(); }

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    [[nodiscard]] std::byte* payload(std::uint32_t position);
    [[nodiscard]] std::uint32_t take_slot(std::uint32_t position);
    void erase_entry(std::uint32_t position);

    GroupKey key_;
    GroupKey::Encoded encoded_;
    std::optional<FlatTable> words_;
    std::optional<ByteTable> texts_;
    std::vector<std::uint32_t> positions_;  // By slot; of a free one it means nothing.
    std::vector<std::uint32_t> free_;
};

}  // namespace thalweg
