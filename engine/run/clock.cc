#include "engine/run/clock.h"

#include "state/base/time.h"

#include <time.h>

namespace thalweg {
namespace {

std::int64_t read(clockid_t clock) noexcept {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

}  // namespace

std::int64_t RealClock::steady_now_ns() const noexcept {
    return read(CLOCK_MONOTONIC);
}

std::int64_t RealClock::wall_now_ns() const noexcept {
    return read(CLOCK_REALTIME);
}

}  // namespace thalweg
