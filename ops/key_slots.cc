#include "ops/key_slots.h"

#include <array>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

using Number = std::uint32_t;  // A slot, plus one: 0 is none.

}  // namespace

KeySlots::KeySlots(std::vector<Type> types, const HashSeed& seed)
    : key_(std::move(types), seed, GroupKey::Nulls::kInside) {
    if (key_.is_text()) {
        texts_.emplace(sizeof(Number));
    } else {
        words_.emplace(key_.key_bytes(), sizeof(Number));
    }
}

std::byte* KeySlots::payload(std::uint32_t position) {
    return texts_ ? texts_->payload(position) : words_->payload(position);
}

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
    slots.resize(rows.size());
    key_.encode(columns, rows, encoded_);
    if (texts_) {
        texts_->find_or_insert(encoded_.texts, encoded_.hashes, slots);
    } else {
        words_->find_or_insert(encoded_.words, encoded_.hashes, slots);
    }
    for (std::uint32_t& slot : slots) {
        const std::uint32_t position = slot;
        Number number = 0;
        std::memcpy(&number, payload(position), sizeof number);
        if (number == 0) {
            number = take_slot(position) + 1;
            std::memcpy(payload(position), &number, sizeof number);
        }
        slot = number - 1;
    }
}

void KeySlots::erase(std::uint32_t slot) {
    const std::uint32_t position = positions_[slot];
    erase_entry(position);
    free_.push_back(slot);
    // The last entry is where the erased one was.
    if (position == (texts_ ? texts_->size() : words_->size())) return;
    Number moved = 0;
    std::memcpy(&moved, payload(position), sizeof moved);
    positions_[moved - 1] = position;
}

void KeySlots::erase_entry(std::uint32_t position) {
    if (texts_) {
        texts_->erase(texts_->key(position), texts_->hash_of(position));
        return;
    }
    std::array<std::byte, FlatTable::kKeyBytesMax> key{};
    std::memcpy(key.data(), words_->entry(position), words_->key_bytes());
    words_->erase(std::span(key).first(words_->key_bytes()), words_->hash_of(position));
}

std::size_t KeySlots::memory_bytes() const noexcept {
    return (texts_ ? texts_->memory_bytes() : words_->memory_bytes()) +
           (positions_.capacity() + free_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace thalweg
