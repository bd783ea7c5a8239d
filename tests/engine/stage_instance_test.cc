#include "engine/run/stage_instance.h"

#include "engine/run/direct_output.h"
#include "tests/support/stage_doubles.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::Events;
using test::fill;
using test::HoldOp;
using test::Pair;
using test::pair_schema;
using test::StageBench;
using test::TimerOp;
using test::WindowCountOp;

constexpr std::int64_t kMs = kNanosPerMilli;

OpFactory window_count(std::int64_t width, std::size_t emit_rows_max = 2) {
    return [=] { return std::make_unique<WindowCountOp>(width, emit_rows_max); };
}

TEST_CASE("stage_instance: the watermark is the minimum over the channels of all ports") {
    StageBench bench({}, {2, 1});
    bench.instance->advance(0, 0, {10});
    bench.instance->advance(0, 1, {20});
    CHECK(bench.take_events().empty());
    bench.instance->advance(1, 0, {15});
    CHECK(bench.take_events() == Events{"watermark 10"});
    bench.instance->advance(0, 0, {30});
    CHECK(bench.take_events() == Events{"watermark 15"});
    bench.instance->advance(0, 0, {25});  // Never back.
    bench.instance->advance(1, 0, {40});
    CHECK(bench.take_events() == Events{"watermark 20"});
}

TEST_CASE("stage_instance: an idle channel holds nothing back until it speaks again") {
    StageBench bench({}, {2});
    bench.instance->advance(0, 0, {10});
    bench.instance->idle(0, 1);
    CHECK(bench.take_events() == Events{"watermark 10"});
    bench.instance->idle(0, 0);
    CHECK(bench.take_events() == Events{"flush", "idle"});
    bench.instance->advance(0, 1, {5});  // Behind: active again, and the watermark stays.
    CHECK(bench.take_events() == Events{"watermark 10"});
    bench.instance->advance(0, 0, {30});
    CHECK(bench.take_events().empty());
    bench.instance->advance(0, 1, {20});
    CHECK(bench.take_events() == Events{"watermark 20"});
    bench.instance->advance(0, 0, Watermark::max());
    bench.instance->idle(0, 1);  // Idle is not ended: the other's end does not fire everything.
    CHECK(bench.take_events().empty());
}

// As where a join gets rows of a source, and on port 1 sums of the same rows, by a longer way.
TEST_CASE("stage_instance: an idle channel holds while another one has what will wake it") {
    StageBench bench({}, {2, 1}, false, {{{}, {}}, {{{0, 0}, {0, 1}}}});
    bench.instance->advance(0, 0, {10});
    bench.instance->advance(0, 1, {10});
    bench.instance->advance(1, 0, {10});
    CHECK(bench.take_events() == Events{"watermark 10"});
    for (const std::size_t channel : {std::size_t{0}, std::size_t{1}})
        bench.instance->idle(0, channel);
    bench.instance->idle(1, 0);
    CHECK(bench.take_events() == Events{"flush", "idle"});
    bench.instance->advance(0, 1, {50});  // The sums of rows before 50 are on their way.
    CHECK(bench.take_events() == Events{"watermark 10"});
    bench.instance->advance(1, 0, {40});
    CHECK(bench.take_events() == Events{"watermark 40"});
    bench.instance->idle(1, 0);
    CHECK(bench.take_events().empty());
    bench.instance->idle(0, 1);  // What it said before has yet to come the longer way, too.
    CHECK(bench.take_events().empty());
    bench.instance->advance(1, 0, {50});
    CHECK(bench.take_events() == Events{"watermark 50"});
    bench.instance->idle(1, 0);
    CHECK(bench.take_events() == Events{"flush", "idle"});
    bench.instance->advance(0, 0, {60});
    CHECK(bench.take_events() == Events{"watermark 50"});
    bench.instance->end(0, 0);  // Who has ended wakes nobody.
    CHECK(bench.take_events() == Events{"watermark 60"});
}

TEST_CASE("stage_instance: the longer way moves no further than the shorter ones have been heard") {
    StageBench bench({}, {2, 1}, false, {{{}, {}}, {{}}}, {{{}, {}}, {{{0, 0}, {0, 1}}}});
    bench.instance->idle(0, 0);
    bench.instance->idle(0, 1);
    bench.instance->advance(1, 0, {50});  // By rows that the others have yet to bring.
    CHECK(bench.take_events().empty());
    bench.feed({{1, 1}}, 0, 1);
    bench.instance->advance(0, 1, {50});
    CHECK(bench.take_events() == Events{"rows 1 @min", "watermark 50"});
}

TEST_CASE("stage_instance: all idle, it has come as far as the furthest, whoever slept first") {
    for (const std::size_t first : {0UL, 1UL}) {
        StageBench bench({}, {2});
        bench.instance->advance(0, 0, {10});
        bench.instance->advance(0, 1, {30});
        bench.instance->idle(0, first);
        bench.instance->idle(0, 1 - first);
        CHECK(bench.instance->watermark() == Watermark{30});
    }
}

// Otherwise a shard that had heard only of the end would wait for the idle channel's, whose agent
// may be held up by a shard that had heard the words between, and whose rows wait for the first.
TEST_CASE("stage_instance: ends beside idle channels let it go as far as those had come") {
    StageBench bench({}, {3});
    bench.instance->advance(0, 0, {20});
    bench.instance->idle(0, 0);
    bench.instance->advance(0, 1, {10});
    bench.instance->idle(0, 1);
    CHECK(bench.take_events().empty());
    bench.instance->advance(0, 2, Watermark::max());
    CHECK(bench.take_events() == Events{"watermark 20"});
    bench.instance->end(0, 2);
    bench.instance->advance(0, 0, Watermark::max());
    bench.instance->end(0, 0);
    CHECK(bench.take_events().empty());  // The last idle one may still wake.
    bench.instance->advance(0, 1, Watermark::max());
    CHECK(bench.take_events() == Events{"watermark max"});
}

