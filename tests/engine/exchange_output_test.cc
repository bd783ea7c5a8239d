#include "engine/run/exchange_output.h"

#include "engine/run/key_hash.h"
#include "engine/run/merge_agent.h"
#include "tests/support/stage_doubles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::fill;
using test::Pair;
using test::pair_schema;
using test::pairs_of;
using test::RecordingOutput;

std::vector<std::uint64_t> hashes_of(const BatchView& rows, const std::vector<std::size_t>& keys) {
    std::vector<std::uint64_t> hashes(rows.size());
    hash_keys(rows, keys, HashSeed::from(1), hashes);
    return hashes;
}

TEST_CASE("key_hash: equal keys have equal hashes, whatever their column and their place") {
    Batch batch(make_schema({{"big", Type::bigint()},
                             {"int", Type::integer()},
                             {"real", Type::double_precision()},
                             {"text", Type::string()}}));
    for (std::size_t row = 0; row < 100; ++row) {
        const auto value = static_cast<std::int64_t>(row % 10) - 5;
        batch.column(0).data<std::int64_t>()[row] = value;
        batch.column(1).data<std::int32_t>()[row] = static_cast<std::int32_t>(value);
        batch.column(2).data<double>()[row] = row % 2 == 0 ? 0.0 : -0.0;
        batch.column(3).data<StringRef>()[row] =
            StringRef(batch.arena().copy(std::string(row % 10 * 3, 'x')));
    }
    batch.set_size(100);
    const std::vector<std::uint64_t> big = hashes_of(batch.view(), {0});
    CHECK(big == hashes_of(batch.view(), {1}));
    const std::vector<std::uint64_t> real = hashes_of(batch.view(), {2});
    CHECK(std::all_of(real.begin(), real.end(), [&](auto hash) { return hash == real[0]; }));
    for (const std::vector<std::size_t>& keys :
         {std::vector<std::size_t>{0}, {3}, {0, 3}, {3, 1, 2}, {}}) {
        const std::vector<std::uint64_t> all = hashes_of(batch.view(), keys);
        for (std::size_t row = 10; row < 100; ++row)
            CHECK(all[row] == all[row % 10]);
        if (!keys.empty()) CHECK(all[0] != all[1]);
        const std::array<std::uint16_t, 3> list{3, 50, 99};
        const std::vector<std::uint64_t> some =
            hashes_of(batch.view().with(Selection::list(list)), keys);
        CHECK(some == std::vector<std::uint64_t>{all[3], all[50], all[99]});
        CHECK(hashes_of(batch.view().with(Selection::range(40, 2)), keys)[1] == all[41]);
    }
    CHECK(hashes_of(batch.view(), {0, 3}) != hashes_of(batch.view(), {3, 0}));
    batch.column(0).set_null(7);
    batch.column(0).set_null(8);
    const std::vector<std::uint64_t> with_nulls = hashes_of(batch.view(), {0});
    CHECK(with_nulls[7] == with_nulls[8]);
    CHECK(with_nulls[7] != big[7]);
    CHECK(with_nulls[9] == big[9]);
}

// Three lanes over rings, as one ingest agent has them towards three shards.
struct Lanes {
    BatchHome home{64};
    KeyGroupMaps maps{3};
    WakeSignal* nobody = nullptr;
    std::vector<std::unique_ptr<Ring<EdgeItem>>> rings;
    std::unique_ptr<ExchangeOutput> output;

    explicit Lanes(Exchange exchange, std::size_t ring_capacity = 16) {
        std::vector<Lane> lanes;
        for (int i = 0; i < 3; ++i) {
            rings.push_back(std::make_unique<Ring<EdgeItem>>(ring_capacity));
            lanes.emplace_back(Lane::Target{rings.back().get(), nullptr, &nobody},
                               home.pool(pair_schema_, 8),
                               Lane::Address{1, 5, 0});
        }
        output = std::make_unique<ExchangeOutput>(
            ExchangeOutput::Settings{exchange, {0}, HashSeed::from(2), &maps}, std::move(lanes));
    }

