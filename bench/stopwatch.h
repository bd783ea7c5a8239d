#pragma once

#include <chrono>
#include <cstddef>
#include <ctime>

namespace thalweg::bench {

// What one run took.
struct Cost {
    double wall_ns = 0;
    double cpu_ns = 0;
    std::size_t records = 0;

    [[nodiscard]] double cpu_ns_per_record() const { return cpu_ns / static_cast<double>(records); }

    void operator+=(const Cost& other) {
        wall_ns += other.wall_ns;
        cpu_ns += other.cpu_ns;
        records += other.records;
    }
};

// Processor time, user and system, of the process (CLOCK_PROCESS_CPUTIME_ID) or of the thread that
// asks (CLOCK_THREAD_CPUTIME_ID).
[[nodiscard]] inline double cpu_ns(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Of the process, from when it is made.
class Stopwatch {
  public:
    [[nodiscard]] Cost stop(std::size_t records) const {
        const std::chrono::duration<double, std::nano> wall = Wall::now() - wall_start_;
        return {wall.count(), cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns_, records};
    }

  private:
    using Wall = std::chrono::steady_clock;

    Wall::time_point wall_start_ = Wall::now();
    double cpu_start_ns_ = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
};

}  // namespace thalweg::bench
