// Local clocks: the watermark around a change of the clock, and whole batches against single rows.

#include "ops/local_time.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <array>

namespace thalweg {
namespace {

TEST_CASE("local_time: the local watermark waits through an hour that comes twice") {
    const auto zone = TimeZone::find("Europe/Berlin");
    if (!zone) return;  // No tz database on this machine.
    // 2024-10-27 01:00 UTC: 03:00 becomes 02:00.
    constexpr std::int64_t kChange = 1'729'990'800 * kNanosPerSecond;
    const std::int64_t two_local = kChange + kNanosPerHour;
    Watermark before = local_watermark({kChange - 2 * kNanosPerHour}, *zone);
    CHECK_EQ(before.nanos, kChange);
    for (std::int64_t minute = -119; minute <= 119; ++minute) {
        const Watermark now = local_watermark({kChange + minute * kNanosPerMinute}, *zone);
        CHECK_LE(before.nanos, now.nanos);
        if (minute >= -60 && minute < 0) CHECK_EQ(now.nanos, two_local - 1);
        if (minute >= 0) CHECK_EQ(now.nanos, two_local + minute * kNanosPerMinute);
        before = now;
    }
    CHECK(local_watermark(Watermark::max(), *zone).is_max());
    CHECK_EQ(local_watermark(Watermark::min(), *zone), Watermark::min());
}

TEST_CASE("local_time: a batch is converted as its rows are") {
    const auto zone = TimeZone::find("America/New_York");
    if (!zone) return;  // No tz database on this machine.
    Random random(7);
    LocalTimes local(*zone);
    for (const std::int64_t span : {std::int64_t{1}, kNanosPerHour, 400 * kNanosPerDay}) {
        std::array<std::int64_t, 500> times;
        for (std::int64_t& time : times) {
            const auto shift = static_cast<std::int64_t>(random.below(std::uint64_t(span)));
            time = 1'700'000'000 * kNanosPerSecond + shift;
        }
        const std::int64_t* const converted = local.convert(times.data(), Selection::range(3, 400));
        for (std::size_t i = 3; i < 403; ++i)
            CHECK_EQ(converted[i], (*zone)->to_local(times[i]));
    }
}

}  // namespace
}  // namespace thalweg
