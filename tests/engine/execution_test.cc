#include "engine/run/execution.h"

#include "state/base/random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/query_doubles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::by_window;
using test::count_one_at_a_time;
using test::count_topology;
using test::CountOracle;
using test::Pair;
using test::Record;
using test::SinkLog;
using test::VectorInput;
using test::World;

constexpr std::int64_t kMs = kNanosPerMilli;
constexpr std::int64_t kWindow = 10 * kMs;

// Times move on by about a millisecond a record, with disorder of up to `disorder_ms`; the
// watermark follows the times at `delay_ms`.
std::vector<Record> disordered(std::uint64_t seed,
                               std::size_t count,
                               std::uint64_t disorder_ms,
                               std::int64_t delay_ms) {
    Random random(seed);
    std::vector<Record> records;
    std::int64_t now = 0;
    for (std::size_t i = 0; i < count; ++i) {
        now += static_cast<std::int64_t>(random.below(2 * kMs));
        const auto back = static_cast<std::int64_t>(random.below(disorder_ms * kMs + 1));
        const std::int64_t time = now - back;
        records.push_back(
            {static_cast<std::int64_t>(random.below(20)), time, time - delay_ms * kMs});
    }
    return records;
}

// An execution whose agents are called in a random order, with random budgets, until it is over.
struct Stepper {
    ManualClock clock;
    std::unique_ptr<Execution> execution;
    std::string open_error;
    std::vector<std::string> events;

    Stepper(const Topology& topology, const ExecutionSettings& settings, World& world) {
        auto opened = Execution::open(std::make_shared<const Topology>(topology),
                                      settings,
                                      world.connectors(),
                                      clock,
                                      [this](const QueryEvent& event) {
                                          events.push_back(std::string(event.event) + " " +
                                                           std::string(event.name) + " " +
                                                           std::string(event.text));
                                      });
        if (opened) {
            execution = *std::move(opened);
        } else {
            open_error = opened.error().message;
        }
    }

    // Returns whether it came to its end within `turns`.
    bool run(std::uint64_t seed, std::size_t turns = 2'000'000) {
        Random random(seed);
        const std::vector<Agent*> agents = execution->agents();
        for (std::size_t i = 0; i < turns && !execution->finished(); ++i) {
            clock.advance(static_cast<std::int64_t>(random.below(1000)));
            static_cast<void>(agents[random.below(agents.size())]->do_work(1 + random.below(4)));
        }
        return execution->finished();
    }
};

// What comes out when nothing is late.
std::vector<Pair> count_all(std::vector<Record> records) {
    for (Record& record : records)
        record.watermark = INT64_MIN;
    return count_one_at_a_time(records, kWindow).rows;
}

void check_balance(const QueryTotals& totals) {
    CHECK(totals.rows_in == totals.emitted + totals.malformed_sum() + totals.shed);
}

TEST_CASE("execution: the same results at 1, 2 and 4 shards, at batches of 1, 7 and 1,024") {
    struct Row {
        const char* name;
        std::uint64_t disorder_ms;
        std::int64_t delay_ms;
    };

    for (const Row& row : {Row{"in order", 0, 0},
                           Row{"disorder within the delay", 8, 10},
                           Row{"many late rows", 40, 0},
                           Row{"some late rows", 40, 15}}) {
        CAPTURE(row.name);
        const std::vector<Record> records = disordered(7, 3000, row.disorder_ms, row.delay_ms);
        const CountOracle expected = count_one_at_a_time(records, kWindow);
        for (const std::size_t shards : {1UL, 2UL, 4UL}) {
            for (const std::size_t batch_rows : {1UL, 7UL, 1024UL}) {
                for (const bool is_fused_allowed : {true, false}) {
                    CAPTURE(shards);
                    CAPTURE(batch_rows);
                    World world;
                    world.inputs["events"] = {{records}, 1024, true, false, 0, ""};
                    ExecutionSettings settings;
                    settings.shards = shards;
                    settings.segment_rows_max = batch_rows;
                    settings.is_fused_allowed = is_fused_allowed;
                    Stepper stepper(count_topology(kWindow), settings, world);
                    REQUIRE(stepper.run(1));
                    CHECK(by_window(world.logs["results"]->rows) == expected.rows);
                    const QueryTotals totals = stepper.execution->totals();
                    CHECK(totals.late == expected.late);
                    CHECK(totals.rows_in == records.size());
                    CHECK(totals.rows_out == expected.rows.size());
                    CHECK(totals.rows_out + totals.late == totals.emitted);
                    check_balance(totals);
                }
            }
        }
    }
}

