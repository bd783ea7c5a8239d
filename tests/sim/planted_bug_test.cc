#include "tests/support/simulation.h"

#include <doctest/doctest.h>

#include <cstdint>

// Whether the simulator sees: each bug planted here must be found within a few seeds, and the same
// seeds without it must be clean.

namespace thalweg::test {
namespace {

constexpr std::uint64_t kSeeds = 60;

// The first seed that finds it, 0 if none does.
std::uint64_t found_by(Plant plant) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        if (!simulate(seed, plant).problem.empty()) return seed;
    }
    return 0;
}

TEST_CASE("planted_bug: every one is found, and nothing where there is none") {
    CHECK(found_by(Plant::kNone) == 0);
    for (const Plant plant : {Plant::kDropRecord,
                              Plant::kRepeatBatch,
                              Plant::kEarlyWatermark,
                              Plant::kNoCuts,
                              Plant::kWrongShard,
                              Plant::kUnorderedGather}) {
        CAPTURE(static_cast<int>(plant));
        const std::uint64_t seed = found_by(plant);
        CHECK(seed != 0);
        MESSAGE("planted bug ", static_cast<int>(plant), " found by seed ", seed);
    }
}

}  // namespace
}  // namespace thalweg::test
