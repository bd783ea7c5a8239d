#include "ops/aggregate/distinct_set.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace thalweg {

namespace {

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

DistinctPlan::DistinctPlan(const Type& value_type, const HashSeed& hash_seed)
    : type(value_type),
      seed(hash_seed),
      key({Type::integer().not_null(), value_type.not_null()}, hash_seed),
      group_column(Type::integer().not_null()) {}

DistinctSet::DistinctSet(DistinctPlan& plan) : plan_(&plan) {
    if (plan.type.physical() == Physical::kString) {
        texts_.emplace(std::size_t{0});
    } else {
        values_.emplace(plan.key, std::size_t{0}, plan.history);
    }
}

void DistinctSet::add(std::span<const std::uint32_t> groups,
                      const Column& column,
                      Selection rows,
                      std::vector<std::uint16_t>& fresh) {
    ASSERT(groups.size() == rows.size());
    std::vector<std::uint32_t>& positions = plan_->positions;
    positions.resize(rows.size());
    std::size_t next = values_ ? add_words(groups, column, rows) : add_texts(groups, column, rows);
    fresh.clear();
    // New entries lie in the order of their first row.
    for (std::size_t i = 0; next != size(); ++i) {
        if (positions[i] != next) continue;
        fresh.push_back(static_cast<std::uint16_t>(i));
        ++next;
    }
}

std::size_t DistinctSet::add_words(std::span<const std::uint32_t> groups,
                                   const Column& column,
                                   Selection rows) {
    auto* const of_row = plan_->group_column.data<std::int32_t>();
    const std::uint32_t* group = groups.data();
    rows.for_each([&](std::size_t row) { of_row[row] = static_cast<std::int32_t>(*group++); });
    const std::array<const Column*, 2> keys = {&plan_->group_column, &column};
    return values_->find_or_insert(keys, rows, plan_->encoded, plan_->positions);
}

std::size_t DistinctSet::add_texts(std::span<const std::uint32_t> groups,
                                   const Column& column,
                                   Selection rows) {
    plan_->arena.reset();
    plan_->refs.resize(rows.size());
    plan_->hashes.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const StringRef& text = column.data<StringRef>()[rows[i]];
        char* const key = plan_->arena.allocate(4 + text.size());
        std::memcpy(key, &groups[i], 4);
        if (text.size() != 0) std::memcpy(key + 4, text.data(), text.size());
        plan_->refs[i] = StringRef(std::string_view(key, 4 + text.size()));
        plan_->hashes[i] = hash_bytes(plan_->seed, plan_->refs[i].view());
    }
    return texts_->find_or_insert(plan_->refs, plan_->hashes, plan_->positions);
}

std::size_t DistinctSet::size() const noexcept {
    return values_ ? values_->size() : texts_->size();
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
                std::memcpy(key, values_->entries().entry(position), plan_->key.key_bytes());
                groups[i] = static_cast<std::uint32_t>(key[0]);
                column.data<T>()[i] = read_words<T>(key + 1);
            }
        }
    });
}

void DistinctSet::clear() {
    if (values_) {
        values_->clear();
    } else {
        texts_->clear();
    }
}

std::size_t DistinctSet::memory_bytes() const noexcept {
    return values_ ? values_->memory_bytes() : texts_->memory_bytes();
}

}  // namespace thalweg
