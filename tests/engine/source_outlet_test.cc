#include "engine/run/source_outlet.h"

#include "tests/support/query_doubles.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::fill;
using test::Record;
using test::RecordingOutput;

constexpr std::int64_t kMs = kNanosPerMilli;
constexpr std::int64_t kNull = Record::kNullTime;
using Events = std::vector<std::string>;

// An outlet before a stage that writes down what it gets. Windows of 10 ms.
struct Bench {
    TurnClock clock;
    QueryControl control;
    SourceShared shared;
    std::shared_ptr<RecordingOutput::Log> log = std::make_shared<RecordingOutput::Log>();
    Stage stage;
    StageInstance instance{stage, {{1}, false, &clock, &control}};
    SourceStage source = test::source_stage("events", 0, 10 * kMs);
    std::unique_ptr<SourceOutlet> outlet;
    Batch batch{test::record_schema()};
    std::size_t rejected = 0;

    explicit Bench(bool is_bounded = false, std::int64_t idle_timeout_ns = 0) {
        instance.add_output(std::make_unique<RecordingOutput>(log));
        source.event_time->idle_timeout_ns = idle_timeout_ns;
        SourceOutlet::Settings settings;
        settings.source = &source;
        settings.stage = &instance;
        settings.shared = &shared;
        settings.clock = &clock;
        settings.control = &control;
        settings.is_bounded = is_bounded;
        settings.on_reject = [this](const std::string&, const Rejected&) { ++rejected; };
        outlet = std::make_unique<SourceOutlet>(std::move(settings));
    }

    // Records whose watermark is their time, in milliseconds.
    void offer(SplitId split, const std::vector<std::int64_t>& times) {
        std::vector<Record> records;
        for (const std::int64_t time : times) {
            const std::int64_t ns = time == kNull ? kNull : time * kMs;
            records.push_back({1, ns, ns});
        }
        fill(batch, records);
        outlet->offer(split, batch);
    }

    Events take() {
        Events events;
        events.swap(log->events);
        return events;
    }
};

TEST_CASE("source_outlet: a batch is cut where a row comes after the end of its window") {
    Bench bench;
    const SplitId split = bench.outlet->open_split();
    bench.offer(split, {1, 2, 3});
    CHECK(bench.take() == Events{"rows 3 @min", "watermark 3000000"});  // The first is passed on.
    bench.offer(split, {4, 5, 2, 8});  // Disorder within a window: no cut, and nothing to say.
    CHECK(bench.take() == Events{"rows 4 @3000000"});
    bench.offer(split, {11, 12, 25});  // Passes ends that no row falls before: no cut.
    CHECK(bench.take() == Events{"rows 3 @3000000", "watermark 25000000"});
    bench.offer(split, {26, 31, 34, 28, 35});  // 28 is late once 31 has been seen.
    CHECK(bench.take() == Events{"rows 3 @25000000", "watermark 34000000", "rows 2 @34000000"});
    bench.offer(split, {kNull, kNull});  // No time, no watermark.
    bench.outlet->flush();
    CHECK(bench.take() == Events{"rows 2 @34000000", "watermark 35000000", "flush"});
}

TEST_CASE("source_outlet: the watermark is the least of the live splits") {
    Bench bench;
    const SplitId fast = bench.outlet->open_split();
    const SplitId slow = bench.outlet->open_split();
    bench.offer(fast, {50});
    bench.outlet->flush();
    CHECK(bench.take() == Events{"rows 1 @min", "flush"});
    bench.offer(slow, {20});
    CHECK(bench.take() == Events{"rows 1 @min", "watermark 20000000"});
    bench.outlet->close_split(slow);
    CHECK(bench.take() == Events{"watermark 50000000"});
    bench.outlet->close_split(fast);
    CHECK(bench.take() == Events{"flush", "idle"});
    const SplitId late = bench.outlet->open_split();
    CHECK(bench.take() == Events{"watermark 50000000"});  // Somebody is there again.
    bench.offer(late, {10, 61});
    CHECK(bench.take() == Events{"rows 2 @50000000", "watermark 61000000"});
}

