#include "engine/run/clock.h"

#include "state/base/time.h"
#include "tests/support/manual_clock.h"

#include <doctest/doctest.h>

#include <ctime>

namespace thalweg {
namespace {

TEST_CASE("clock: the real one never goes back and agrees with time() on the date") {
    const RealClock clock;
    std::int64_t before = clock.steady_now_ns();
    for (int i = 0; i < 1'000; ++i) {
        const std::int64_t now = clock.steady_now_ns();
        REQUIRE(now >= before);
        before = now;
    }
    const std::int64_t seconds = clock.wall_now_ns() / kNanosPerSecond;
    CHECK(std::abs(seconds - static_cast<std::int64_t>(std::time(nullptr))) <= 2);
}

TEST_CASE("clock: the manual one moves only when told") {
    ManualClock clock(1'000);
    CHECK_EQ(clock.wall_now_ns(), 1'000);
    clock.advance(5);
    CHECK_EQ(clock.wall_now_ns(), 1'005);
    CHECK_EQ(clock.steady_now_ns(), 5);
    clock.set_wall(3);
    CHECK_EQ(clock.wall_now_ns(), 3);
    CHECK_EQ(clock.steady_now_ns(), 5);
}

}  // namespace
}  // namespace thalweg