TEST_CASE("stage_instance: it ends when all channels have, and fires only if they say so") {
    SUBCASE("bounded input") {
        StageBench bench({window_count(10 * kMs)}, {2});
        bench.feed({{1, 0}});
        bench.instance->advance(0, 0, Watermark::max());
        bench.instance->end(0, 0);
        CHECK(bench.take_events().empty());
        bench.instance->advance(0, 1, Watermark::max());
        bench.instance->end(0, 1);
        CHECK(bench.take_events() == Events{"rows 1 @max", "watermark max", "flush", "end"});
        CHECK(bench.instance->has_ended());
    }
    SUBCASE("stopped") {
        StageBench bench({window_count(10 * kMs)}, {2});
        bench.feed({{1, 0}});
        bench.instance->advance(0, 0, {5 * kMs});
        bench.instance->end(0, 0);
        bench.instance->advance(0, 1, {50 * kMs});
        CHECK(bench.take_events() == Events{"watermark 5000000"});
        bench.instance->end(0, 1);
        CHECK(bench.take_events() == Events{"flush", "end"});
    }
}

TEST_CASE("stage_instance: an advance that emits much is resumed as the output takes it") {
    StageBench bench({window_count(10 * kMs)}, {1});
    bench.feed({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 11 * kMs}});
    bench.log->is_ready = false;
    bench.instance->advance(0, 0, {9 * kMs});
    bench.instance->advance(0, 0, {30 * kMs});  // Taken down while busy.
    bench.instance->end(0, 0);
    CHECK(bench.instance->is_busy());
    CHECK_FALSE(bench.instance->ready());
    CHECK(bench.take_events().empty());
    bench.log->is_ready = true;
    CHECK(bench.instance->resume());
    CHECK(bench.take_events() == Events{"rows 2 @9000000",
                                        "rows 2 @9000000",
                                        "watermark 9000000",
                                        "rows 1 @30000000",
                                        "watermark 30000000",
                                        "flush",
                                        "end"});
    CHECK(bench.instance->counters().rows_in == 5);
    CHECK(bench.instance->counters().rows_out == 5);
}

TEST_CASE("stage_instance: stepwise, each window has a watermark of its own") {
    StageBench bench({window_count(10 * kMs, 100)}, {1}, true);
    bench.feed({{1, 0}, {2, 25 * kMs}, {3, 11 * kMs}});
    bench.instance->advance(0, 0, {40 * kMs});
    CHECK(bench.take_events() == Events{"rows 1 @9000000",
                                        "watermark 9000000",
                                        "rows 1 @19000000",
                                        "watermark 19000000",
                                        "rows 1 @29000000",
                                        "watermark 29000000",
                                        "watermark 40000000"});
}

TEST_CASE("stage_instance: flush reaches operators and outputs once") {
    StageBench bench({[] { return std::make_unique<HoldOp>(); }}, {1});
    bench.feed({{1, 1}, {2, 2}});
    bench.feed({{3, 3}});
    CHECK(bench.take_events().empty());
    bench.instance->flush();
    bench.instance->flush();
    CHECK(bench.take_events() == Events{"rows 3 @min", "flush"});
    bench.feed({{4, 4}});
    bench.log->is_ready = false;
    bench.instance->flush();
    CHECK_FALSE(bench.instance->ready());
    bench.log->is_ready = true;
    CHECK(bench.instance->ready());
    CHECK(bench.take_events() == Events{"rows 1 @min", "flush"});
}

TEST_CASE("stage_instance: processing time makes an operator tick") {
    StageBench bench({[] { return std::make_unique<TimerOp>(100); }}, {1});
    CHECK_FALSE(bench.instance->resume());
    CHECK(bench.instance->next_tick_ns() == 100);
    bench.clock.now_ns = 120;
    CHECK(bench.instance->resume());
    CHECK(bench.log->rows == std::vector<Pair>{{7, 120}});
    CHECK_FALSE(bench.instance->resume());
}

TEST_CASE("stage_instance: an operator's failure fails the query, and its rows go nowhere") {
    StageBench bench({[] { return std::make_unique<TimerOp>(Op::kNever); }}, {1});
    bench.feed({{1, 1}, {-1, 2}});
    CHECK(bench.control.failed());
    CHECK(bench.control.error() == "key -1 cannot be");
    CHECK(bench.log->rows.empty());
}

TEST_CASE("stage_instance: stages called directly share the room of the last one") {
    StageBench last({window_count(10 * kMs)}, {1});
    Stage first_stage;
    first_stage.ops = {[] { return std::make_unique<HoldOp>(); }};
    StageInstance first(first_stage, {{1}, {}, {}, false, &last.clock, &last.control});
    first.add_output(std::make_unique<DirectOutput>(*last.instance, 0, 0));
    fill(last.batch, {{1, 0}, {1, 0}, {1, 0}});
    first.process(0, 0, last.batch.view());
    last.log->is_ready = false;
    CHECK_FALSE(first.ready());
    first.advance(0, 0, {20 * kMs});
    first.end(0, 0);
    CHECK(first.is_busy());
    last.log->is_ready = true;
    while (!first.has_ended() || !last.instance->has_ended())
        static_cast<void>(first.ready());
    CHECK(last.log->rows.size() == 3);
    CHECK(last.take_events().back() == "end");
}

}  // namespace
}  // namespace thalweg
