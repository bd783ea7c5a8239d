#pragma once

#include <cstdint>

namespace thalweg {

// Tells the time: the seam through which every agent learns it, so that tests, replay and the
// simulator own it. Agents read it once per do_work, never per row.
//
// Threads
//   Any thread.
class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    // Nanoseconds since some fixed moment; never goes back. For durations and timeouts.
    [[nodiscard]] virtual std::int64_t steady_now_ns() const noexcept = 0;

    // Nanoseconds since 1970-01-01 UTC; may be set back by the operator of the machine. The
    // processing time of SQL, and the timestamps of logs.
    [[nodiscard]] virtual std::int64_t wall_now_ns() const noexcept = 0;
};

// The clocks of the machine, CLOCK_MONOTONIC and CLOCK_REALTIME: about 20 ns a reading, no system
// call where the kernel offers a vDSO.
class RealClock final : public Clock {
  public:
    [[nodiscard]] std::int64_t steady_now_ns() const noexcept override;
    [[nodiscard]] std::int64_t wall_now_ns() const noexcept override;
};

}  // namespace thalweg
