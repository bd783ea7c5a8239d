#include "engine/run/epoch/group_mover.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

// A hash in a key group.
std::uint64_t hash_in(std::uint64_t group) {
    return group << kKeyGroupShift;
}

struct World {
    KeyGroupMaps maps{2};
    GroupLoads loads;
    std::vector<std::string> said;
    GroupMover mover;
    std::uint64_t epoch = 0;

    explicit World(bool is_automatic)
        : mover({.maps = &maps,
                 .shards = 2,
                 .is_automatic = is_automatic,
                 .look_interval_ns = 100,
                 .policy = {.rows_min = 100},
                 .say = [this](std::string_view text) { said.emplace_back(text); }}) {
        mover.add_loads(loads);
    }

    // A thousand batches of a thousand rows each of which a sixteenth is counted.
    void feed(const std::vector<std::uint64_t>& groups) {
        std::vector<std::uint64_t> hashes;
        for (const std::uint64_t group : groups)
            hashes.push_back(hash_in(group));
        for (int i = 0; i < 1000; ++i)
            loads.count(hashes);
    }
};

TEST_CASE("key_groups: a map with moves says who is affected, and from which barrier on") {
    KeyGroupMap map = KeyGroupMap::of_ranges(4);
    CHECK(map.shard_of(hash_in(0)) == 0);
    CHECK(map.shard_of(hash_in(1023)) == 3);
    const KeyGroupMap moved =
        map.with(GroupMoves{{0, 2}, {300, 1}, {301, 0}, {301, 1}}, 7);  // The last one counts.
    CHECK(moved.barrier == 7);
    CHECK(moved.owners[0] == 2);
    CHECK(moved.is_affected == std::vector<bool>{true, false, true, false});
    CHECK(moved.affected_sum == 2);
    const KeyGroupMap back = moved.with(GroupMoves{{0, 0}}, 9);
    CHECK(back.owners == map.owners);
    CHECK(back.affected_sum == 4);
    KeyGroupMaps maps(4);
    CHECK(maps.current().owners == map.owners);
    maps.publish(maps.current().with(GroupMoves{{0, 2}}, 7));
    CHECK(maps.current().owners == moved.owners);
    CHECK(maps.previous().owners == map.owners);
}

TEST_CASE("key_groups: a sixteenth of the batches is counted") {
    GroupLoads loads;
    const std::vector<std::uint64_t> hashes = {hash_in(1), hash_in(1), hash_in(900)};
    for (int i = 0; i < 160; ++i)
        loads.count(hashes);
    std::array<std::uint64_t, kKeyGroups> sums{};
    loads.add_to(sums);
    loads.add_to(sums);
    CHECK(sums[1] == 40);
    CHECK(sums[900] == 20);
    CHECK(sums[2] == 0);
}

TEST_CASE("group_mover: commands hold from the next epoch on, all together") {
    World world(false);
    CHECK(world.mover.request({{0, 1}, {1, 1}}));
    CHECK(world.mover.request({{1, 0}, {1000, 0}}));
    CHECK(world.maps.current().barrier == 0);
    world.mover.before_epoch(5, 0);
    CHECK(world.maps.current().barrier == 5);
    CHECK(world.maps.current().owners[0] == 1);
    CHECK(world.maps.current().owners[1] == 0);
    CHECK(world.maps.current().owners[1000] == 0);
    CHECK(world.mover.moved_groups() == 2);
    world.mover.before_epoch(6, 0);
    CHECK(world.maps.current().barrier == 5);
    CHECK(world.mover.request({{0, 1}}));  // It is there.
    world.mover.before_epoch(7, 0);
    CHECK(world.maps.current().barrier == 5);
    world.feed({1, 2});
    for (std::uint64_t epoch = 8; epoch < 20; ++epoch)
        world.mover.before_epoch(epoch, static_cast<std::int64_t>(1000 * epoch));
    CHECK(world.maps.current().barrier == 5);  // By itself it does nothing.
    CHECK(world.said.empty());
}

TEST_CASE("group_mover: there is an end of what may wait, and one shard has nobody to give to") {
    World world(false);
    int taken = 0;
    while (taken < 1000 && world.mover.request({{0, 1}}))
        ++taken;
    CHECK(taken == 64);
    KeyGroupMaps maps(1);
    GroupMover alone({.maps = &maps, .shards = 1, .say = {}});
    CHECK(!alone.request({{0, 0}}));
}

TEST_CASE("group_mover: looks at intervals, and moves what makes one shard the slowest") {
    World world(true);
    world.mover.before_epoch(1, 0);
    for (std::uint64_t epoch = 2; epoch <= 4; ++epoch) {
        CHECK(world.maps.current().barrier == 0);
        world.feed({1, 2, 3, 4, 1000});
        world.mover.before_epoch(epoch, static_cast<std::int64_t>(epoch * 100));
        world.mover.before_epoch(epoch, static_cast<std::int64_t>(epoch * 100 + 50));  // No look.
    }
    CHECK(world.maps.current().barrier == 4);
    CHECK(world.mover.moved_groups() >= 1);
    REQUIRE(world.said.size() == 1);
    CHECK(world.said[0].find("1.60 times the mean") != std::string::npos);
}

TEST_CASE("group_mover: what cannot be helped is said once") {
    World world(true);
    for (std::uint64_t epoch = 1; epoch <= 20; ++epoch) {
        world.feed({5, 5});
        world.mover.before_epoch(epoch, static_cast<std::int64_t>(epoch * 100));
    }
    CHECK(world.maps.current().barrier == 0);
    REQUIRE(world.said.size() == 1);
    CHECK(world.said[0].find("cannot be divided") != std::string::npos);
}

}  // namespace
}  // namespace thalweg