    // What shard `index` has been sent: rows as pairs, words as their kind.
    std::string take(std::size_t index, std::vector<Pair>& rows) {
        std::string words;
        rings[index]->drain(1000, [&](const EdgeItem& item) {
            CHECK(item.port == 1);
            CHECK(item.channel == 5);
            constexpr std::array<const char*, 5> kNames{"d", "w", "i", "b", "e"};
            words += kNames[static_cast<std::size_t>(item.kind)];
            if (item.batch == nullptr) return;
            const std::vector<Pair> pairs = pairs_of(item.batch->view());
            rows.insert(rows.end(), pairs.begin(), pairs.end());
            home.send(std::unique_ptr<Batch>(item.batch));
        });
        return words;
    }

    SchemaPtr pair_schema_ = pair_schema();
};

TEST_CASE("exchange_output: each key goes to one shard, rows before words, nothing is lost") {
    Lanes lanes(Exchange::kHash);
    Batch batch(pair_schema());
    std::vector<Pair> all;
    for (std::int64_t round = 0; round < 5; ++round) {
        std::vector<Pair> pairs;
        for (std::int64_t i = 0; i < 1000; ++i)
            pairs.push_back({i % 77, round * 1000 + i});
        fill(batch, pairs);
        lanes.output->emit(batch.view(), Watermark::min());
        all.insert(all.end(), pairs.begin(), pairs.end());
    }
    lanes.output->advance({42});
    lanes.output->idle();
    lanes.output->barrier();
    lanes.output->end();
    CHECK(lanes.output->ready());
    std::vector<Pair> together;
    std::vector<std::size_t> shard_of(77, 99);
    for (std::size_t shard = 0; shard < 3; ++shard) {
        std::vector<Pair> rows;
        const std::string words = lanes.take(shard, rows);
        CHECK(words.ends_with("dwibe"));
        CHECK(std::is_sorted(rows.begin(), rows.end(), [](const Pair& a, const Pair& b) {
            return a.time < b.time;
        }));
        for (const Pair& row : rows) {
            std::size_t& owner = shard_of[static_cast<std::size_t>(row.key)];
            CHECK((owner == 99 || owner == shard));
            owner = shard;
        }
        together.insert(together.end(), rows.begin(), rows.end());
    }
    std::sort(all.begin(), all.end());
    std::sort(together.begin(), together.end());
    CHECK(together == all);
    CHECK(lanes.home.collect() > 0);
}

TEST_CASE("exchange_output: key groups have another owner behind the barrier, and not before") {
    Lanes lanes(Exchange::kHash);
    Batch batch(pair_schema());
    std::vector<Pair> pairs;
    for (std::int64_t key = 0; key < 300; ++key)
        pairs.push_back({key, 0});
    fill(batch, pairs);
    const auto emit_all = [&] { lanes.output->emit(batch.view(), Watermark::min()); };
    emit_all();
    GroupMoves moves;
    for (std::uint32_t group = 0; group < kKeyGroups; ++group)
        moves.push_back({group, (lanes.maps.current().owners[group] + 1U) % 3});
    lanes.maps.publish(lanes.maps.current().with(moves, 1));
    emit_all();
    lanes.output->flush();
    std::vector<std::vector<Pair>> before(3);
    for (std::size_t shard = 0; shard < 3; ++shard) {
        CHECK(lanes.take(shard, before[shard]) == "d");
        CHECK(before[shard].size() > 150);
    }
    lanes.output->barrier();
    emit_all();
    emit_all();
    lanes.output->flush();
    for (std::size_t shard = 0; shard < 3; ++shard) {
        std::vector<Pair> behind;
        CHECK(lanes.take((shard + 1) % 3, behind) == "bd");
        CHECK(behind == before[shard]);
    }
}

