#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace thalweg::load {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

// When each record is meant to leave, in nanoseconds since the start. Open loop: record i is due at
// i * period, whatever happened to the records before it, so a stall makes records late and never
// fewer, and latency measured from here hides nothing (no coordinated omission).
//
// Several connections share a schedule as dealt cards: connection `first` of `stride` sends the
// records first, first + stride, ... and counts them 0, 1, ...
struct Schedule {
    double period_ns = 0;  // Of all connections together. 0: as fast as possible.
    std::uint64_t first = 0;
    std::uint64_t stride = 1;

    [[nodiscard]] bool is_paced() const noexcept { return period_ns > 0; }

    [[nodiscard]] std::int64_t intended_ns(std::uint64_t index) const noexcept {
        return static_cast<std::int64_t>(static_cast<double>(first + index * stride) * period_ns);
    }

    // How many records of this connection are due up to `elapsed_ns`, which is a century at most.
    [[nodiscard]] std::uint64_t due(std::int64_t elapsed_ns) const noexcept {
        if (!is_paced()) return kUnlimited;
        if (elapsed_ns < 0) return 0;
        const double all = std::floor(static_cast<double>(elapsed_ns) / period_ns) + 1;
        std::uint64_t count = share_of(static_cast<std::uint64_t>(all));
        while (count > 0 && intended_ns(count - 1) > elapsed_ns)
            --count;  // The division rounded up.
        while (intended_ns(count) <= elapsed_ns)
            ++count;  // Or down.
        return count;
    }

    // How many of the first `all` records are this connection's.
    [[nodiscard]] std::uint64_t share_of(std::uint64_t all) const noexcept {
        if (all == kUnlimited) return all;
        return all <= first ? 0 : (all - first - 1) / stride + 1;
    }
};

}  // namespace thalweg::load
