#include "engine/run/key_groups.h"

#include "state/base/assertion.h"

#include <utility>

namespace thalweg {

KeyGroupMap KeyGroupMap::of_ranges(std::size_t shards) {
    ASSERT(shards > 0 && shards <= UINT16_MAX);
    KeyGroupMap map;
    for (std::uint32_t group = 0; group < kKeyGroups; ++group)
        map.owners[group] =
            static_cast<std::uint16_t>(shard_of_group(group, static_cast<std::uint32_t>(shards)));
    map.is_affected.assign(shards, false);
    return map;
}

KeyGroupMap KeyGroupMap::with(std::span<const GroupMove> moves, std::uint64_t at_barrier) const {
    KeyGroupMap map = *this;
    map.barrier = at_barrier;
    map.is_affected.assign(is_affected.size(), false);
    for (const GroupMove& move : moves) {
        ASSERT(move.group < kKeyGroups && move.shard < is_affected.size());
        map.owners[move.group] = static_cast<std::uint16_t>(move.shard);
    }
    for (std::size_t group = 0; group < kKeyGroups; ++group) {
        if (map.owners[group] == owners[group]) continue;
        map.is_affected[owners[group]] = true;
        map.is_affected[map.owners[group]] = true;
    }
    for (const bool is_one : map.is_affected)
        map.affected_sum += is_one ? 1U : 0U;
    return map;
}

KeyGroupMaps::KeyGroupMaps(std::size_t shards)
    : current_owned_(std::make_unique<KeyGroupMap>(KeyGroupMap::of_ranges(shards))),
      previous_owned_(std::make_unique<KeyGroupMap>(*current_owned_)),
      current_(current_owned_.get()) {}

void KeyGroupMaps::publish(KeyGroupMap map) {
    ASSERT(map.barrier > current_owned_->barrier);
    previous_owned_ = std::move(current_owned_);
    current_owned_ = std::make_unique<KeyGroupMap>(std::move(map));
    current_.store(current_owned_.get(), std::memory_order_release);  // Release: to current().
}

}  // namespace thalweg
