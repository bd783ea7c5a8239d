#include "ops/group_dictionary.h"

#include <algorithm>
#include <cstring>

namespace thalweg {

GroupDictionary::GroupDictionary(const GroupKey& key,
                                 std::size_t payload_bytes,
                                 KeyHistory& history)
    : key_(&key), history_(&history), direct_(key.nullable()) {
    if (key.is_text()) {
        texts_.emplace(payload_bytes);
    } else {
        words_.emplace(key.key_bytes(), payload_bytes);
    }
}

std::size_t GroupDictionary::find_or_insert(std::span<const Column* const> columns,
                                            Selection rows,
                                            GroupKey::Encoded& scratch,
                                            std::span<std::uint32_t> positions) {
    ASSERT(positions.size() == rows.size());
    const std::size_t first_new = size();
    if (rows.empty()) return first_new;
    if (columns.empty() && first_new != 0) {  // No keys, one group: nothing to look up.
        std::fill(positions.begin(), positions.end(), 0U);
        return first_new;
    }
    if (may_be_direct() && (is_direct() || first_new == 0) &&
        find_direct(columns, rows, scratch, positions))
        return first_new;
    key_->encode(columns, rows, scratch);
    if (texts_) {
        texts_->find_or_insert(scratch.texts, scratch.hashes, positions);
    } else {
        words_->find_or_insert(scratch.words, scratch.hashes, positions);
        look_again(first_new);
    }
    return first_new;
}

std::size_t GroupDictionary::find_or_insert(const GroupDictionary& other,
                                            std::size_t first,
                                            GroupKey::Encoded& scratch,
                                            std::span<std::uint32_t> positions) {
    const std::size_t first_new = size();
    const std::size_t count = positions.size();
    scratch.hash_buffer.resize(count);
    if (texts_) {
        scratch.text_buffer.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto position = static_cast<std::uint32_t>(first + i);
            scratch.hash_buffer[i] = other.texts_->hash_of(position);
            scratch.text_buffer[i] = other.texts_->key(position);
        }
        texts_->find_or_insert(scratch.text_buffer, scratch.hash_buffer, positions);
        return first_new;
    }
    const FlatTable& from = *other.words_;
    const std::size_t key_words = from.key_bytes() / 8;
    scratch.word_buffer.resize(count * key_words);
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* const entry = from.entry(static_cast<std::uint32_t>(first + i));
        std::memcpy(&scratch.word_buffer[i * key_words], entry, key_words * 8);
    }
    const auto words = std::as_bytes(std::span(scratch.word_buffer));
    if (may_be_direct() && (is_direct() || first_new == 0) && insert_direct(words, positions))
        return first_new;
    for (std::size_t i = 0; i < count; ++i) {
        scratch.hash_buffer[i] = from.is_indexed()
                                     ? from.hash_of(static_cast<std::uint32_t>(first + i))
                                     : key_->hash_of(words.data() + i * key_words * 8);
    }
    words_->find_or_insert(words, scratch.hash_buffer, positions);
    look_again(first_new);
    return first_new;
}

void GroupDictionary::erase(std::uint32_t position) {
    ASSERT(!is_direct());
    if (texts_) {
        texts_->erase_at(position);
    } else {
        words_->erase_at(position);
    }
}

std::uint64_t GroupDictionary::slots_max() const noexcept {
    const std::uint64_t entries = std::max(size(), history_->entries);
    return std::max(history_->slots_min, entries * kSlotsPerEntry);
}

// Returns false when the keys of the batch do not fit a direct index: the table has another then.
bool GroupDictionary::find_direct(std::span<const Column* const> columns,
                                  Selection rows,
                                  GroupKey::Encoded& scratch,
                                  std::span<std::uint32_t> positions) {
    using Found = DirectIndex::Found;
    Found found = is_direct() ? direct_.find(columns, rows, positions) : Found::kOutside;
    if (found == Found::kOutside) {
        Ranges batch;
        for (std::size_t k = 0; k < columns.size(); ++k)
            batch[k].take(*columns[k], rows);
        if (!cover(batch)) return false;
        found = direct_.find(columns, rows, positions);
    }
    DEBUG_ASSERT(found != Found::kOutside);
    if (found == Found::kAbsent) insert_absent(columns, rows, scratch, positions);
    return true;
}

