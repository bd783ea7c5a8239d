#include "engine/run/epoch/rebalancer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// Shards and their groups while moves are being chosen.
class Plan {
  public:
    Plan(Rebalancer::Rows rows, const KeyGroupMap& map)
        : rows_(rows), owners_(map.owners), loads_(map.is_affected.size()) {
        for (std::size_t group = 0; group < kKeyGroups; ++group)
            loads_[owners_[group]] += rows_[group];
        for (const std::uint64_t load : loads_)
            mean_ += static_cast<double>(load);
        mean_ /= static_cast<double>(loads_.size());
    }

    [[nodiscard]] double ratio() const {
        return mean_ == 0 ? 0 : static_cast<double>(loads_[most_loaded()]) / mean_;
    }

    [[nodiscard]] GroupMoves choose(double ratio_goal) {
        const auto goal = static_cast<std::uint64_t>(mean_ * ratio_goal);
        GroupMoves moves;
        for (;;) {
            const std::size_t from = most_loaded();
            const std::size_t to = least_loaded();
            if (loads_[from] <= goal) return moves;
            const std::optional<std::uint32_t> group = choose_group(from, to, goal);
            if (!group) return moves;
            loads_[from] -= rows_[*group];
            loads_[to] += rows_[*group];
            owners_[*group] = static_cast<std::uint16_t>(to);
            is_moved_[*group] = true;
            moves.push_back({*group, static_cast<std::uint32_t>(to)});
        }
    }

  private:
    [[nodiscard]] std::size_t most_loaded() const {
        return static_cast<std::size_t>(std::max_element(loads_.begin(), loads_.end()) -
                                        loads_.begin());
    }

    [[nodiscard]] std::size_t least_loaded() const {
        return static_cast<std::size_t>(std::min_element(loads_.begin(), loads_.end()) -
                                        loads_.begin());
    }

    // What `to` can take without being the most loaded itself; rather without passing the goal.
    [[nodiscard]] std::optional<std::uint32_t> choose_group(std::size_t from,
                                                            std::size_t to,
                                                            std::uint64_t goal) const {
        const std::uint64_t excess = loads_[from] - goal;
        const std::uint64_t room = loads_[to] < goal ? goal - loads_[to] : 0;
        const std::uint64_t limit = loads_[from] - loads_[to];
        std::optional<std::uint32_t> enough;
        std::optional<std::uint32_t> largest;
        std::optional<std::uint32_t> smallest;
        for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
            const std::uint64_t load = rows_[group];
            if (owners_[group] != from || is_moved_[group] || load == 0 || load >= limit) continue;
            if (!smallest || load < rows_[*smallest]) smallest = group;
            if (load > room) continue;
            if (load >= excess && (!enough || load < rows_[*enough])) enough = group;
            if (!largest || load > rows_[*largest]) largest = group;
        }
        if (enough) return enough;
        return largest ? largest : smallest;
    }

    Rebalancer::Rows rows_;
    std::array<std::uint16_t, kKeyGroups> owners_;
    std::array<bool, kKeyGroups> is_moved_{};
    std::vector<std::uint64_t> loads_;
    double mean_ = 0;
};

}  // namespace

GroupMoves Rebalancer::look(Rows rows, const KeyGroupMap& map) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : rows)
        total += count;
    ratio_ = ratio_after_ = Plan(rows, map).ratio();
    is_stuck_ = false;
    if (total < settings_.rows_min || ratio_ <= settings_.ratio_max) {
        streak_ = 0;
        return {};
    }
    if (streak_++ == 0) sums_.fill(0);
    for (std::size_t group = 0; group < kKeyGroups; ++group)
        sums_[group] += rows[group];
    if (streak_ < settings_.looks) return {};
    streak_ = 0;
    Plan plan(sums_, map);
    const double before = plan.ratio();
    GroupMoves moves = plan.choose(settings_.ratio_goal);
    ratio_after_ = plan.ratio();
    if (!moves.empty() && ratio_after_ <= before * (1 - settings_.gain_min)) return moves;
    ratio_after_ = before;
    is_stuck_ = true;
    return {};
}

}  // namespace thalweg