TEST_CASE("source_outlet: a split that closes after a stop goes on holding the watermark back") {
    Bench bench;
    const SplitId fast = bench.outlet->open_split();
    const SplitId slow = bench.outlet->open_split();
    bench.offer(fast, {50});
    bench.offer(slow, {20});
    static_cast<void>(bench.take());
    bench.outlet->stop();
    bench.outlet->close_split(slow);
    bench.outlet->close_split(fast);
    CHECK(bench.take().empty());
    bench.outlet->end(false);
    CHECK(bench.take() == Events{"flush", "end"});
}

TEST_CASE("source_outlet: silent splits are left out") {
    Bench bench(false, 5 * kNanosPerSecond);
    const SplitId talker = bench.outlet->open_split();
    const SplitId mute = bench.outlet->open_split();
    bench.offer(talker, {20});
    static_cast<void>(bench.take());
    bench.clock.now_ns = kNanosPerSecond / 2;
    static_cast<void>(bench.outlet->resume());
    CHECK(bench.take().empty());
    bench.clock.now_ns = 2 * kNanosPerSecond;  // It never sent anything, for more than a second.
    static_cast<void>(bench.outlet->resume());
    CHECK(bench.take() == Events{"watermark 20000000"});
    bench.clock.now_ns = 10 * kNanosPerSecond;  // The talker has been silent for five.
    static_cast<void>(bench.outlet->resume());
    CHECK(bench.take() == Events{"flush", "idle"});
    bench.offer(mute, {30});
    CHECK(bench.take() == Events{"watermark 20000000", "rows 1 @20000000", "watermark 30000000"});
}

TEST_CASE("source_outlet: an agent without splits waits until some agent has had one") {
    Bench bench;
    static_cast<void>(bench.outlet->resume());
    CHECK(bench.take().empty());
    bench.shared.splits_opened.fetch_add(1, std::memory_order_relaxed);
    static_cast<void>(bench.outlet->resume());
    CHECK(bench.take() == Events{"idle"});
    Bench bounded(true);
    bounded.shared.splits_opened.fetch_add(1, std::memory_order_relaxed);
    static_cast<void>(bounded.outlet->resume());
    CHECK(bounded.take().empty());  // A file that is yet to be opened counts.
    bounded.outlet->end(true);
    CHECK(bounded.take() == Events{"watermark max", "flush", "end"});
}

TEST_CASE("source_outlet: what has no room is held, a split may close meanwhile") {
    Bench bench;
    const SplitId split = bench.outlet->open_split();
    bench.offer(split, {1});
    static_cast<void>(bench.take());
    bench.log->is_ready = false;
    CHECK_FALSE(bench.outlet->ready());
    bench.offer(split, {2, 15, 3});
    bench.outlet->flush();
    bench.outlet->close_split(split);
    CHECK(bench.outlet->is_holding());
    CHECK(bench.take().empty());
    bench.log->is_ready = true;
    CHECK(bench.outlet->ready());
    CHECK(bench.take() ==
          Events{"rows 2 @1000000", "watermark 15000000", "rows 1 @15000000", "flush", "idle"});
    CHECK(bench.outlet->rows_delivered() == 4);
}

TEST_CASE("source_outlet: rejected records are counted, and fail the query if none may be") {
    Bench bench;
    const Rejected record{RejectReason::kTooLong, "", "...", "1.2.3.4:5", 99};
    bench.outlet->reject(record);
    CHECK(bench.rejected == 1);
    CHECK(bench.outlet->rejected()[static_cast<std::size_t>(RejectReason::kTooLong)] == 1);
    CHECK_FALSE(bench.control.failed());
    bench.source.source.format.ignore_parse_errors = false;
    bench.outlet->reject(record);
    CHECK(bench.control.error() ==
          "table events: a record could not be read (too long) and 'ignore-parse-errors' is "
          "'false': 1.2.3.4:5, offset 99");
}

}  // namespace
}  // namespace thalweg
