#include "engine/run/direct_output.h"
#include "engine/run/stage_instance.h"
#include "tests/support/stage_doubles.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::Events;
using test::HoldOp;
using test::StageBench;
using test::TimerOp;
using test::WindowCountOp;

constexpr std::int64_t kMs = kNanosPerMilli;

TEST_CASE("barrier: it goes on when the last channel has brought its own") {
    StageBench bench({}, {2, 1});
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
    StageBench bench({}, {2});
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events().empty());
    bench.instance->end(0, 1);
    CHECK(bench.take_events() == Events{"barrier"});
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events() == Events{"barrier"});
    CHECK(bench.instance->barriers_passed() == 2);
}

TEST_CASE("barrier: what an operator holds back goes in front of it") {
    StageBench bench({[] { return std::make_unique<HoldOp>(); }}, {1});
    bench.feed({{1, 1}, {2, 2}});
    CHECK(bench.take_events().empty());
    bench.instance->barrier(0, 0);
    CHECK(bench.take_events() == Events{"rows 2 @min", "barrier"});
}

TEST_CASE("barrier: bulk work is finished first, however full the outputs are") {
    StageBench bench({[] { return std::make_unique<WindowCountOp>(10 * kMs, 1); }}, {1});
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
    StageBench below({}, {2});
    StageBench above({}, {1});
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
    StageBench bench({}, {1});
    bench.instance->end(0, 0);
    static_cast<void>(bench.take_events());
    bench.instance->pass_ended_barrier();
    CHECK(bench.instance->barriers_passed() == 1);
    CHECK(bench.take_events().empty());  // Who is behind it has heard of the end.
}

// What is due by the clock of one is in front of the barrier for both, or for none.
TEST_CASE("barrier: instances agree on the time of day") {
    const auto timer = [] { return std::make_unique<TimerOp>(50); };
    BarrierMeeting meeting(2, [] {});
    StageBench early({timer}, {1});
    StageBench late({timer}, {1});
    early.instance->set_meeting(&meeting, 0);
    late.instance->set_meeting(&meeting, 1);
    early.clock.now_ns = 40;
    late.clock.now_ns = 60;
    early.instance->barrier(0, 0);
    CHECK(early.take_events().empty());
    late.instance->barrier(0, 0);
    CHECK(late.take_events() == Events{"rows 1 @min", "barrier"});
    static_cast<void>(early.instance->resume());
    CHECK(early.take_events() == Events{"rows 1 @min", "barrier"});
    CHECK(early.log->rows.back().time == 60);
}

TEST_CASE("barrier: nothing is due by the clock while the others are waited for") {
    const auto timer = [] { return std::make_unique<TimerOp>(50); };
    BarrierMeeting meeting(2, [] {});
    StageBench first({timer}, {1});
    StageBench last({timer}, {1});
    first.instance->set_meeting(&meeting, 0);
    last.instance->set_meeting(&meeting, 1);
    first.clock.now_ns = 40;
    last.clock.now_ns = 45;
    first.instance->barrier(0, 0);
    first.clock.now_ns = 70;
    static_cast<void>(first.instance->resume());
    CHECK(first.take_events().empty());
    last.instance->barrier(0, 0);
    CHECK(last.take_events() == Events{"barrier"});
    static_cast<void>(first.instance->resume());
    CHECK(first.take_events() == Events{"barrier"});
    static_cast<void>(first.instance->resume());
    CHECK(first.take_events() == Events{"rows 1 @min"});
}

}  // namespace
}  // namespace thalweg
