// Window table functions alone: each row once for each of its windows, against counting them.

#include "ops/row_ops.h"
#include "state/base/random.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace thalweg {
namespace {

SchemaPtr input_schema() {
    return make_schema({{"id", Type::bigint()}, {"time", Type::timestamp(3)}});
}

// The rows that come out for a time, in the order of their windows.
std::vector<std::string> expected_rows(const WindowSpec& window,
                                       std::int64_t id,
                                       std::int64_t time) {
    std::vector<std::string> rows;
    for (std::int64_t k = -40; k <= 40; ++k) {
        for (std::int64_t step = 1; step * window.slide_ns <= window.size_ns; ++step) {
            const bool is_cumulate = window.kind == WindowKind::kCumulate;
            const std::int64_t grid = is_cumulate ? window.size_ns : window.slide_ns;
            const std::int64_t start = k * grid + window.offset_ns;
            const std::int64_t end =
                start + (is_cumulate ? step * window.slide_ns : window.size_ns);
            if (!is_cumulate && step > 1) break;
            if (time < start || time >= end) continue;
            rows.push_back(text_of(Row{{id}, {time}, {start}, {end}, {end - kNanosPerMilli}}));
        }
    }
    return rows;
}

TEST_CASE("assign_windows: every row in every one of its windows") {
    Random random(11);
    for (int round = 0; round < 100; ++round) {
        WindowSpec window;
        window.kind = static_cast<WindowKind>(random.below(3));
        window.start_column = 1;
        window.slide_ns = 1 + static_cast<std::int64_t>(random.below(6));
        window.size_ns = window.slide_ns;
        if (window.kind != WindowKind::kTumble)
            window.size_ns *= 1 + static_cast<std::int64_t>(random.below(5));
        window.offset_ns = static_cast<std::int64_t>(random.below(9)) - 4;
        Batch batch(input_schema());
        std::vector<std::string> expected;
        std::vector<std::uint16_t> selected;
        std::size_t null_times = 0;
        for (std::size_t row = 0; row < 200; ++row) {
            const auto id = static_cast<std::int64_t>(row);
            const auto time = static_cast<std::int64_t>(random.below(40)) - 20;
            set_value(batch.column(0), row, {id}, batch.arena());
            const bool is_null = random.below(10) == 0;
            set_value(batch.column(1), row, is_null ? Value{} : Value{time}, batch.arena());
            if (random.below(3) == 0) continue;
            selected.push_back(static_cast<std::uint16_t>(row));
            null_times += is_null ? 1 : 0;
            if (is_null) continue;
            for (std::string& text : expected_rows(window, id, time))
                expected.push_back(std::move(text));
        }
        batch.set_size(200);
        const auto op = make_assign_windows(window, input_schema());
        OpContext context;
        RowCollector out;
        op->process(0, batch.view().with(Selection::list(selected)), context, out);
        std::vector<std::string> found;
        for (const Row& row : out.rows)
            found.push_back(text_of(row));
        std::sort(found.begin(), found.end());
        std::sort(expected.begin(), expected.end());
        CHECK(found == expected);
        CHECK_EQ(context.counters.null_time_rows, null_times);
    }
}

TEST_CASE("assign_windows: processing time, and local windows of a zone") {
    WindowSpec window;
    window.slide_ns = window.size_ns = kNanosPerHour;
    window.is_event_time = false;
    Batch batch(input_schema());
    set_value(batch.column(0), 0, {std::int64_t{1}}, batch.arena());
    set_value(batch.column(1), 0, {2 * kNanosPerHour + 1}, batch.arena());
    batch.set_size(1);
    OpContext context;
    context.now_ns = kNanosPerHour;
    RowCollector out;
    make_assign_windows(window, input_schema())->process(0, batch.view(), context, out);
    REQUIRE_EQ(out.rows.size(), 1);
    CHECK_EQ(out.rows[0][2], Value{kNanosPerHour});
    CHECK_EQ(out.rows[0][3], Value{2 * kNanosPerHour});

    const auto zone = TimeZone::find("+05:30");
    REQUIRE(zone.has_value());
    window.is_event_time = true;
    window.start_column = 1;
    window.zone = *zone;
    make_assign_windows(window, input_schema())->process(0, batch.view(), context, out);
    REQUIRE_EQ(out.rows.size(), 2);
    CHECK_EQ(out.rows[1][2], Value{7 * kNanosPerHour});  // 07:30 local.
    CHECK_EQ(out.rows[1][3], Value{8 * kNanosPerHour});
    const std::int64_t half = kNanosPerHour / 2;
    CHECK_EQ(out.rows[1][4], Value{3 * kNanosPerHour - half - kNanosPerMilli});  // In UTC again.
}

}  // namespace
}  // namespace thalweg
