#pragma once

#include <cstdint>
#include <ctime>

namespace thalweg::load {

// Instants that both ends of a measurement on one machine agree on: a steady clock for durations,
// which is also the count of nanoseconds since 1970 that records carry, set once when the load
// starts. A wall clock that is corrected meanwhile bends no latency.
class LoadClock {
  public:
    LoadClock() noexcept : start_steady_ns_(read(CLOCK_MONOTONIC)) {
        start_unix_ns_ = read(CLOCK_REALTIME);
    }

    [[nodiscard]] std::int64_t elapsed_ns() const noexcept {
        return read(CLOCK_MONOTONIC) - start_steady_ns_;
    }

    [[nodiscard]] std::int64_t start_unix_ns() const noexcept { return start_unix_ns_; }

  private:
    static std::int64_t read(clockid_t which) noexcept {
        timespec now{};
        clock_gettime(which, &now);
        return now.tv_sec * 1'000'000'000 + now.tv_nsec;
    }

    std::int64_t start_steady_ns_;
    std::int64_t start_unix_ns_ = 0;
};

}  // namespace thalweg::load
