#pragma once

#include "engine/run/epoch/rebalancer.h"
#include "engine/run/key_groups.h"
#include "engine/run/mailbox.h"
#include "state/base/time.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Gives key groups to other shards while the query runs: on command, or by what the shards have to
// do. A move belongs to an epoch; what happens at its barrier is StateHandover's.
//
// Threads  before_epoch: the coordinator's. request, counters: any. All else: setting up.
class GroupMover {
  public:
    // Borrows the maps.
    struct Settings {
        KeyGroupMaps* maps = nullptr;
        std::size_t shards = 1;
        bool is_automatic = false;
        std::int64_t look_interval_ns = kNanosPerSecond;
        Rebalancer::Settings policy = {};
        std::function<void(std::string_view text)> say;
    };

    explicit GroupMover(Settings settings)
        : settings_(std::move(settings)), rebalancer_(settings_.policy), commands_(kCommandsMax) {}

    // What an exchange counts; borrowed.
    void add_loads(const GroupLoads& loads) { loads_.push_back(&loads); }

    // For the next epoch. False: too many wait, or there is nobody to move anything to.
    [[nodiscard]] bool request(GroupMoves moves) {
        return settings_.shards > 1 && commands_.try_push(std::move(moves));
    }

    // An epoch is about to be requested: publishes the map that holds behind its barrier, if it is
    // another.
    void before_epoch(std::uint64_t epoch, std::int64_t steady_now_ns);

    // Key groups that have been given to another shard so far.
    [[nodiscard]] std::uint64_t moved_groups() const noexcept {
        return moved_groups_.load(std::memory_order_relaxed);  // Relaxed: a count.
    }

    // What the most loaded shard had at the last look, in thousandths of the mean; 0: no look yet.
    [[nodiscard]] std::uint64_t load_permille() const noexcept {
        return load_permille_.load(std::memory_order_relaxed);  // Relaxed: a count.
    }

  private:
    static constexpr std::size_t kCommandsMax = 64;

    [[nodiscard]] GroupMoves look();
    void publish(const GroupMoves& moves, std::uint64_t epoch);

    Settings settings_;
    Rebalancer rebalancer_;
    std::vector<const GroupLoads*> loads_;
    Mailbox<GroupMoves> commands_;
    std::array<std::uint64_t, kKeyGroups> seen_{};  // At the last look.
    std::int64_t next_look_ns_ = INT64_MIN;         // By the steady clock.
    bool has_said_stuck_ = false;
    std::atomic<std::uint64_t> moved_groups_{0};
    std::atomic<std::uint64_t> load_permille_{0};
};

}  // namespace thalweg
