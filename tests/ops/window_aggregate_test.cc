// The windowed aggregation against the row-at-a-time oracle, on random streams: nulls, disorder,
// late rows, all kinds of windows and aggregates, one phase and two, batches of every size.

#include "ops/window_aggregate.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::vector<Row> advance(Op& op, Watermark watermark, OpContext& context) {
    RowCollector out;
    while (true) {
        const std::size_t before = out.rows.size();
        const Progress progress = op.advance(watermark, context, out);
        CHECK_LE(out.rows.size() - before, Op::kEmitRowsMax + kBatchRows);
        if (progress == Progress::kDone) return out.rows;
    }
}

void check_order(const std::vector<Row>& rows) {
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const auto end = [&](const Row& row) {
            return std::get<std::int64_t>(row[row.size() - 2].data);
        };
        CHECK_LE(end(rows[i - 1]), end(rows[i]));
    }
}

// Passes what a first phase emits on to the second.
struct Chain final : Emitter {
    Op* next;
    OpContext* context;
    RowCollector* out;

    Chain(Op& second, OpContext& second_context, RowCollector& collector)
        : next(&second), context(&second_context), out(&collector) {}

    void emit(const BatchView& view) override { next->process(0, view, *context, *out); }

    void emit_aside(const BatchView& view) override { next->process(1, view, *context, *out); }
};

void check_one_phase(const WindowAggregateSpec& spec,
                     const std::vector<Event>& events,
                     std::size_t batch_size) {
    const auto op = make_window_aggregate(spec);
    WindowOracle oracle(spec);
    OpContext context;
    OpContext expected;
    RowCollector out;
    for (const Event& event : events) {
        feed(*op, event.rows, batch_size, context, out);
        for (const Row& row : event.rows)
            oracle.add(row, expected);
        const std::vector<Row> rows = advance(*op, event.watermark, context);
        check_order(rows);
        REQUIRE_EQ(sorted_text(rows), sorted_text(oracle.advance(event.watermark)));
    }
    CHECK(out.rows.empty());
    CHECK_EQ(context.counters.late_rows, expected.counters.late_rows);
    CHECK_EQ(context.counters.null_time_rows, expected.counters.null_time_rows);
    CHECK_EQ(context.counters.filtered_rows, expected.counters.filtered_rows);
}

void check_two_phases(WindowAggregateSpec spec,
                      const std::vector<Event>& events,
                      std::size_t batch_size,
                      Random& random) {
    WindowOracle oracle(spec);
    spec.passes_rows = !spec.keys.empty() && chance(random, 2);
    spec.local_groups_max = 1 + random.below(40);
    spec.phase = AggregatePhase::kPartial;
    const auto first = make_window_aggregate(spec);
    spec.phase = AggregatePhase::kFinal;
    const auto second = make_window_aggregate(spec);
    OpContext context;
    OpContext first_context;
    OpContext expected;
    RowCollector out;
    Chain chain(*second, context, out);
    for (const Event& event : events) {
        feed(*first, event.rows, batch_size, first_context, chain);
        if (chance(random, 2)) first->flush(first_context, chain);
        for (const Row& row : event.rows)
            oracle.add(row, expected);
        REQUIRE_EQ(first->advance(event.watermark, first_context, chain), Progress::kDone);
        const std::vector<Row> rows = advance(*second, event.watermark, context);
        check_order(rows);
        REQUIRE_EQ(sorted_text(rows), sorted_text(oracle.advance(event.watermark)));
    }
    CHECK_EQ(context.counters.late_rows, expected.counters.late_rows);
    CHECK_EQ(first_context.counters.null_time_rows + context.counters.null_time_rows,
             expected.counters.null_time_rows);
}

TEST_CASE("window_aggregate: one phase agrees with the oracle at every batch size") {
    for (std::uint64_t seed = 1; seed <= test::seeds(100); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const WindowAggregateSpec spec = random_spec(random, false);
        const std::vector<Event> events = random_events(random, spec.window);
        CAPTURE(name_of(spec));
        for (const std::size_t size : {std::size_t{1}, std::size_t{7}, kBatchRows})
            check_one_phase(spec, events, size);
    }
}

TEST_CASE("window_aggregate: two phases agree with the oracle") {
    for (std::uint64_t seed = 1001; seed <= 1000 + test::seeds(60); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const WindowAggregateSpec spec = random_spec(random, true);
        const std::vector<Event> events = random_events(random, spec.window);
        CAPTURE(name_of(spec));
        for (const std::size_t size : {std::size_t{7}, kBatchRows})
            check_two_phases(spec, events, size, random);
    }
}

