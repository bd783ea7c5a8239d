#pragma once

#include "engine/run/clock.h"

#include <atomic>
#include <cstdint>

namespace thalweg {

// A clock that stands still until told to move: time as a test or the simulator wants it.
//
// Threads
//   Any thread; the values are independent of each other and of everything else.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(std::int64_t wall_ns = 0) : wall_ns_(wall_ns) {}

    // Moves both clocks on, as waiting would.
    void advance(std::int64_t duration_ns) noexcept {
        // Relaxed, here and below: a time carries no data with it.
        steady_ns_.fetch_add(duration_ns, std::memory_order_relaxed);
        wall_ns_.fetch_add(duration_ns, std::memory_order_relaxed);
    }

    // Sets the wall clock alone, backwards too, as an operator would.
    void set_wall(std::int64_t wall_ns) noexcept {
        wall_ns_.store(wall_ns, std::memory_order_relaxed);  // Relaxed: see advance().
    }

    [[nodiscard]] std::int64_t steady_now_ns() const noexcept override {
        return steady_ns_.load(std::memory_order_relaxed);  // Relaxed: see advance().
    }

    [[nodiscard]] std::int64_t wall_now_ns() const noexcept override {
        return wall_ns_.load(std::memory_order_relaxed);  // Relaxed: see advance().
    }

  private:
    std::atomic<std::int64_t> steady_ns_{0};
    std::atomic<std::int64_t> wall_ns_;
};

}  // namespace thalweg