// The same for packed words.
bool GroupDictionary::insert_direct(std::span<const std::byte> words,
                                    std::span<std::uint32_t> positions) {
    const std::size_t key_bytes = key_->key_bytes();
    bool is_inside = is_direct();
    Ranges batch;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const DirectIndex::Key key = key_at(words.data() + i * key_bytes);
        is_inside = is_inside && direct_.covers(key);
        for (std::size_t k = 0; k < key_->size(); ++k) {
            if (((key.nulls >> k) & 1U) == 0)
                batch[k].take(static_cast<std::int64_t>(key.parts[k]));
        }
    }
    if (!is_inside && !cover(batch)) return false;
    for (std::size_t i = 0; i < positions.size(); ++i)
        positions[i] = place(words.data() + i * key_bytes);
    return true;
}

// Makes the direct index cover the keys of a batch, and all entries. Returns false when it would be
// too large: then it is gone, and the table has hashes.
bool GroupDictionary::cover(const Ranges& batch) {
    Ranges all = ranges_;
    Ranges known = history_->ranges;
    for (std::size_t k = 0; k < key_->size(); ++k) {
        all[k].take(batch[k]);
        known[k].take(all[k]);
    }
    const std::uint64_t limit = slots_max();
    if (size() == 0 && direct_.slots_for(used(known)) <= limit) all = known;
    if (!direct_.cover(used(all), limit)) {
        if (is_direct()) go_hashed();
        return false;
    }
    go_direct();
    return true;
}

// Entries for the rows that have none.
void GroupDictionary::insert_absent(std::span<const Column* const> columns,
                                    Selection rows,
                                    GroupKey::Encoded& scratch,
                                    std::span<std::uint32_t> positions) {
    std::vector<std::uint16_t>& absent = scratch.absent_rows;
    absent.clear();
    for (std::size_t i = 0; i < positions.size(); ++i) {
        if (positions[i] == kAbsent) absent.push_back(static_cast<std::uint16_t>(rows[i]));
    }
    key_->encode_words(columns, Selection::list(absent), scratch);
    const std::byte* words = scratch.words.data();
    for (std::uint32_t& position : positions) {
        if (position != kAbsent) continue;
        position = place(words);
        words += key_->key_bytes();
    }
}

// The position of a key that the direct index covers.
std::uint32_t GroupDictionary::place(const std::byte* words) {
    std::uint32_t& slot = direct_.slot(key_at(words));
    if (slot == 0) {
        slot = words_->append(words) + 1;
        take_ranges(words);
    }
    return slot - 1;
}

void GroupDictionary::take_ranges(const std::byte* words) {
    const DirectIndex::Key key = key_at(words);
    for (std::size_t k = 0; k < key_->size(); ++k) {
        if (((key.nulls >> k) & 1U) == 0) ranges_[k].take(static_cast<std::int64_t>(key.parts[k]));
    }
}

// Places all entries in the direct index, which covers them and is empty.
void GroupDictionary::go_direct() {
    if (words_->is_indexed()) words_->drop_index();
    for (std::uint32_t position = 0; position < size(); ++position)
        direct_.slot(key_at(words_->entry(position))) = position + 1;
}

void GroupDictionary::go_hashed() {
    direct_min_ = size() * 2;
    direct_.release();
    words_->make_index([this](const std::byte* entry) { return key_->hash_of(entry); });
}

// After insertions into the hash table.
void GroupDictionary::look_again(std::size_t first_new) {
    if (!may_be_direct() || first_new == size()) return;
    for (std::size_t i = first_new; i < size(); ++i)
        take_ranges(words_->entry(static_cast<std::uint32_t>(i)));
    if (size() < direct_min_) return;
    const std::uint64_t limit = slots_max();
    if (direct_.slots_for(used(ranges_)) <= limit && direct_.cover(used(ranges_), limit))
        go_direct();
}

void GroupDictionary::clear() {
    if (size() != 0) {
        history_->ranges = ranges_;
        history_->entries = size();
    }
    ranges_ = {};
    direct_min_ = 0;
    direct_.clear();
    if (texts_) {
        texts_->clear();
    } else {
        words_->clear();
    }
}

std::size_t GroupDictionary::memory_bytes() const noexcept {
    return (texts_ ? texts_->memory_bytes() : words_->memory_bytes()) + direct_.memory_bytes();
}

}  // namespace thalweg