// A spec with one BIGINT key and COUNT(*).
WindowAggregateSpec simple_spec(WindowKind kind, std::int64_t size, std::int64_t slide) {
    WindowAggregateSpec spec;
    spec.window.kind = kind;
    spec.window.size_ns = size;
    spec.window.slide_ns = slide;
    spec.keys = {kBigNotNull};
    spec.key_types = {Type::bigint().not_null()};
    AggregateCall call;
    call.result_type = Type::bigint().not_null();
    spec.calls = {call};
    return spec;
}

Row row_at(std::int64_t time, std::int64_t key) {
    Row row(kColumns);
    row[kTime] = {time};
    row[kBigNotNull] = {key};
    return row;
}

TEST_CASE("window_aggregate: a window of many groups is emitted in steps") {
    for (const WindowKind kind : {WindowKind::kTumble, WindowKind::kHop}) {
        const auto op = make_window_aggregate(simple_spec(kind, kMilli * 10, kMilli * 10));
        OpContext context;
        RowCollector out;
        constexpr std::int64_t kGroups = 40'000;
        std::vector<Row> rows;
        for (std::int64_t key = 0; key < kGroups; ++key)
            rows.push_back(row_at(key % 10 * kMilli, key));
        feed(*op, rows, kBatchRows, context, out);
        std::size_t steps = 1;
        std::size_t before = 0;
        for (; op->advance({20 * kMilli}, context, out) == Progress::kMore; ++steps) {
            CHECK_LE(out.rows.size() - before, Op::kEmitRowsMax + kBatchRows);
            before = out.rows.size();
        }
        CHECK_GE(steps, 3);
        CHECK_EQ(out.rows.size(), std::size_t{kGroups});
        CHECK_EQ(op->advance(Watermark::max(), context, out), Progress::kDone);
        CHECK_EQ(out.rows.size(), std::size_t{kGroups});
    }
}

TEST_CASE("window_aggregate: next_fire is the least watermark that fires, window by window") {
    for (const WindowKind kind : {WindowKind::kTumble, WindowKind::kHop}) {
        const std::int64_t size = kind == WindowKind::kHop ? 20 * kMilli : 10 * kMilli;
        const auto op = make_window_aggregate(simple_spec(kind, size, 10 * kMilli));
        OpContext context;
        RowCollector out;
        CHECK(op->next_fire().is_max());
        feed(*op, {row_at(7 * kMilli, 1), row_at(45 * kMilli, 1)}, kBatchRows, context, out);
        const std::vector<std::int64_t> ends = kind == WindowKind::kHop
                                                   ? std::vector<std::int64_t>{10, 20, 50, 60}
                                                   : std::vector<std::int64_t>{10, 50};
        for (const std::int64_t end : ends) {
            REQUIRE_EQ(op->next_fire().nanos, (end - 1) * kMilli);
            const std::size_t before = out.rows.size();
            const Watermark step = op->next_fire();
            CHECK_EQ(op->advance({step.nanos - 1}, context, out), Progress::kDone);
            CHECK_EQ(out.rows.size(), before);
            CHECK_EQ(op->advance(step, context, out), Progress::kDone);
            CHECK_EQ(out.rows.size(), before + 1);
        }
        CHECK(op->next_fire().is_max());
    }
}