TEST_CASE("exchange_output: singleton rows go to shard 0, words to all; spread rows in turn") {
    Batch batch(pair_schema());
    fill(batch, {{1, 1}, {2, 2}});
    Lanes singleton(Exchange::kSingleton);
    singleton.output->emit(batch.view(), Watermark::min());
    singleton.output->end();
    std::vector<Pair> rows;
    CHECK(singleton.take(0, rows) == "de");
    CHECK(rows.size() == 2);
    CHECK(singleton.take(1, rows) == "e");
    Lanes spread(Exchange::kSpread);
    for (int i = 0; i < 3; ++i) {
        spread.output->emit(batch.view(), Watermark::min());
        spread.output->flush();
    }
    for (std::size_t shard = 0; shard < 3; ++shard)
        CHECK(spread.take(shard, rows) == "d");
}

TEST_CASE("exchange_output: a full ring makes it wait, and nothing overtakes") {
    Lanes lanes(Exchange::kSingleton, 2);
    Batch batch(pair_schema());
    for (std::int64_t i = 0; i < 6; ++i) {
        fill(batch, {{i, i}});
        lanes.output->emit(batch.view(), Watermark::min());
        lanes.output->advance({i});
    }
    CHECK_FALSE(lanes.output->ready());
    std::vector<Pair> rows;
    std::string words;
    for (int i = 0; i < 20; ++i) {
        for (std::size_t shard = 1; shard < 3; ++shard)
            static_cast<void>(lanes.take(shard, rows));
        words += lanes.take(0, rows);
        static_cast<void>(lanes.output->ready());
    }
    CHECK(lanes.output->ready());
    CHECK(words == "dwdwdwdwdwdw");
    CHECK(std::is_sorted(rows.begin(), rows.end()));
    CHECK(rows.size() == 6);
}

// Two producers into one stage of the merge agent.
struct Gathering {
    TurnClock clock;
    QueryControl control;
    std::shared_ptr<RecordingOutput::Log> log = std::make_shared<RecordingOutput::Log>();
    std::array<BatchHome, 2> homes{BatchHome(8), BatchHome(8)};
    SchemaPtr schema = pair_schema();
    Stage stage;
    StageInstance instance{stage, {{2}, {}, {}, false, &clock, &control}};
    Gather gather{{2}, 3};
    GatherQueue queue;

    using Groups = std::vector<std::size_t>;

    explicit Gathering(Groups groups) : queue(gather, instance, {std::move(groups)}) {
        instance.add_output(std::make_unique<RecordingOutput>(log));
    }

    bool push(std::uint16_t producer, ItemKind kind, std::int64_t watermark) {
        return push(producer, producer, kind, watermark);
    }

    bool push(std::uint16_t producer,
              std::uint32_t channel,
              ItemKind kind,
              std::int64_t watermark) {
        EdgeItem item{nullptr, {watermark}, channel, producer, 0, kind};
        if (kind == ItemKind::kData) {
            item.batch = homes[producer].pool(schema, 8).take().release();
            fill(*item.batch, {{producer, watermark}});
        }
        const bool is_pushed = gather.try_push(item);
        if (!is_pushed) std::unique_ptr<Batch>(item.batch).reset();
        return is_pushed;
    }

    std::size_t work() { return queue.work(100, {&homes[0], &homes[1]}, clock.now_ns); }
};

TEST_CASE("merge_agent: rows of a later window wait for those of an earlier one") {
    Gathering gathering({1, 2});
    CHECK(gathering.push(0, ItemKind::kData, 10));
    CHECK(gathering.push(0, ItemKind::kWatermark, 10));
    CHECK(gathering.push(0, ItemKind::kData, 20));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.empty());  // The other may still have a window before 10.
    CHECK(gathering.push(1, ItemKind::kData, 5));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows == std::vector<Pair>{{1, 5}});
    CHECK(gathering.push(1, ItemKind::kWatermark, 5));
    CHECK(gathering.push(1, ItemKind::kData, 10));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.size() == 3);
    CHECK(gathering.push(1, ItemKind::kIdle, 0));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.back() == Pair{0, 20});
}

