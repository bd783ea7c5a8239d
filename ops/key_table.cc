#include "ops/key_table.h"

#include <utility>

namespace thalweg {

KeyTable::KeyTable(std::vector<Type> types, const HashSeed& seed, std::size_t payload_bytes)
    : key_(std::move(types), seed, GroupKey::Nulls::kInside) {
    if (key_.is_text()) {
        texts_.emplace(payload_bytes);
    } else {
        words_.emplace(key_.key_bytes(), payload_bytes);
    }
}

std::size_t KeyTable::find_or_insert(std::span<const Column* const> columns,
                                     Selection rows,
                                     std::vector<std::uint32_t>& positions) {
    positions.resize(rows.size());
    key_.encode(columns, rows, encoded_);
    return texts_ ? texts_->find_or_insert(encoded_.texts, encoded_.hashes, positions)
                  : words_->find_or_insert(encoded_.words, encoded_.hashes, positions);
}

void KeyTable::erase_at(std::uint32_t position) {
    if (texts_) {
        texts_->erase_at(position);
    } else {
        words_->erase_at(position);
    }
}

}  // namespace thalweg
