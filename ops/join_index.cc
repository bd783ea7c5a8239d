#include "ops/join_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace thalweg {

JoinIndex::JoinIndex(std::vector<Key> keys, std::vector<Type> types, const HashSeed& seed)
    : keys_(std::move(keys)),
      key_(std::move(types), seed, GroupKey::Nulls::kInside),
      key_bytes_(key_.key_bytes()) {
    ASSERT(keys_.size() == key_.size());
    if (key_.is_text()) texts_.emplace(sizeof(std::uint64_t));
}

void JoinIndex::build(const JoinRows& rows) {
    ASSERT(rows.size() < kNone);
    next_.assign(rows.size(), kNone);
    make_room(rows.size());
    for (std::size_t i = 0; i < rows.batch_count(); ++i) {
        const Selection selected = encode(rows.batch(i), true);
        if (texts_) {
            link_texts(i * kBatchRows, selected);
        } else {
            link_words(i * kBatchRows, selected);
        }
    }
}

void JoinIndex::make_room(std::size_t rows) {
    if (texts_) {
        texts_->clear();
        return;
    }
    const std::size_t buckets = std::bit_ceil(rows + rows / 2 + 1);
    mask_ = buckets - 1;
    // What a far larger window left behind is given back.
    constexpr std::size_t kShrink = 16;
    if (head_pages_.size() / kShrink > buckets * sizeof(std::uint32_t)) {
        head_pages_.release();
        key_pages_.release();
    }
    head_pages_.grow(buckets * sizeof(std::uint32_t));
    key_pages_.grow(rows * key_bytes_);
    std::memset(head_pages_.data(), 0, buckets * sizeof(std::uint32_t));
}

void JoinIndex::link_words(std::size_t first_row, Selection selected) {
    const std::span<const std::uint64_t> hashes = encoded_.hashes;
    std::uint32_t* const heads = this->heads();
    std::byte* const keys = key_pages_.data();
    for (std::size_t k = 0; k < selected.size(); ++k) {
        if (k + kAhead < selected.size())
            __builtin_prefetch(heads + bucket_of(hashes[k + kAhead]), 1);
        const std::size_t row = first_row + selected[k];
        std::uint32_t& head = heads[bucket_of(hashes[k])];
        next_[row] = head - 1;
        head = static_cast<std::uint32_t>(row) + 1;
        std::memcpy(keys + row * key_bytes_, encoded_.words.data() + k * key_bytes_, key_bytes_);
    }
}

void JoinIndex::link_texts(std::size_t first_row, Selection selected) {
    positions_.resize(selected.size());
    texts_->find_or_insert(encoded_.texts, encoded_.hashes, positions_);
    for (std::size_t k = 0; k < selected.size(); ++k) {
        const std::size_t row = first_row + selected[k];
        std::uint64_t last = 0;
        std::memcpy(&last, texts_->payload(positions_[k]), sizeof last);
        next_[row] = static_cast<std::uint32_t>(last) - 1;
        last = row + 1;
        std::memcpy(texts_->payload(positions_[k]), &last, sizeof last);
    }
}

void JoinIndex::find(const Batch& batch, std::vector<std::uint32_t>& last) {
    last.assign(batch.size(), kNone);
    if (next_.empty()) return;
    const Selection selected = encode(batch, false);
    if (texts_) {
        find_texts(selected, last);
    } else {
        find_words(selected, last);
    }
}

// First the heads of all rows, which were fetched ahead; then their keys, likewise.
void JoinIndex::find_words(Selection selected, std::vector<std::uint32_t>& last) {
    const std::span<const std::uint64_t> hashes = encoded_.hashes;
    const std::uint32_t* const heads = this->heads();
    const std::byte* const keys = key_pages_.data();
    positions_.resize(selected.size());
    for (std::size_t k = 0; k < selected.size(); ++k) {
        if (k + kAhead < selected.size()) __builtin_prefetch(heads + bucket_of(hashes[k + kAhead]));
        positions_[k] = heads[bucket_of(hashes[k])] - 1;
    }
    for (std::size_t k = 0; k < selected.size(); ++k) {
        if (k + kAhead < selected.size() && positions_[k + kAhead] != kNone) {
            __builtin_prefetch(keys + positions_[k + kAhead] * key_bytes_);
            __builtin_prefetch(next_.data() + positions_[k + kAhead]);
        }
        const std::byte* const key = encoded_.words.data() + k * key_bytes_;
        std::uint32_t row = positions_[k];
        while (row != kNone && !equals(row, key))
            row = next_[row];
        last[selected[k]] = row;
        if (row != kNone && next_[row] != kNone)
            __builtin_prefetch(keys + next_[row] * key_bytes_);  // next() will ask.
    }
}

void JoinIndex::find_texts(Selection selected, std::vector<std::uint32_t>& last) {
    positions_.resize(selected.size());
    texts_->find(encoded_.texts, encoded_.hashes, positions_);
    for (std::size_t k = 0; k < selected.size(); ++k) {
        if (positions_[k] == EntryTable::kAbsent) continue;
        std::uint64_t head = 0;
        std::memcpy(&head, texts_->payload(positions_[k]), sizeof head);
        last[selected[k]] = static_cast<std::uint32_t>(head) - 1;
    }
}

bool JoinIndex::equals(std::uint32_t row, const std::byte* key) const noexcept {
    const std::byte* const other = key_pages_.data() + row * key_bytes_;
    if (key_bytes_ != sizeof(std::uint64_t)) return std::memcmp(other, key, key_bytes_) == 0;
    return std::memcmp(other, key, sizeof(std::uint64_t)) == 0;
}

std::uint32_t JoinIndex::next(std::uint32_t row) const noexcept {
    std::uint32_t other = next_[row];
    if (texts_) return other;
    const std::byte* const key = key_pages_.data() + row * key_bytes_;
    while (other != kNone && !equals(other, key))
        other = next_[other];
    return other;
}

Selection JoinIndex::encode(const Batch& batch, bool is_indexed) {
    columns_.clear();
    bool can_all_match = true;
    for (const Key& key : keys_) {
        columns_.push_back(&batch.column(is_indexed ? key.indexed : key.asking));
        can_all_match &= key.null_is_equal || !columns_.back()->has_nulls();
    }
    Selection selected = Selection::all(batch.size());
    if (!can_all_match) {
        rows_.clear();
        for (std::size_t row = 0; row < batch.size(); ++row) {
            bool can_match = true;
            for (std::size_t k = 0; k < columns_.size(); ++k)
                can_match &= keys_[k].null_is_equal || !columns_[k]->is_null(row);
            if (can_match) rows_.push_back(static_cast<std::uint16_t>(row));
        }
        selected = Selection::list(rows_);
    }
    key_.encode(columns_, selected, encoded_);
    return selected;
}

std::size_t JoinIndex::memory_bytes() const noexcept {
    std::size_t total = next_.capacity() * sizeof(std::uint32_t);
    if (texts_) return total + texts_->memory_bytes();
    const std::size_t heads = (mask_ + 1) * sizeof(std::uint32_t);
    return total + head_pages_.memory_bytes(heads) +
           key_pages_.memory_bytes(next_.size() * key_bytes_);
}

}  // namespace thalweg
