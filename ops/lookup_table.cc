#include "ops/lookup_table.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace thalweg {

namespace {

// NULLs are not looked up, so a key needs no room to say that it is one.
std::vector<Type> key_types(const LookupTableSpec& spec) {
    std::vector<Type> types;
    for (const std::size_t key : spec.keys)
        types.push_back((*spec.schema)[key].type.not_null());
    return types;
}

}  // namespace

LookupTable::LookupTable(LookupTableSpec spec)
    : spec_(std::move(spec)), key_(key_types(spec_), spec_.seed, GroupKey::Nulls::kInside) {
    if (key_.is_text()) {
        texts_.emplace(0);
    } else {
        words_.emplace(key_.key_bytes(), 0);
    }
    for (const Field& field : spec_.schema->fields)
        columns_.emplace_back(field.type);
}

Selection LookupTable::with_keys(const BatchView& rows) {
    kept_.clear();
    rows.selection.for_each([&](std::size_t row) {
        const bool has_null = std::any_of(spec_.keys.begin(),
                                          spec_.keys.end(),
                                          [&](std::size_t key) { return rows[key].is_null(row); });
        if (!has_null) kept_.push_back(static_cast<std::uint16_t>(row));
    });
    return Selection::list(kept_);
}

void LookupTable::add(const BatchView& rows) {
    const Selection kept = with_keys(rows);
    if (kept.empty()) return;
    ASSERT(size_ + kept.size() <= kRowsMax);
    std::vector<const Column*> keys;
    for (const std::size_t key : spec_.keys)
        keys.push_back(&rows[key]);
    key_.encode(keys, kept, probe_.encoded);
    positions_.resize(kept.size());
    if (words_) {
        words_->find_or_insert(probe_.encoded.words, probe_.encoded.hashes, positions_);
    } else {
        texts_->find_or_insert(probe_.encoded.texts, probe_.encoded.hashes, positions_);
    }
    group_of_row_.insert(group_of_row_.end(), positions_.begin(), positions_.end());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].reserve(size_ + kept.size());
        columns_[i].copy_rows(size_, rows[i], kept.rows(), arena_);
    }
    size_ += kept.size();
}

void LookupTable::finish() {
    probe_ = {};
    if (!is_unique()) group_rows();
    group_of_row_ = {};
    if (is_integer()) index_directly();
    if (is_integer() || (key_.is_text() && spec_.keys.size() == 1)) index_small();
}

// Whether the key is one integer, in the form that an index of values takes.
bool LookupTable::is_integer() const noexcept {
    if (spec_.keys.size() != 1) return false;
    const Physical physical = (*spec_.schema)[spec_.keys[0]].type.physical();
    return physical == Physical::kInt32 || physical == Physical::kInt64;
}

void LookupTable::group_rows() {
    group_starts_.assign(key_count() + 1, 0);
    for (const std::uint32_t group : group_of_row_)
        ++group_starts_[group + 1];
    for (std::size_t i = 1; i < group_starts_.size(); ++i)
        group_starts_[i] += group_starts_[i - 1];
    std::vector<std::uint32_t> next(group_starts_.begin(), group_starts_.end() - 1);
    rows_by_group_.resize(size_);
    for (std::size_t row = 0; row < group_of_row_.size(); ++row)
        rows_by_group_[next[group_of_row_[row]]++] = static_cast<std::uint32_t>(row);
}

std::size_t LookupTable::rows_of_key_max() const noexcept {
    std::size_t most = size_ == 0 ? 0 : 1;
    for (std::size_t group = 1; group < group_starts_.size(); ++group)
        most = std::max<std::size_t>(most, group_starts_[group] - group_starts_[group - 1]);
    return most;
}

std::int64_t LookupTable::integer_at(std::uint32_t group) const noexcept {
    std::int64_t key = 0;
    std::memcpy(&key, words_->entry(group), sizeof key);
    return key;
}

// Every value between the least key and the greatest; all others find what stands behind them.
void LookupTable::index_directly() {
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    std::int64_t highest = std::numeric_limits<std::int64_t>::min();
    for (std::uint32_t group = 0; group < key_count(); ++group) {
        lowest = std::min(lowest, integer_at(group));
        highest = std::max(highest, integer_at(group));
    }
    const auto distance = static_cast<std::uint64_t>(highest) - static_cast<std::uint64_t>(lowest);
    if (key_count() == 0 || distance >= std::max(kValuesMin, kValuesPerKey * key_count())) return;
    lowest_ = lowest;
    direct_.assign(distance + 2, kNone);
    for (std::uint32_t group = 0; group < key_count(); ++group)
        direct_[static_cast<std::uint64_t>(integer_at(group) - lowest)] = group;
}

void LookupTable::find_directly(const Column& key,
                                Selection rows,
                                std::span<std::uint32_t> groups) const {
    const auto find = [&](const auto* values) {
        const auto lowest = static_cast<std::uint64_t>(lowest_);
        const std::uint64_t behind = direct_.size() - 1;
        const std::uint32_t* const direct = direct_.data();
        std::uint32_t* group = groups.data();
        rows.for_each([&](std::size_t row) {
            const auto value = static_cast<std::uint64_t>(std::int64_t{values[row]});
            *group++ = direct[std::min(value - lowest, behind)];
        });
    };
    if (key.physical() == Physical::kInt32) {
        find(key.data<std::int32_t>());
    } else {
        find(key.data<std::int64_t>());
    }
}

void LookupTable::index_small() {
    if (!direct_.empty() || key_count() > SmallIndex::kKeysMax) return;
    std::vector<SmallIndex::Key> keys;
    for (std::uint32_t group = 0; group < key_count(); ++group) {
        if (words_) {
            keys.push_back(SmallIndex::key_of(integer_at(group)));
        } else if (texts_->key(group).size() <= SmallIndex::kTextBytesMax) {
            keys.push_back(SmallIndex::key_of(texts_->key(group)));
        } else {
            return;
        }
    }
    small_.emplace(keys, spec_.seed);
}

void LookupTable::find_small(const Column& key,
                             Selection rows,
                             std::span<std::uint32_t> groups) const {
    switch (key.physical()) {
        case Physical::kInt32: return small_->find(key.data<std::int32_t>(), rows, groups);
        case Physical::kInt64: return small_->find(key.data<std::int64_t>(), rows, groups);
        default: return small_->find(key.data<StringRef>(), rows, groups);
    }
}

void LookupTable::find(std::span<const Column* const> keys,
                       Selection rows,
                       Probe& probe,
                       std::span<std::uint32_t> groups) const {
    if (small_) {
        find_small(*keys[0], rows, groups);
        return;
    }
    if (!direct_.empty()) {
        find_directly(*keys[0], rows, groups);
        return;
    }
    key_.encode(keys, rows, probe.encoded);
    if (words_) {
        words_->find(probe.encoded.words, probe.encoded.hashes, groups);
    } else {
        texts_->find(probe.encoded.texts, probe.encoded.hashes, groups);
    }
}

std::size_t LookupTable::memory_bytes() const noexcept {
    std::size_t total = words_ ? words_->memory_bytes() : texts_->memory_bytes();
    for (const Column& column : columns_)
        total += column.memory_bytes();
    total += (group_starts_.capacity() + rows_by_group_.capacity()) * sizeof(std::uint32_t);
    if (small_) total += small_->memory_bytes();
    total += direct_.capacity() * sizeof(std::uint32_t);
    return total + arena_.memory_bytes();
}

}  // namespace thalweg