TEST_CASE("execution: several sources begin in turn, a record of each") {
    constexpr std::int64_t kEach = 200;  // Fewer than are taken gently.
    World world;
    for (const std::int64_t key : {0, 1}) {
        std::vector<Record> records;
        for (std::int64_t i = 0; i < kEach; ++i)
            records.push_back({key, i * kMs, i * kMs});
        world.inputs[key == 0 ? "left" : "right"] = {{records}, 1024, true, false, 0, ""};
    }
    Topology topology;
    topology.sources = {test::source_stage("left", 0, kWindow),
                        test::source_stage("right", 0, kWindow)};
    Stage read = test::stage("read", Place::kIngest, {}, test::edge(Exchange::kGather, 1));
    read.output_schema = test::record_schema();
    topology.stages = {std::move(read),
                       test::stage("merge", Place::kMerge, {}, test::sink_edge(0))};
    SinkSpec sink;
    sink.name = "results";
    topology.sinks = {sink};
    Stepper stepper(topology, {}, world);
    REQUIRE(stepper.run(5));
    const std::vector<Pair>& rows = world.logs["results"]->rows;
    REQUIRE(rows.size() == 2 * kEach);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        CHECK(rows[i].key == static_cast<std::int64_t>(i % 2));
    }
}

TEST_CASE("execution: the size of a source's batches is invisible") {
    const std::vector<Record> records = disordered(11, 2000, 40, 5);
    const CountOracle expected = count_one_at_a_time(records, kWindow);
    CHECK(expected.late > 10);
    for (const std::size_t batch_rows : {1UL, 2UL, 3UL, 100UL, 1024UL}) {
        World world;
        world.inputs["events"] = {{records}, batch_rows, true, false, 0, ""};
        Stepper stepper(count_topology(kWindow), {}, world);
        REQUIRE(stepper.run(3));
        CHECK(by_window(world.logs["results"]->rows) == expected.rows);
        CHECK(stepper.execution->totals().late == expected.late);
    }
}

// Connections that ended in an earlier life must not hold the watermark back because this one is
// stopped while it does them again: rows would be counted that were late.
TEST_CASE(
    "execution: a stop waits for the end of a replay, and splits that close in it have ended") {
    World world;
    VectorInput& input = world.inputs["events"];
    input.is_bounded = false;
    input.is_replay = true;
    input.splits = {{{1, 5 * kMs, 5 * kMs}}, {{2, 5 * kMs, 5 * kMs}, {2, 105 * kMs, 105 * kMs}}};
    world.logs["results"] = std::make_shared<SinkLog>();
    Stepper stepper(count_topology(kWindow), {}, world);
    stepper.execution->request_stop();
    REQUIRE(stepper.run(1));
    CHECK(world.logs["results"]->rows.size() == 2);  // The window up to 10 ms, of both keys.
    CHECK(stepper.execution->totals().rows_in == 3);
}

TEST_CASE(
    "execution: 200 seeds, any schedule, tiny rings, slow sinks: all rows, windows in order") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        World world;
        VectorInput& input = world.inputs["events"];
        std::vector<Record> all;
        for (std::size_t split = 0; split < 1 + random.below(4); ++split) {
            // The delay covers the disorder within and between splits: nothing is late.
            input.splits.push_back(disordered(seed * 31 + split, 50 + random.below(300), 20, 25));
            all.insert(all.end(), input.splits.back().begin(), input.splits.back().end());
        }
        input.batch_rows = 1 + random.below(100);
        input.reject_every = random.below(3);
        world.logs["results"] = std::make_shared<SinkLog>();
        world.logs["results"]->is_ready = [&random] { return random.below(4) == 0; };
        ExecutionSettings settings;
        settings.shards = 1 + random.below(4);
        settings.ingest_agents = 1 + random.below(3);
        settings.ring_capacity = std::size_t{2} << random.below(3);
        settings.gather_credits = 2 + random.below(6);
        settings.segment_rows_max = 1 + random.below(64);
        Stepper stepper(count_topology(kWindow), settings, world);
        REQUIRE(stepper.run(seed));
        const std::vector<Pair>& rows = world.logs["results"]->rows;
        CHECK(by_window(rows) == count_all(all));
        CHECK(std::is_sorted(rows.begin(), rows.end(), [](const Pair& a, const Pair& b) {
            return a.time < b.time;
        }));
        CHECK(stepper.execution->totals().late == 0);
        check_balance(stepper.execution->totals());
    }
}

}  // namespace
}  // namespace thalweg
