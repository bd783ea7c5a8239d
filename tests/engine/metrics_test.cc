#include "engine/run/metrics.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

namespace thalweg {
namespace {

enum class Fruit : std::uint8_t { kApple, kPear, kCount };

TEST_CASE("metrics: counters count, and stand away from their neighbours") {
    Counters<Fruit> counters;
    counters.add(Fruit::kApple);
    counters.add(Fruit::kApple, 4);
    counters.set(Fruit::kPear, 7);
    counters.set(Fruit::kPear, 3);
    CHECK_EQ(counters.value(Fruit::kApple), 5);
    CHECK(counters.snapshot() == Counters<Fruit>::Snapshot{5, 3});
    CHECK_EQ(sizeof(counters) % kFalseSharingBytes, 0);
    CHECK_EQ(alignof(Counters<Fruit>), kFalseSharingBytes);
}

TEST_CASE("metrics: a reader beside the writer sees counts that only grow") {
    constexpr std::uint64_t kCount = 200'000;
    Counters<Fruit> counters;
    std::jthread writer([&] {
        for (std::uint64_t i = 0; i < kCount; ++i)
            counters.add(Fruit::kApple);
    });
    std::uint64_t last = 0;
    bool grows = true;
    while (last < kCount) {
        const std::uint64_t now = counters.snapshot()[0];
        grows = grows && now >= last;
        last = now;
    }
    CHECK(grows);
    CHECK_EQ(last, kCount);
}

}  // namespace
}  // namespace thalweg
