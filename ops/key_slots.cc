#include "ops/key_slots.h"

#include <cstring>
#include <utility>

namespace thalweg {

namespace {

using Number = std::uint32_t;  // A slot, plus one: 0 is none.

}  // namespace

KeySlots::KeySlots(std::vector<Type> types, const HashSeed& seed)
    : keys_(std::move(types), seed, sizeof(Number)) {}

std::uint32_t KeySlots::take_slot(std::uint32_t position) {
    if (free_.empty()) {
        positions_.push_back(position);
        return static_cast<std::uint32_t>(positions_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    positions_[slot] = position;
    return slot;
}

void KeySlots::find_or_insert(std::span<const Column* const> columns,
                              Selection rows,
                              std::vector<std::uint32_t>& slots) {
    keys_.find_or_insert(columns, rows, slots);
    for (std::uint32_t& slot : slots) {
        const std::uint32_t position = slot;
        Number number = 0;
        std::memcpy(&number, keys_.payload(position), sizeof number);
        if (number == 0) {
            number = take_slot(position) + 1;
            std::memcpy(keys_.payload(position), &number, sizeof number);
        }
        slot = number - 1;
    }
}

void KeySlots::erase(std::uint32_t slot) {
    const std::uint32_t position = positions_[slot];
    keys_.erase_at(position);
    free_.push_back(slot);
    // The last entry is where the erased one was.
    if (position == keys_.size()) return;
    Number moved = 0;
    std::memcpy(&moved, keys_.payload(position), sizeof moved);
    positions_[moved - 1] = position;
}

std::size_t KeySlots::memory_bytes() const noexcept {
    return keys_.memory_bytes() +
           (positions_.capacity() + free_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace thalweg
