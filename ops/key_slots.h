#pragma once

#include "ops/key_table.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// Keys to slots: small numbers that stay with their key until it is erased, and are given to
// others then. For operators whose keys come and go, and who say by number what is due when.
//
// Shape    A KeyTable whose payload is the slot, plus one.
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
    [[nodiscard]] std::uint32_t take_slot(std::uint32_t position);

    KeyTable keys_;
    std::vector<std::uint32_t> positions_;  // By slot; of a free one it means nothing.
    std::vector<std::uint32_t> free_;
};

}  // namespace thalweg
