#include "ops/aggregate/distinct_set.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace thalweg {

namespace {

std::size_t value_words(const Type& type) {
    if (type.physical() == Physical::kString) return 0;
    return type.physical() == Physical::kDecimal ? 2 : 1;
}

template <class T>
void write_words(T value, std::uint64_t* words) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
        words[0] = std::bit_cast<std::uint64_t>(static_cast<double>(value) + 0.0);
    } else if constexpr (std::is_same_v<T, Int128>) {
        std::memcpy(words, &value, sizeof value);
    } else {
        words[0] = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    }
}

template <class T>
T read_words(const std::uint64_t* words) noexcept {
    T value{};
    if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(std::bit_cast<double>(words[0]));
    } else if constexpr (std::is_same_v<T, Int128>) {
        std::memcpy(&value, words, sizeof value);
    } else {
        value = static_cast<T>(words[0]);
    }
    return value;
}

}  // namespace

DistinctSet::DistinctSet(Type type, const HashSeed& seed)
    : type_(std::move(type)), seed_(seed), words_(value_words(type_)) {
    if (words_ == 0) {
        texts_ = std::make_unique<ByteTable>(0);
    } else {
        values_ = std::make_unique<FlatTable>((1 + words_) * 8, 0);
    }
}

void DistinctSet::encode(std::span<const std::uint32_t> groups,
                         const Column& column,
                         Selection rows) {
    const std::size_t stride = 1 + words_;
    keys_.resize(rows.size() * stride);
    visit_physical(column.physical(), [&]<class T>() {
        if constexpr (!std::is_same_v<T, StringRef>) {
            const T* const values = column.data<T>();
            for (std::size_t i = 0; i < rows.size(); ++i) {
                std::uint64_t* const key = keys_.data() + i * stride;
                key[0] = groups[i];
                write_words(values[rows[i]], key + 1);
                hashes_[i] = hash_words(seed_, key[0], key[1]);
                if (stride == 3) hashes_[i] = hash_combine(seed_, hashes_[i], key[2]);
            }
        }
    });
}

void DistinctSet::add(std::span<const std::uint32_t> groups,
                      const Column& column,
                      Selection rows,
                      std::vector<std::uint16_t>& fresh) {
    ASSERT(groups.size() == rows.size());
    hashes_.resize(rows.size());
    positions_.resize(rows.size());
    std::size_t next = 0;
    if (words_ != 0) {
        encode(groups, column, rows);
        next = values_->find_or_insert(std::as_bytes(std::span(keys_)), hashes_, positions_);
    } else {
        arena_.reset();
        refs_.resize(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const StringRef& text = column.data<StringRef>()[rows[i]];
            char* const key = arena_.allocate(4 + text.size());
            std::memcpy(key, &groups[i], 4);
            if (text.size() != 0) std::memcpy(key + 4, text.data(), text.size());
            refs_[i] = StringRef(std::string_view(key, 4 + text.size()));
            hashes_[i] = hash_bytes(seed_, refs_[i].view());
        }
        next = texts_->find_or_insert(refs_, hashes_, positions_);
    }
    // New entries lie in the order of their first row.
    fresh.clear();
    for (std::size_t i = 0; i < positions_.size(); ++i) {
        if (positions_[i] != next) continue;
        fresh.push_back(static_cast<std::uint16_t>(i));
        ++next;
    }
}

std::size_t DistinctSet::size() const noexcept {
    return words_ != 0 ? values_->size() : texts_->size();
}

void DistinctSet::read(std::size_t from, std::span<std::uint32_t> groups, Column& column) const {
    visit_physical(column.physical(), [&]<class T>() {
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const auto position = static_cast<std::uint32_t>(from + i);
            if constexpr (std::is_same_v<T, StringRef>) {
                const StringRef& key = texts_->key(position);
                std::memcpy(&groups[i], key.data(), 4);
                column.data<T>()[i] = StringRef(key.view().substr(4));
            } else {
                std::uint64_t key[3] = {};
                std::memcpy(key, values_->entry(position), (1 + words_) * 8);
                groups[i] = static_cast<std::uint32_t>(key[0]);
                column.data<T>()[i] = read_words<T>(key + 1);
            }
        }
    });
}

std::size_t DistinctSet::memory_bytes() const noexcept {
    return words_ != 0 ? values_->memory_bytes() : texts_->memory_bytes();
}

}  // namespace thalweg
