#include "engine/run/epoch/state_handover.h"

#include "engine/run/key_hash.h"
#include "state/base/random.h"
#include "tests/support/stage_doubles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace thalweg {
namespace {

using test::fill;
using test::Pair;
using test::pair_schema;
using test::pairs_of;

constexpr std::size_t kShards = 4;

// A stage whose second operator has rows by key, and a word for everybody.
struct World {
    KeyGroupMaps maps{kShards};
    int completions = 0;
    Stage stage;
    StateHandover handover;
    Batch batch{pair_schema()};

    World() : stage(two_ops()), handover(settings()) {}

    static Stage two_ops() {
        Stage stage;
        stage.ops.emplace_back([] { return std::make_unique<test::HoldOp>(); });
        stage.ops.emplace_back([] { return std::make_unique<test::WindowCountOp>(10); });
        return stage;
    }

    StateHandover::Settings settings() {
        StateHandover::Settings all;
        all.stage = &stage;
        all.ops = {{1,
                    "count",
                    {{"rows", pair_schema(), StateRoute::kByKey, {0}},
                     {"words", pair_schema(), StateRoute::kAll, {}}}}};
        all.seed = HashSeed::from(3);
        all.maps = &maps;
        all.instances = kShards;
        all.on_complete = [this] { ++completions; };
        return all;
    }

    std::size_t owner_of(std::int64_t key) {
        fill(batch, {{key, 0}});
        std::vector<std::uint64_t> hash(1);
        const std::vector<std::size_t> keys = {0};
        hash_keys(batch.view(), keys, HashSeed::from(3), hash);
        return maps.current().shard_of(hash[0]);
    }

    void give(std::size_t instance, std::size_t table, const std::vector<Pair>& rows) {
        fill(batch, rows);
        handover.give(instance, 1, table, batch);
    }
};

TEST_CASE("state_handover: nobody is affected before there is a move, or at another barrier") {
    World world;
    CHECK(!world.handover.is_affected(0, 1));
    world.maps.publish(world.maps.current().with(GroupMoves{{0, 1}}, 3));
    CHECK(!world.handover.is_affected(0, 2));
    CHECK(world.handover.is_affected(0, 3));
    CHECK(world.handover.is_affected(1, 3));
    CHECK(!world.handover.is_affected(2, 3));
    CHECK(!world.handover.is_affected(0, 4));
    CHECK(world.handover.renewed(0, {}) == nullptr);
    CHECK(world.handover.renewed(1, {}) != nullptr);
}

TEST_CASE("state_handover: every row comes to its owner, once, and words to all who take part") {
    World world;
    Random random(5);
    std::uint64_t total = 0;
    for (std::uint64_t barrier = 1; barrier <= 8; ++barrier) {
        // Of all but the last shard.
        std::vector<std::int64_t> keys;
        for (int i = 0; i < 3000; ++i)
            keys.push_back(static_cast<std::int64_t>(random()));
        std::vector<std::vector<Pair>> owned(kShards);
        for (const std::int64_t key : keys) {
            const std::size_t owner = world.owner_of(key);
            if (owner != kShards - 1) owned[owner].push_back({key, 1});
        }
        GroupMoves moves;
        for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
            if (world.maps.current().owners[group] != kShards - 1 && random.below(2) == 0)
                moves.push_back({group, static_cast<std::uint32_t>(random.below(kShards - 1))});
        }
        world.maps.publish(world.maps.current().with(moves, barrier));
        std::vector<Pair> expected;
        for (std::size_t shard = 0; shard + 1 < kShards; ++shard) {
            REQUIRE(world.handover.is_affected(shard, barrier));
            CHECK(!world.handover.is_complete());
            for (std::size_t done = 0; done < owned[shard].size();) {
                const std::size_t count =
                    std::min<std::size_t>(1 + random.below(900), owned[shard].size() - done);
                const auto first = owned[shard].begin() + static_cast<std::ptrdiff_t>(done);
                world.give(shard, 0, {first, first + static_cast<std::ptrdiff_t>(count)});
                done += count;
            }
            world.give(shard, 1, {{static_cast<std::int64_t>(shard), 7}});
            expected.insert(expected.end(), owned[shard].begin(), owned[shard].end());
            world.handover.arrive();
        }
        CHECK(!world.handover.is_affected(kShards - 1, barrier));
        CHECK(world.handover.is_complete());
        CHECK(world.completions == static_cast<int>(barrier));
        std::vector<Pair> taken;
        for (std::size_t shard = 0; shard < kShards; ++shard) {
            std::vector<Pair> words;
            while (const auto piece = world.handover.take(shard)) {
                CHECK(piece->op == 1);
                for (const Pair& row : pairs_of(piece->rows.view())) {
                    if (piece->table == 0) CHECK(world.owner_of(row.key) == shard);
                    (piece->table == 0 ? taken : words).push_back(row);
                }
            }
            CHECK(words.size() == (shard == kShards - 1 ? 0 : kShards - 1));
        }
        std::sort(expected.begin(), expected.end());
        std::sort(taken.begin(), taken.end());
        CHECK(taken == expected);
        total += taken.size();
    }
    CHECK(total > 10'000);
}

}  // namespace
}  // namespace thalweg
