#include "engine/run/query.h"

#include "state/base/random.h"
#include "tests/support/query_doubles.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::by_window;
using test::count_one_at_a_time;
using test::count_topology;
using test::CountOracle;
using test::Record;
using test::SinkLog;
using test::VectorInput;
using test::World;

constexpr std::int64_t kMs = kNanosPerMilli;
constexpr std::int64_t kWindow = 10 * kMs;

// A time a tenth of a millisecond after the other, with some 15 ms behind among them: late, if the
// watermark has no delay.
std::vector<Record> stream(std::size_t count, std::int64_t delay_ns = 0) {
    Random random(5);
    std::vector<Record> records;
    for (std::size_t i = 0; i < count; ++i) {
        const auto now = static_cast<std::int64_t>(i) * kMs / 10;
        const std::int64_t time = random.below(50) == 0 ? now - 15 * kMs : now;
        records.push_back({static_cast<std::int64_t>(random.below(50)), time, time - delay_ns});
    }
    return records;
}

// A world of one input and one sink, and a query on real threads.
struct Bench {
    World world;
    RealClock clock;
    Log log{clock};
    Topology topology = count_topology(kWindow);
    RunOptions options;

    explicit Bench(VectorInput input) {
        log.set_level(LogLevel::kError);
        world.inputs["events"] = std::move(input);
        world.logs["results"] = std::make_shared<SinkLog>();
    }

    SinkLog& results() { return *world.logs["results"]; }

    std::unique_ptr<Query> start() {
        auto query = Query::start(
            std::make_shared<const Topology>(topology), options, world.connectors(), clock, log);
        REQUIRE(query.has_value());
        return *std::move(query);
    }
};

