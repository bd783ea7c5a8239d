#include "engine/run/epoch/group_mover.h"

#include <cstdio>
#include <string>

namespace thalweg {

namespace {

std::string text_of(double ratio) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", ratio);
    return text.data();
}

}  // namespace

void GroupMover::before_epoch(std::uint64_t epoch, std::int64_t steady_now_ns) {
    GroupMoves moves;
    commands_.drain(kCommandsMax, [&moves](GroupMoves&& command) {
        moves.insert(moves.end(), command.begin(), command.end());
    });
    if (settings_.is_automatic && settings_.shards > 1 && steady_now_ns >= next_look_ns_) {
        next_look_ns_ = saturating_add(steady_now_ns, settings_.look_interval_ns);
        const GroupMoves wanted = look();
        if (moves.empty()) moves = wanted;
    }
    if (!moves.empty()) publish(moves, epoch);
}

GroupMoves GroupMover::look() {
    std::array<std::uint64_t, kKeyGroups> sums{};
    for (const GroupLoads* const loads : loads_)
        loads->add_to(sums);
    std::array<std::uint64_t, kKeyGroups> rows{};
    for (std::size_t i = 0; i < kKeyGroups; ++i)
        rows[i] = sums[i] - seen_[i];
    seen_ = sums;
    GroupMoves moves = rebalancer_.look(rows, settings_.maps->current());
    load_permille_.store(static_cast<std::uint64_t>(1000 * rebalancer_.ratio()),
                         std::memory_order_relaxed);  // Relaxed: a count.
    if (!moves.empty())
        settings_.say("the most loaded shard has " + text_of(rebalancer_.ratio()) +
                      " times the mean; " + std::to_string(moves.size()) +
                      " key groups move, with which it would have had " +
                      text_of(rebalancer_.ratio_after()));
    if (rebalancer_.is_stuck() && !std::exchange(has_said_stuck_, true))
        settings_.say("the most loaded shard has " + text_of(rebalancer_.ratio()) +
                      " times the mean, and no move helps: a key group that is too hot cannot be "
                      "divided");
    return moves;
}

void GroupMover::publish(const GroupMoves& moves, std::uint64_t epoch) {
    const KeyGroupMap& current = settings_.maps->current();
    KeyGroupMap map = current.with(moves, epoch);
    std::uint64_t moved = 0;
    for (std::size_t i = 0; i < kKeyGroups; ++i)
        moved += map.owners[i] != current.owners[i] ? 1U : 0U;
    if (moved == 0) return;
    settings_.maps->publish(std::move(map));
    moved_groups_.fetch_add(moved, std::memory_order_relaxed);  // Relaxed: a count.
}

}  // namespace thalweg
