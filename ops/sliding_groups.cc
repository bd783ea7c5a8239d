#include "ops/sliding_groups.h"

#include <array>
#include <cstring>
#include <utility>

namespace thalweg {

SlidingGroups::SlidingGroups(std::vector<Type> key_types,
                             const HashSeed& seed,
                             std::size_t sum_bytes)
    : key_(std::move(key_types), seed, GroupKey::Nulls::kInside),
      payload_bytes_(sizeof(SlidingGroup) + sum_bytes),
      dictionary_(key_, payload_bytes_, history_) {}

void SlidingGroups::locate(std::span<const Column* const> keys,
                           Selection rows,
                           std::span<std::uint32_t> ids) {
    static_cast<void>(dictionary_.find_or_insert(keys, rows, encoded_, ids));
    point();
}

void SlidingGroups::point() noexcept {
    EntryTable& table = dictionary_.entries();
    stride_ = table.stride();
    payloads_ = table.empty() ? nullptr : table.payload(0);
}

std::span<const std::uint32_t> SlidingGroups::renumber(std::size_t entries) {
    if (size() < renumber_at_) return {};
    new_ids_.assign(size(), kGone);
    std::uint32_t used = 0;
    for (std::uint32_t id = 0; id < size(); ++id) {
        if ((*this)[id].is_in_use()) new_ids_[id] = used++;
    }
    renumber_at_ = 2 * std::size_t{used} + entries / 4 + 2 * kUnusedMin;
    if (size() - used < kUnusedMin) return {};
    GroupDictionary target(key_, payload_bytes_, history_);
    for (std::uint32_t first = 0; first < size();) {
        std::uint32_t end = first;
        while (end < size() && end - first < kBatchRows && new_ids_[end] != kGone)
            ++end;
        if (end != first) copy_groups(first, end - first, target);
        first = end == first ? first + 1 : end;
    }
    dictionary_ = std::move(target);
    point();
    DEBUG_ASSERT(size() == used);
    return new_ids_;
}

// Appends groups [first, first + count) to `target`.
void SlidingGroups::copy_groups(std::uint32_t first, std::size_t count, GroupDictionary& target) {
    std::array<std::uint32_t, kBatchRows> ids;
    static_cast<void>(
        target.find_or_insert(dictionary_, first, encoded_, std::span(ids).first(count)));
    for (std::uint32_t i = 0; i < count; ++i) {
        std::memcpy(target.entries().payload(ids[i]),
                    dictionary_.entries().payload(first + i),
                    payload_bytes_);
    }
}

std::size_t SlidingGroups::memory_bytes() const noexcept {
    return dictionary_.memory_bytes() + new_ids_.capacity() * sizeof(std::uint32_t);
}

}  // namespace thalweg
