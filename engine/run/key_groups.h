#pragma once

#include "state/base/hash.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

// Which shard owns which key group, and how that changes while a query runs.

namespace thalweg {

struct GroupMove {
    std::uint32_t group = 0;
    std::uint32_t shard = 0;  // The new owner.
};

using GroupMoves = std::vector<GroupMove>;

// The owner of each key group. Immutable once it is published.
struct KeyGroupMap {
    std::array<std::uint16_t, kKeyGroups> owners{};
    std::uint64_t barrier = 0;  // It holds for what is sent behind this one; 0: from the start.
    std::vector<bool> is_affected = {};  // Each shard: it gains or loses groups there.
    std::uint64_t affected_sum = 0;      // Shards so affected, by this map and all before it.

    // As every query begins: equal ranges.
    [[nodiscard]] static KeyGroupMap of_ranges(std::size_t shards);

    // The same with some groups elsewhere, from `at_barrier` on.
    [[nodiscard]] KeyGroupMap with(std::span<const GroupMove> moves,
                                   std::uint64_t at_barrier) const;

    [[nodiscard]] std::uint32_t shard_of(std::uint64_t hash) const noexcept {
        return owners[key_group(hash)];
    }
};

// The map that all exchanges of a query send by.
//
// A sender goes on with the map that it has until it has sent a barrier, and takes current() behind
// it. So it never looks while rows are on their way, and every row in front of a barrier went by
// the old map, every row behind it by the new one.
//
// Threads   publish: the coordinator's, between two epochs, before the one that it is for is
//           requested. current: any that have heard of an epoch, until their part in it is done.
// Ordering  The request of an epoch publishes the map, and everybody's last part takes it back: no
//           map goes while somebody may look at it.
class KeyGroupMaps {
  public:
    explicit KeyGroupMaps(std::size_t shards);

    [[nodiscard]] const KeyGroupMap& current() const noexcept {
        return *current_.load(std::memory_order_acquire);  // Acquire: see publish().
    }

    void publish(KeyGroupMap map);

    // The one that holds in front of the barrier of the current one.
    [[nodiscard]] const KeyGroupMap& previous() const noexcept { return *previous_owned_; }

  private:
    std::unique_ptr<KeyGroupMap> current_owned_;
    std::unique_ptr<KeyGroupMap> previous_owned_;
    std::atomic<const KeyGroupMap*> current_;
};

// How many rows one exchange has sent to each key group: of every sixteenth batch.
//
// Cost      A load, an addition and a store for a row that is counted; a sixteenth of all are.
// Threads   count: the exchange's. add_to: any.
class GroupLoads {
  public:
    void count(std::span<const std::uint64_t> hashes) noexcept {
        if (batches_++ % kBatchesPerLook != 0) return;
        for (const std::uint64_t hash : hashes) {
            std::atomic<std::uint64_t>& rows = rows_[key_group(hash)];
            // Relaxed, as below: one writer, and each count stands alone.
            rows.store(rows.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        }
    }

    // Since the start.
    void add_to(std::span<std::uint64_t, kKeyGroups> sums) const noexcept {
        for (std::size_t i = 0; i < kKeyGroups; ++i)
            sums[i] += rows_[i].load(std::memory_order_relaxed);  // Relaxed: see count().
    }

  private:
    static constexpr std::uint32_t kBatchesPerLook = 16;

    std::uint32_t batches_ = 0;
    std::array<std::atomic<std::uint64_t>, kKeyGroups> rows_{};
};

}  // namespace thalweg
