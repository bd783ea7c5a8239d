#include "engine/run/direct_output.h"
#include "engine/run/stage_instance.h"
#include "tests/support/stage_doubles.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::fill;
using test::HoldOp;
using test::Pair;
using test::pair_schema;
using test::RecordingOutput;
using test::WindowCountOp;

constexpr std::int64_t kMs = kNanosPerMilli;
using Events = std::vector<std::string>;

struct Bench {
    TurnClock clock;
    QueryControl control;
    std::shared_ptr<RecordingOutput::Log> log = std::make_shared<RecordingOutput::Log>();
    Stage stage;
    std::unique_ptr<StageInstance> instance;
    Batch batch{pair_schema()};

    Bench(std::vector<OpFactory> ops, std::vector<std::size_t> channels) {
        stage.ops = std::move(ops);
        stage.port_count = channels.size();
        stage.output_schema = pair_schema();
        instance = std::make_unique<StageInstance>(
            stage, StageInstance::Settings{std::move(channels), {}, false, &clock, &control});
        instance->add_output(std::make_unique<RecordingOutput>(log));
    }

    void feed(const std::vector<Pair>& rows, std::size_t port = 0, std::size_t channel = 0) {
        fill(batch, rows);
        instance->process(port, channel, batch.view());
    }

    Events take_events() {
        Events events;
        events.swap(log->events);
        return events;
    }
};

TEST_CASE("barrier: it goes on when the last channel has brought its own") {
    Bench bench({}, {2, 1});
    bench.instance->barrier(0, 1);
    CHECK(bench.instance->is_barred(0, 1));
    CHECK(!bench.instance->is_barred(0, 0));
    bench.feed({{1, 1}}, 0, 0);  // Still of the epoch.
    bench.instance->barrier(1, 0);
    bench.feed({{2, 2}}, 0, 0);
    CHECK(bench.take_events() == Events{"rows 1 @min", "rows 1 @min"});
    CHECK(bench.instance->barriers_passed() == 0);
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events() == Events{"barrier"});
    CHECK(bench.instance->barriers_passed() == 1);
    CHECK(!bench.instance->is_barred(0, 1));
    bench.feed({{3, 3}}, 0, 1);
    CHECK(bench.take_events() == Events{"rows 1 @min"});
}

TEST_CASE("barrier: a channel that has ended is not waited for") {
    Bench bench({}, {2});
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events().empty());
    bench.instance->end(0, 1);
    CHECK(bench.take_events() == Events{"barrier"});
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events() == Events{"barrier"});
    CHECK(bench.instance->barriers_passed() == 2);
}

TEST_CASE("barrier: what an operator holds back goes in front of it") {
    Bench bench({[] { return std::make_unique<HoldOp>(); }}, {1});
    bench.feed({{1, 1}, {2, 2}});
    CHECK(bench.take_events().empty());
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events() == Events{"rows 2 @min", "barrier"});
}

TEST_CASE("barrier: bulk work is finished first, however full the outputs are") {
    Bench bench({[] { return std::make_unique<WindowCountOp>(10 * kMs, 1); }}, {1});
    bench.feed({{1, 1 * kMs}, {2, 2 * kMs}, {3, 3 * kMs}});
    bench.log->is_ready = false;
    bench.instance->advance(0, 0, {50 * kMs});
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events().empty());
    CHECK(bench.instance->is_barred(0, 0));
    bench.log->is_ready = true;
    while (bench.instance->resume()) {
    }
    const std::string at = std::to_string(50 * kMs);
    CHECK(bench.take_events() ==
          Events{"rows 1 @" + at, "rows 1 @" + at, "rows 1 @" + at, "watermark " + at, "barrier"});
    CHECK(bench.instance->barriers_passed() == 1);
}

TEST_CASE("barrier: a stage called directly is not given rows from behind it") {
    Bench below({}, {2});
    Bench above({}, {1});
    above.instance->add_output(std::make_unique<DirectOutput>(*below.instance, 0, 0));
    above.instance->barrier(0, 0);
    CHECK(above.instance->barriers_passed() == 1);
    CHECK(below.instance->barriers_passed() == 0);
    CHECK(!above.instance->ready());  // Its rows would be of the next epoch.
    CHECK(below.instance->ready());   // Those of the other channel are of this one.
    below.instance->barrier(0, 1);
    CHECK(below.instance->barriers_passed() == 1);
    CHECK(above.instance->ready());
}

TEST_CASE("barrier: a stage that has ended passes it when told") {
    Bench bench({}, {1});
    bench.instance->end(0, 0);
    static_cast<void>(bench.take_events());
    bench.instance->pass_ended_barrier();
    CHECK(bench.instance->barriers_passed() == 1);
    CHECK(bench.take_events().empty());  // Who is behind it has heard of the end.
}

}  // namespace
}  // namespace thalweg
