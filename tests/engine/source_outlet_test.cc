#include "engine/run/source_outlet.h"

#include "ops/expr/expr.h"
#include "state/base/random.h"
#include "tests/support/query_doubles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
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
    StageInstance instance{stage, {{1}, {}, {}, false, &clock, &control}};
    SourceStage source = test::source_stage("events", 0, 10 * kMs);
    std::unique_ptr<SourceOutlet> outlet;
    Batch batch{test::record_schema()};
    std::size_t rejected = 0;

    explicit Bench(bool is_bounded = false,
                   std::int64_t idle_timeout_ns = 0,
                   const ExprPtr& watermark = nullptr) {
        instance.add_output(std::make_unique<RecordingOutput>(log));
        source.event_time->idle_timeout_ns = idle_timeout_ns;
        if (watermark != nullptr) source.event_time->watermark = watermark;
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

// What a stage gets of one split whose watermark is the time less a delay, row after row: windows
// of 10 ms end at multiples of that, and are passed a millisecond before.
class OneByOne {
  public:
    explicit OneByOne(std::int64_t delay_ns) : delay_ns_(delay_ns) {}

    Events offer(const std::vector<Record>& records) {
        Events events;
        std::size_t count = 0;
        for (const Record& record : records) {
            if (count != 0 && passes() && record.time < last_end(*running_)) deliver(count, events);
            ++count;
            running_ = std::max(running_.value_or(INT64_MIN), record.time - delay_ns_);
        }
        deliver(count, events);
        return events;
    }

  private:
    static std::int64_t last_end(std::int64_t watermark) {
        return floor_div(watermark + kMs, 10 * kMs) * 10 * kMs;
    }

    [[nodiscard]] bool passes() const {
        return running_ && (!sent_ || last_end(*sent_) < last_end(*running_));
    }

    void deliver(std::size_t& count, Events& events) {
        const std::string before = sent_ ? std::to_string(*sent_) : "min";
        events.push_back("rows " + std::to_string(count) + " @" + before);
        count = 0;
        if (!passes()) return;
        sent_ = running_;
        events.push_back("watermark " + std::to_string(*sent_));
    }

    std::int64_t delay_ns_;
    std::optional<std::int64_t> running_;
    std::optional<std::int64_t> sent_;
};

// Steps around a millisecond, as a rule forward, so that many batches are in order and rows fall
// into the last millisecond of a window, where the watermark has passed it already.
std::vector<Record> some_records(Random& random, std::int64_t& time) {
    const bool is_ordered = random.below(4) != 0;
    const auto step_max = static_cast<std::uint64_t>(random.below(2) == 0 ? 3 * kMs : 30'000);
    std::vector<Record> records(1 + random.below(200));
    for (Record& record : records) {
        if (random.below(3) != 0) time += static_cast<std::int64_t>(random.below(step_max));
        if (!is_ordered && random.below(20) == 0) time -= 2 * kMs;
        record = {1, time, time};
    }
    return records;
}

TEST_CASE("source_outlet: cuts are those of rows one by one") {
    const Type day_to_second = Type::of(TypeKind::kIntervalDaySecond);
    for (const std::int64_t delay_ns : {std::int64_t{0}, kMs / 3, kMs - 1, kMs, 4 * kMs}) {
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            CAPTURE(delay_ns);
            CAPTURE(seed);
            Random random(seed);
            const ExprPtr column = make_column(1, Type::timestamp(9));
            const ExprPtr delay = make_literal(Value{delay_ns}, day_to_second);
            const ExprPtr watermark =
                delay_ns == 0 ? column : make_call("-", {column, delay}, {}).value();
            Bench bench(true, 0, watermark);
            OneByOne model(delay_ns);
            const SplitId split = bench.outlet->open_split();
            std::int64_t time = 1'000'000 * kMs;
            for (int i = 0; i < 20; ++i) {
                const std::vector<Record> records = some_records(random, time);
                fill(bench.batch, records);
                bench.outlet->offer(split, bench.batch);
                REQUIRE(bench.take() == model.offer(records));
            }
        }
    }
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

// Counts the rows that are filled.
struct CountedOwed final : OwedCells {
    std::vector<std::size_t> filled;

    void fill(Selection rows) override {
        rows.for_each([&](std::size_t row) { filled.push_back(row); });
    }
};

TEST_CASE("source_outlet: what is owed is filled before a batch is kept") {
    Bench bench;
    const SplitId split = bench.outlet->open_split();
    CountedOwed owed;
    const auto offer = [&](std::initializer_list<std::int64_t> times) {
        std::vector<Record> records;
        for (const std::int64_t time : times)
            records.push_back({1, time * kMs, time * kMs});
        fill(bench.batch, records);
        bench.batch.owe(owed);
        bench.outlet->offer(split, bench.batch);
    };
    offer({1, 2, 11});
    CHECK(owed.filled.empty());  // Who lets rows through fills them.
    bench.log->is_ready = false;
    offer({12, 13, 14});
    CHECK(bench.outlet->is_holding());
    CHECK(owed.filled == std::vector<std::size_t>{0, 1, 2});
    bench.log->is_ready = true;
    CHECK(bench.outlet->ready());
    CHECK_EQ(owed.filled.size(), 3);
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
