#pragma once

#include "engine/run/key_groups.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg {

// Decides which key groups should have another shard, from what each group has to do.
//
// A shard's load is the rows that its groups were sent. When the most loaded shard has had more
// than `ratio_max` times the mean at each of `looks` looks in a row, it gives groups away, few
// rather than many: of each shard that is above `ratio_goal` times the mean the smallest group that
// brings it there, or else the largest that the least loaded shard can take. A group is never
// split: what one hot group does to its shard stays, and then nothing moves for little gain.
//
// Threads  One at a time. Knows no clock: whoever asks chooses the interval.
class Rebalancer {
  public:
    struct Settings {
        double ratio_max = 1.3;
        double ratio_goal = 1.1;
        double gain_min = 0.05;  // Of the most loaded shard's rows; less is not worth a move.
        std::size_t looks = 3;
        std::uint64_t rows_min = 4096;  // A look at fewer says nothing, and ends the row.
    };

    using Rows = std::span<const std::uint64_t, kKeyGroups>;

    explicit Rebalancer(const Settings& settings) : settings_(settings) {}

    // `rows` since the last look. Empty: all stays.
    [[nodiscard]] GroupMoves look(Rows rows, const KeyGroupMap& map);

    // At the last look: the most loaded shard's rows over the mean, and what it will be after the
    // moves that were returned.
    [[nodiscard]] double ratio() const noexcept { return ratio_; }

    [[nodiscard]] double ratio_after() const noexcept { return ratio_after_; }

    // The last look found the shards out of balance for long enough, and no move that helps.
    [[nodiscard]] bool is_stuck() const noexcept { return is_stuck_; }

  private:
    Settings settings_;
    std::size_t streak_ = 0;  // Looks in a row at which the shards were out of balance.
    std::array<std::uint64_t, kKeyGroups> sums_{};  // Over them.
    double ratio_ = 0;
    double ratio_after_ = 0;
    bool is_stuck_ = false;
};

}  // namespace thalweg
