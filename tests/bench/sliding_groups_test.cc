#include "bench/by_hand/sliding_groups.h"

#include "bench/by_hand/totals.h"
#include "bench/sliding_oracle.h"
#include "state/base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <utility>

namespace thalweg::bench {

TEST_CASE("sliding groups: what windows put together from their seconds give") {
    using Windows = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;
    const std::uint64_t seed = 23;
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 50; ++round) {
        const std::size_t size = 1 + random.below(9);
        const std::size_t numbers = 1 + random.below(20);
        oracle::SlidingWindows windows;
        Windows found;
        bool is_twice = false;
        by_hand::SlidingGroups<by_hand::Count> groups(numbers, size);
        by_hand::SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
            for (const auto& group : live)
                is_twice |= !found.emplace(std::pair{end, group.number}, group.total.count).second;
        });
        std::int64_t second = 1'000;
        for (std::size_t i = random.below(200); i > 0; --i) {
            if (random.below(3) == 0) second += static_cast<std::int64_t>(random.below(12));
            const auto number = static_cast<std::uint32_t>(random.below(numbers));
            seconds.pass(second);
            ++groups.of(number).count;
            windows.add(second, {number}, {1, {}});
        }
        seconds.finish();
        Windows expected;
        windows.for_each(static_cast<std::int64_t>(size),
                         [&](std::int64_t end, const auto& key, const auto& totals) {
                             expected[{end, key[0]}] = totals.count;
                         });
        CHECK(!is_twice);
        CHECK(found == expected);
    }
}

}  // namespace thalweg::bench
