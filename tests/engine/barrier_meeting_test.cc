#include "engine/run/epoch/barrier_meeting.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("barrier_meeting: complete when all have come, at the furthest of all") {
    int completions = 0;
    BarrierMeeting meeting(3, [&] { ++completions; });
    CHECK(!meeting.is_complete(1));
    meeting.arrive(0, 1, {10}, 3);
    meeting.arrive(2, 1, {30}, 1);
    CHECK(!meeting.is_complete(1));
    CHECK(completions == 0);
    meeting.arrive(1, 1, {20}, 2);
    CHECK(meeting.is_complete(1));
    CHECK(meeting.furthest(1) == Watermark{30});
    CHECK(meeting.latest_ns(1) == 3);
    CHECK(completions == 1);
    CHECK(!meeting.is_complete(2));
    for (std::size_t i = 0; i < 3; ++i)
        meeting.arrive(i, 2, {40}, 9);
    CHECK(meeting.is_complete(2));
    CHECK(meeting.furthest(2) == Watermark{40});
    CHECK(completions == 2);
}

TEST_CASE("barrier_meeting: one that has ended has no say about time") {
    BarrierMeeting meeting(2, [] {});
    meeting.arrive(0, 1, {10}, 3);
    meeting.arrive(1, 1, Watermark::min(), INT64_MIN);
    CHECK(meeting.is_complete(1));
    CHECK(meeting.furthest(1) == Watermark{10});
    CHECK(meeting.latest_ns(1) == 3);
}

TEST_CASE("barrier_meeting: a clock that was set back, and one who is ahead") {
    BarrierMeeting meeting(2, [] {});
    meeting.arrive(0, 1, {10}, 900);
    meeting.arrive(1, 1, {10}, 800);
    meeting.arrive(0, 2, {20}, 100);  // Before the other has read the words of the first.
    CHECK(meeting.furthest(1) == Watermark{10});
    CHECK(meeting.latest_ns(1) == 900);
    meeting.arrive(1, 2, {20}, 101);
    CHECK(meeting.latest_ns(2) == 101);
    meeting.arrive(0, 3, {20}, 50);
    meeting.arrive(1, 3, {20}, 40);
    CHECK(meeting.latest_ns(3) == 50);
}

TEST_CASE("barrier_meeting: threads agree at every barrier") {
    constexpr std::uint64_t kBarriers = 500;
    constexpr std::size_t kInstances = 3;
    BarrierMeeting meeting(kInstances, [] {});
    std::vector<std::vector<std::int64_t>> seen(kInstances);
    std::vector<std::thread> threads;
    for (std::size_t instance = 0; instance < kInstances; ++instance) {
        threads.emplace_back([&, instance] {
            for (std::uint64_t barrier = 1; barrier <= kBarriers; ++barrier) {
                // Another one is the furthest at each barrier.
                const bool leads = barrier % kInstances == instance;
                meeting.arrive(instance,
                               barrier,
                               {static_cast<std::int64_t>(10 * barrier) + (leads ? 5 : 0)},
                               0);
                while (!meeting.is_complete(barrier))
                    std::this_thread::yield();
                seen[instance].push_back(meeting.furthest(barrier).nanos);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (std::size_t instance = 0; instance < kInstances; ++instance) {
        REQUIRE(seen[instance].size() == kBarriers);
        for (std::size_t i = 0; i < kBarriers; ++i)
            CHECK(seen[instance][i] == static_cast<std::int64_t>(10 * (i + 1) + 5));
    }
}

}  // namespace
}  // namespace thalweg
