#include "ops/lookup_table.h"

#include "state/base/assertion.h"

#include <algorithm>
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
    const std::vector<std::uint32_t> groups = std::exchange(group_of_row_, {});
    if (is_unique()) return;
    group_starts_.assign(key_count() + 1, 0);
    for (const std::uint32_t group : groups)
        ++group_starts_[group + 1];
    for (std::size_t i = 1; i < group_starts_.size(); ++i)
        group_starts_[i] += group_starts_[i - 1];
    std::vector<std::uint32_t> next(group_starts_.begin(), group_starts_.end() - 1);
    rows_by_group_.resize(size_);
    for (std::size_t row = 0; row < groups.size(); ++row)
        rows_by_group_[next[groups[row]]++] = static_cast<std::uint32_t>(row);
}

void LookupTable::find(std::span<const Column* const> keys,
                       Selection rows,
                       Probe& probe,
                       std::span<std::uint32_t> groups) const {
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
    return total + arena_.memory_bytes();
}

}  // namespace thalweg