TEST_CASE("merge_agent: a channel that is held back takes no room from its producer's others") {
    Gathering gathering({1, 2});
    for (int i = 0; i < 3; ++i)
        CHECK(gathering.push(0, 0, ItemKind::kData, 20));
    CHECK_FALSE(gathering.push(0, 0, ItemKind::kData, 20));
    CHECK(gathering.work() == 0);  // Everything waits for channel 1.
    CHECK(gathering.push(0, 1, ItemKind::kData, 10));
    CHECK(gathering.push(0, 1, ItemKind::kWatermark, 20));
    CHECK(gathering.work() == 5);
    CHECK(gathering.log->rows.front() == Pair{0, 10});
}

TEST_CASE("merge_agent: an idle shard holds back one that has woken, until it wakes as well") {
    Gathering gathering({1, 1});
    CHECK(gathering.push(0, ItemKind::kIdle, 0));
    CHECK(gathering.push(1, ItemKind::kIdle, 0));
    CHECK(gathering.push(0, ItemKind::kData, 20));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.empty());
    CHECK(gathering.push(1, ItemKind::kData, 10));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows == std::vector<Pair>{{1, 10}});
    CHECK(gathering.push(0, ItemKind::kIdle, 0));
    CHECK(gathering.push(1, ItemKind::kIdle, 0));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.back() == Pair{0, 20});
}

TEST_CASE("merge_agent: an idle shard holds back one that has woken and ended") {
    Gathering gathering({1, 1});
    CHECK(gathering.push(1, ItemKind::kIdle, 0));
    CHECK(gathering.push(0, ItemKind::kData, 20));
    CHECK(gathering.push(0, ItemKind::kEnd, 0));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.empty());
    CHECK(gathering.push(1, ItemKind::kData, 10));
    CHECK(gathering.push(1, ItemKind::kEnd, 0));
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows == std::vector<Pair>{{1, 10}, {0, 20}});
}

TEST_CASE("merge_agent: rows held back for ever go after a while") {
    Gathering gathering({1, 1});
    CHECK(gathering.push(0, ItemKind::kData, 20));
    CHECK(gathering.push(1, ItemKind::kWatermark, 10));
    static_cast<void>(gathering.work());
    gathering.clock.now_ns += GatherQueue::kStallNs - 1;
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows.empty());
    gathering.clock.now_ns += 1;
    static_cast<void>(gathering.work());
    static_cast<void>(gathering.work());
    CHECK(gathering.log->rows == std::vector<Pair>{{0, 20}});
}

TEST_CASE("merge_agent: without order rows go as they come; held back items keep their credits") {
    Gathering unordered({GatherQueue::kUnordered, GatherQueue::kUnordered});
    CHECK(unordered.push(0, ItemKind::kData, 10));
    static_cast<void>(unordered.work());
    CHECK(unordered.log->rows.size() == 1);
    Gathering ordered({1, 1});
    for (int i = 0; i < 3; ++i)
        CHECK(ordered.push(0, ItemKind::kData, 10));
    CHECK_FALSE(ordered.push(0, ItemKind::kData, 10));
    CHECK(ordered.work() == 0);
    CHECK_FALSE(ordered.push(0, ItemKind::kData, 10));  // Taken out, and not done with.
    CHECK(ordered.push(1, ItemKind::kWatermark, 10));   // The other has credits of its own.
    CHECK(ordered.work() == 4);
    CHECK(ordered.push(0, ItemKind::kData, 10));
    ordered.log->is_ready = false;
    CHECK(ordered.work() == 0);  // A stage that is full takes nothing.
    CHECK(ordered.log->rows.size() == 3);
}

}  // namespace
}  // namespace thalweg