TEST_CASE("query: threads give what one row at a time gives") {
    for (const std::size_t shards : {1UL, 2UL, 4UL}) {
        for (const std::size_t ingest_threads : {1UL, 2UL}) {
            // What is late depends on who comes first when two threads read.
            const std::vector<Record> records = stream(20'000, ingest_threads == 1 ? 0 : 16 * kMs);
            const CountOracle expected = count_one_at_a_time(records, kWindow);
            CHECK((expected.late > 100) == (ingest_threads == 1));
            CAPTURE(shards);
            CAPTURE(ingest_threads);
            Bench bench({{records}, 300, true, false, 7, ""});
            bench.options.shards = shards;
            bench.options.ingest_threads = ingest_threads;
            const std::unique_ptr<Query> query = bench.start();
            const Summary summary = query->wait();
            CHECK(summary.error.empty());
            CHECK(by_window(bench.results().rows) == expected.rows);
            CHECK(bench.results().is_closed);
            CHECK(summary.totals.late == expected.late);
            CHECK(summary.totals.malformed_sum() == (20'000 / 300 + 1) / 7);
            CHECK(summary.totals.rows_in ==
                  summary.totals.emitted + summary.totals.malformed_sum());
            CHECK(summary.totals.rows_out == expected.rows.size());
            CHECK(summary.elapsed_ns > 0);
        }
    }
}

TEST_CASE("query: after a stop, open windows stay silent unless they are to fire") {
    std::vector<Record> records;
    for (std::int64_t i = 0; i < 25; ++i)
        records.push_back({i, i * kMs, i * kMs});

    struct Row {
        DrainPolicy drain;
        bool fires_all;
    };

    for (const Row& row : {Row{DrainPolicy::kAuto, false},
                           Row{DrainPolicy::kNever, false},
                           Row{DrainPolicy::kAlways, true}}) {
        for (const std::size_t shards : {1UL, 3UL}) {
            CAPTURE(shards);
            Bench bench({{records}, 10, false, true, 0, ""});
            bench.options.shards = shards;
            bench.options.drain = row.drain;
            const std::unique_ptr<Query> query = bench.start();
            while (query->snapshot().totals.rows_in < 25)
                CHECK_FALSE(query->wait_for(kMs));
            query->request_stop();
            const Summary summary = query->wait();
            CHECK(summary.error.empty());
            CHECK(by_window(bench.results().rows) ==
                  count_one_at_a_time(records, kWindow, row.fires_all).rows);
        }
    }
}

TEST_CASE("query: at the end of bounded inputs everything fires, unless it must not") {
    const std::vector<Record> records{{1, 0, 0}, {2, 25 * kMs, 25 * kMs}};
    for (const bool fires_all : {true, false}) {
        Bench bench({{records}, 10, true, false, 0, ""});
        bench.options.drain = fires_all ? DrainPolicy::kAuto : DrainPolicy::kNever;
        CHECK(bench.start()->wait().error.empty());
        CHECK(bench.results().rows == count_one_at_a_time(records, kWindow, fires_all).rows);
    }
}

TEST_CASE("query: a sink that takes nothing makes the source stop reading") {
    for (const std::size_t shards : {1UL, 3UL}) {
        CAPTURE(shards);
        const std::vector<Record> records = stream(400'000);
        Bench bench({{records}, 1024, true, false, 0, ""});
        // Stateless: every row reaches the sink.
        bench.topology.stages[1].ops.clear();
        bench.topology.stages[1].output_schema = test::record_schema();
        bench.options.shards = shards;
        std::atomic<bool> is_open{false};
        bench.results().is_ready = [&is_open] {
            return is_open.load(std::memory_order_acquire);  // Acquire: test.
        };
        const std::unique_ptr<Query> query = bench.start();
        std::uint64_t before = UINT64_MAX;
        std::uint64_t now = query->snapshot().totals.rows_in;
        for (int still = 0; still < 5; still = now == before ? still + 1 : 0) {
            CHECK_FALSE(query->wait_for(10 * kMs));
            before = now;
            now = query->snapshot().totals.rows_in;
        }
        // What the rings, the credits and the open batches hold, and no more.
        CHECK(now <= 1024 * (32 * 2 + 32 + 8) * shards);
        is_open.store(true, std::memory_order_release);  // Release: test.
        CHECK(query->wait().error.empty());
        CHECK(bench.results().rows.size() == 400'000);
    }
}

// A steady clock that is two hundred times as fast.
class HastyClock final : public Clock {
  public:
    [[nodiscard]] std::int64_t steady_now_ns() const noexcept override {
        return real_.steady_now_ns() * 200;
    }

    [[nodiscard]] std::int64_t wall_now_ns() const noexcept override { return real_.wall_now_ns(); }

  private:
    RealClock real_;
};

TEST_CASE("query: a stop does not wait for ever for a sink that takes nothing") {
    for (const std::size_t shards : {1UL, 2UL}) {
        Bench bench({{stream(20'000)}, 300, false, true, 0, ""});
        bench.results().is_ready = [] { return false; };
        bench.options.shards = shards;
        const HastyClock clock;
        auto query = Query::start(std::make_shared<const Topology>(bench.topology),
                                  bench.options,
                                  bench.world.connectors(),
                                  clock,
                                  bench.log);
        REQUIRE(query.has_value());
        (*query)->request_stop();
        const Summary summary = (*query)->wait();
        CHECK(summary.error.find("it took nothing") != std::string::npos);
    }
}

TEST_CASE("query: a sink's failure ends it") {
    for (const std::size_t shards : {1UL, 2UL}) {
        Bench bench({{stream(50'000)}, 100, true, false, 0, ""});
        bench.options.shards = shards;
        bench.results().fail_after = 1000;
        CHECK(bench.start()->wait().error == "the disk is full");
    }
}

TEST_CASE("query: a malformed record ends it where none may be skipped") {
    for (const std::size_t shards : {1UL, 2UL}) {
        Bench bench({{stream(5'000)}, 100, true, false, 5, ""});
        bench.options.shards = shards;
        bench.topology.sources[0].source.format.ignore_parse_errors = false;
        CHECK(bench.start()->wait().error ==
              "table events: a record could not be read (malformed, not a record) and "
              "'ignore-parse-errors' is 'false': peer, offset 17");
    }
}

TEST_CASE("query: an operator's failure ends it") {
    for (const std::size_t shards : {1UL, 2UL}) {
        Bench bench({{{{1, 1, 1}, {-1, 2, 2}}}, 100, true, false, 0, ""});
        bench.options.shards = shards;
        bench.topology.stages[1].ops = {[] { return std::make_unique<test::TimerOp>(Op::kNever); }};
        CHECK(bench.start()->wait().error == "key -1 cannot be");
    }
}

TEST_CASE("query: what cannot be opened fails the start, with its message") {
    Bench bench({{}, 100, true, false, 0, "port 9000 is in use"});
    auto query = Query::start(std::make_shared<const Topology>(bench.topology),
                              bench.options,
                              bench.world.connectors(),
                              bench.clock,
                              bench.log);
    REQUIRE_FALSE(query.has_value());
    CHECK(query.error().message == "port 9000 is in use");
}

TEST_CASE("query: which agents share a thread") {
    using Layout = std::vector<std::vector<std::size_t>>;

    struct Case {
        ThreadCounts counts;
        Layout layout;
    };

    const Case cases[] = {
        {{1, 2, 4}, {{0}, {1}, {2}, {3}}},
        {{1, 2, 3}, {{0, 3}, {1}, {2}}},
        {{2, 2, 2}, {{0, 2, 4}, {1, 3}}},
        {{2, 2, 3}, {{0, 2, 4}, {1, 3}}},
        {{1, 3, 2}, {{0, 1, 4}, {2}, {3}}},
        {{3, 1, 1}, {{0, 3, 4}, {1}, {2}}},
        {{1, 1, 1}, {{0, 1, 2}}},
    };
    for (const Case& one : cases) {
        CAPTURE(one.counts.ingest_threads);
        CAPTURE(one.counts.shards);
        CAPTURE(one.counts.cpus);
        CHECK(thread_layout(one.counts) == one.layout);
    }
}

TEST_CASE("query: the summary in one line") {
    Summary summary;
    summary.totals.rows_in = 1'234'567;
    summary.totals.rows_out = 96;
    summary.totals.malformed[0] = 7;
    summary.totals.malformed[1] = 5;
    summary.elapsed_ns = 2 * kNanosPerSecond;
    CHECK(to_string(summary) ==
          "rows in 1,234,567, rows out 96, malformed 12 (malformed 7, wrong type 5), late 0, "
          "filtered 0, shed 0, kernel-dropped 0, elapsed 2.000 s, rate 617,283 rows/s");
    summary.totals.repeated = 3'000;
    summary.totals.refused = 2;
    CHECK(to_string(summary).ends_with(
        "kernel-dropped 0, repeated 3,000, connections refused 2, elapsed 2.000 s, rate 617,283 "
        "rows/s"));
}

}  // namespace
}  // namespace thalweg