TEST_CASE("window_aggregate: processing time fires when the clock says so") {
    WindowAggregateSpec spec = simple_spec(WindowKind::kHop, 10 * kMilli, 5 * kMilli);
    spec.window.is_event_time = false;
    const auto op = make_window_aggregate(spec);
    OpContext context;
    RowCollector out;
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
    context.now_ns = 7 * kMilli;  // In the windows that end at 10 and at 15.
    feed(*op, {row_at(0, 1), row_at(999, 1)}, kBatchRows, context, out);
    CHECK_EQ(op->next_tick_ns(), 10 * kMilli);
    context.now_ns = 10 * kMilli - 1;
    CHECK_EQ(op->tick(context, out), Progress::kDone);
    CHECK(out.rows.empty());
    feed(*op, {row_at(0, 1)}, kBatchRows, context, out);
    context.now_ns = 10 * kMilli;
    CHECK_EQ(op->tick(context, out), Progress::kDone);
    REQUIRE_EQ(out.rows.size(), 1);
    CHECK_EQ(text_of(out.rows[0]), "1, 3, 0, 10000000, 9000000, ");
    CHECK_EQ(op->next_tick_ns(), 15 * kMilli);
    CHECK_EQ(op->advance({20 * kMilli}, context, out), Progress::kDone);  // Event time: not ours.
    CHECK_EQ(out.rows.size(), 1);
    context.now_ns = 40 * kMilli;
    CHECK_EQ(op->tick(context, out), Progress::kDone);
    REQUIRE_EQ(out.rows.size(), 2);
    CHECK_EQ(text_of(out.rows[1]), "1, 3, 5000000, 15000000, 14000000, ");
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
    feed(*op, {row_at(0, 2)}, kBatchRows, context, out);
    CHECK_EQ(op->advance(Watermark::max(), context, out), Progress::kDone);
    CHECK_EQ(out.rows.size(), 4);
    CHECK_EQ(context.counters.late_rows, 0);
}

TEST_CASE("window_aggregate: in processing time no row of an attached window is late") {
    Random random(7);
    WindowAggregateSpec spec;
    spec.window.kind = WindowKind::kAttached;
    spec.window.is_event_time = false;
    spec.window.start_column = kStart;
    spec.window.end_column = kEnd;
    AggregateCall count;
    count.result_type = Type::bigint().not_null();
    spec.calls = {count};
    const auto op = make_window_aggregate(spec);
    Row row = random_row(random, 0);
    row[kStart] = {std::int64_t{0}};
    row[kEnd] = {10 * kMilli};
    OpContext context;
    context.now_ns = 10 * kMilli;
    // Two shards send their results of one window, and the clock ticks in between.
    for (int shard = 0; shard < 2; ++shard) {
        RowCollector out;
        feed(*op, {row}, 1, context, out);
        CHECK_LE(op->next_tick_ns(), context.now_ns);
        CHECK_EQ(op->tick(context, out), Progress::kDone);
        CHECK_EQ(out.rows.size(), 1);
    }
    CHECK_EQ(context.counters.late_rows, 0);
}

TEST_CASE("window_aggregate: a row that is late for some windows counts in the others") {
    const auto op = make_window_aggregate(simple_spec(WindowKind::kHop, 20 * kMilli, 5 * kMilli));
    OpContext context;
    RowCollector out;
    feed(*op, {row_at(7 * kMilli, 1)}, kBatchRows, context, out);
    CHECK_EQ(op->advance({15 * kMilli}, context, out), Progress::kDone);
    CHECK_EQ(out.rows.size(), 2);  // The windows that end at 10 and at 15.
    feed(*op, {row_at(6 * kMilli, 1), row_at(2 * kMilli, 1)}, kBatchRows, context, out);
    CHECK_EQ(op->advance(Watermark::max(), context, out), Progress::kDone);
    REQUIRE_EQ(out.rows.size(), 4);
    CHECK_EQ(text_of(out.rows[2]), "1, 3, 0, 20000000, 19000000, ");
    CHECK_EQ(text_of(out.rows[3]), "1, 2, 5000000, 25000000, 24000000, ");
    feed(*op, {row_at(6 * kMilli, 1)}, kBatchRows, context, out);
    CHECK_EQ(context.counters.late_rows, 1);
}

// A first phase that is never flushed emits by itself, and no more than a step may.
TEST_CASE("window_aggregate: a first phase holds a bounded number of groups") {
    WindowAggregateSpec spec = simple_spec(WindowKind::kTumble, kMilli, kMilli);
    spec.phase = AggregatePhase::kPartial;
    spec.local_groups_max = 8 * kBatchRows;
    const auto op = make_window_aggregate(spec);
    OpContext context;
    RowCollector out;
    std::vector<Row> rows;
    for (std::int64_t key = 0; key < 20'000; ++key)
        rows.push_back(row_at(key * 1000, key));
    feed(*op, rows, kBatchRows, context, out);
    CHECK_GE(out.rows.size(), 8 * kBatchRows);
    CHECK_LE(out.rows.size(), rows.size());
    op->flush(context, out);
    CHECK_EQ(out.rows.size(), rows.size());
    CHECK_EQ(out.rows[0].size(), partial_schema(spec)->size());
}

}  // namespace
}  // namespace thalweg
