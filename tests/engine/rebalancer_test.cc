#include "engine/run/epoch/rebalancer.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace thalweg {
namespace {

using Rows = std::array<std::uint64_t, kKeyGroups>;

std::vector<double> loads_of(const Rows& rows, const KeyGroupMap& map) {
    std::vector<double> loads(map.is_affected.size());
    for (std::size_t group = 0; group < kKeyGroups; ++group)
        loads[map.owners[group]] += static_cast<double>(rows[group]);
    return loads;
}

double ratio_of(const Rows& rows, const KeyGroupMap& map) {
    const std::vector<double> loads = loads_of(rows, map);
    double sum = 0;
    for (const double load : loads)
        sum += load;
    return *std::max_element(loads.begin(), loads.end()) * static_cast<double>(loads.size()) / sum;
}

Rows even(std::uint64_t rows) {
    Rows all{};
    all.fill(rows);
    return all;
}

// The answer to the same rows as often as it takes.
GroupMoves settled(Rebalancer& rebalancer, const Rows& rows, const KeyGroupMap& map) {
    const Rebalancer::Settings settings;
    for (std::size_t i = 1; i < settings.looks; ++i)
        CHECK(rebalancer.look(rows, map).empty());
    return rebalancer.look(rows, map);
}

TEST_CASE("rebalancer: shards in balance are left alone, and so are those with little to do") {
    const KeyGroupMap map = KeyGroupMap::of_ranges(4);
    Rebalancer rebalancer({});
    CHECK(settled(rebalancer, even(100), map).empty());
    CHECK(rebalancer.ratio() == doctest::Approx(1.0));
    Rows few{};
    few[5] = 4095;
    CHECK(settled(rebalancer, few, map).empty());
    CHECK(!rebalancer.is_stuck());
}

TEST_CASE("rebalancer: only what lasts moves anything") {
    const KeyGroupMap map = KeyGroupMap::of_ranges(4);
    Rows rows = even(100);
    for (std::size_t group = 0; group < 8; ++group)
        rows[group] = 3000;
    Rebalancer rebalancer({});
    CHECK(rebalancer.look(rows, map).empty());
    CHECK(rebalancer.look(rows, map).empty());
    CHECK(rebalancer.look(even(100), map).empty());
    CHECK(rebalancer.look(rows, map).empty());
    CHECK(rebalancer.look(rows, map).empty());
    const GroupMoves moves = rebalancer.look(rows, map);
    CHECK(!moves.empty());
    CHECK(rebalancer.ratio() > 1.3);
    CHECK(rebalancer.ratio_after() <= 1.1);
    CHECK(ratio_of(rows, map.with(moves, 1)) == doctest::Approx(rebalancer.ratio_after()));
}

TEST_CASE("rebalancer: one group moves where one is enough, and the smallest of those") {
    const KeyGroupMap map = KeyGroupMap::of_ranges(2);
    Rows rows = even(100);
    rows[3] = 30'000;
    rows[4] = 25'000;
    rows[5] = 1'000;
    Rebalancer rebalancer({});
    const GroupMoves moves = settled(rebalancer, rows, map);
    REQUIRE(moves.size() == 1);
    CHECK(moves[0].group == 4);
    CHECK(moves[0].shard == 1);
}

TEST_CASE("rebalancer: a group that is hot by itself cannot be helped, its neighbours can") {
    const KeyGroupMap map = KeyGroupMap::of_ranges(4);
    Rows alone{};
    alone[7] = 1'000'000;
    Rebalancer rebalancer({});
    CHECK(settled(rebalancer, alone, map).empty());
    CHECK(rebalancer.is_stuck());
    Rows rows = even(100);
    rows[7] = 28'000;  // A shard has 25,600 of the others.
    const GroupMoves moves = settled(rebalancer, rows, map);
    CHECK(!moves.empty());
    CHECK(
        std::none_of(moves.begin(), moves.end(), [](const auto& each) { return each.group == 7; }));
    CHECK(ratio_of(rows, map.with(moves, 1)) <= 1.1);
}

// Whatever the loads: the most loaded shard gets better by what was asked for, or nothing moves; no
// group moves twice, or to where it is.
TEST_CASE("rebalancer: random loads") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::size_t shards = 2 + random.below(15);
        KeyGroupMap map = KeyGroupMap::of_ranges(shards);
        Rows rows{};
        const std::uint64_t hot = random.below(50);
        for (std::uint64_t& count : rows)
            count = random.below(1 + random.below(300));
        for (std::uint64_t i = 0; i < hot; ++i)
            rows[random.below(kKeyGroups)] += random.below(std::uint64_t{1} << random.below(18));
        Rebalancer rebalancer({});
        for (std::uint64_t barrier = 1; barrier < 4; ++barrier) {
            const GroupMoves moves = settled(rebalancer, rows, map);
            const double before = ratio_of(rows, map);
            CHECK(rebalancer.ratio() == doctest::Approx(before));
            if (moves.empty()) {
                CHECK((before <= 1.3 || rebalancer.is_stuck()));
                break;
            }
            CHECK(before > 1.3);
            std::set<std::uint32_t> groups;
            for (const GroupMove& move : moves) {
                CHECK(groups.insert(move.group).second);
                CHECK(map.owners[move.group] != move.shard);
                CHECK(rows[move.group] > 0);
            }
            map = map.with(moves, barrier);
            CHECK(ratio_of(rows, map) <= 0.951 * before);
            CHECK(ratio_of(rows, map) == doctest::Approx(rebalancer.ratio_after()));
        }
    }
}

}  // namespace
}  // namespace thalweg
