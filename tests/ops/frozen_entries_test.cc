// Which entries are still to be written, against a set of them.

#include "ops/frozen_entries.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("frozen entries: each is written once, before it is changed or when there is time") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        FrozenEntries frozen;
        for (int round = 0; round < 3; ++round) {
            const std::size_t size = random.below(seed % 3 == 0 ? 3000 : 140);
            std::set<std::uint32_t> left;
            for (std::uint32_t i = 0; i < size; ++i)
                left.insert(i);
            frozen.freeze(size);
            std::vector<std::uint32_t> taken;
            while (frozen.is_frozen()) {
                std::vector<std::uint32_t> positions;
                for (std::uint64_t count = random.below(60); count > 0; --count)
                    positions.push_back(static_cast<std::uint32_t>(random.below(size + 20)));
                std::set<std::uint32_t> expected;
                for (const std::uint32_t position : positions) {
                    if (left.erase(position) != 0) expected.insert(position);
                }
                frozen.take(positions, taken);
                CHECK_EQ(taken.size(), expected.size());
                CHECK(std::set<std::uint32_t>(taken.begin(), taken.end()) == expected);
                const std::size_t most = 1 + random.below(200);
                const FrozenEntries::Run run = frozen.take_next(most);
                CHECK_LE(run.count, most);
                CHECK_EQ(run.count == 0, left.empty());
                if (run.count != 0) CHECK_EQ(run.first, *left.begin());
                for (std::uint32_t i = 0; i < run.count; ++i)
                    CHECK_EQ(left.erase(run.first + i), 1);
            }
            CHECK(left.empty());
        }
    }
}

TEST_CASE("frozen entries: nothing frozen, nothing to write") {
    FrozenEntries frozen;
    CHECK_FALSE(frozen.is_frozen());
    std::vector<std::uint32_t> taken = {7};
    const std::vector<std::uint32_t> positions = {0, 1, 63, 64};
    frozen.take(positions, taken);
    CHECK(taken.empty());
    frozen.freeze(0);
    CHECK_FALSE(frozen.is_frozen());
    CHECK_EQ(frozen.take_next(10).count, 0);
    frozen.freeze(64);
    CHECK_EQ(frozen.take_next(1000).count, 64);
    CHECK_FALSE(frozen.is_frozen());
}

}  // namespace
}  // namespace thalweg
