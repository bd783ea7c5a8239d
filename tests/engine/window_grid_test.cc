// Where a batch is cut, against the definition: a row fares differently if between two watermarks
// the end of a slice was passed that the row falls before.

#include "engine/run/window_grid.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kMs = kNanosPerMilli;

// Some slice of one of the windows ends after `time_ns`, and only the later watermark passes it.
bool is_affected(const std::vector<WindowSpec>& windows,
                 Watermark before,
                 Watermark after,
                 std::int64_t time_ns) {
    for (const WindowSpec& window : windows) {
        for (std::int64_t end = window.slice_end(time_ns); after.passes(end);
             end = window.slice_end(end)) {
            if (!before.passes(end)) return true;
        }
    }
    return false;
}

WindowSpec hop(std::int64_t size_ms, std::int64_t slide_ms, std::int64_t offset_ms) {
    WindowSpec window;
    window.kind = WindowKind::kHop;
    window.size_ns = size_ms * kMs;
    window.slide_ns = slide_ms * kMs;
    window.offset_ns = offset_ms * kMs;
    return window;
}

TEST_CASE("window grid: the line holds for all watermarks up to the next") {
    const std::vector<std::vector<WindowSpec>> cases = {
        {}, {hop(10, 10, 0)}, {hop(60, 4, 1)}, {hop(9, 6, 0), hop(14, 14, 3)}};
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto some_time = [&] {
            return (static_cast<std::int64_t>(random.below(80)) - 40) * kMs / 2;
        };
        const std::vector<WindowSpec>& windows = cases[seed % cases.size()];
        const WindowGrid grid(windows);
        const Watermark before{some_time()};
        const Watermark after{before.nanos + static_cast<std::int64_t>(random.below(60)) * kMs / 2};
        const WindowGrid::Line line = grid.line(before, after);
        REQUIRE(line.until > after);
        for (int i = 0; i < 20; ++i) {
            const std::int64_t time = some_time();
            CHECK((time < line.time_ns) == is_affected(windows, before, after, time));
            const Watermark later{std::min(line.until.nanos - 1, after.nanos + i * kMs / 2)};
            CHECK(grid.line(before, later).time_ns == line.time_ns);
            CHECK(grid.passes_end(before, later) == grid.passes_end(before, after));
        }
    }
}

TEST_CASE("window grid: a session ends wherever rows say so") {
    WindowSpec session;
    session.kind = WindowKind::kSession;
    session.size_ns = session.slide_ns = 10 * kMs;
    const WindowGrid grid({session});
    CHECK(grid.passes_end({5 * kMs}, {5 * kMs + 1}));
    CHECK_FALSE(grid.passes_end({5 * kMs}, {5 * kMs}));
    const WindowGrid::Line line = grid.line({5 * kMs}, {8 * kMs});
    CHECK_EQ(line.time_ns, 9 * kMs + 1);  // A row at 9 ms touches a session that ended there.
    CHECK_EQ(line.until.nanos, 8 * kMs + 1);
    CHECK_GT(grid.delay_min_ns(), kMs);
    CHECK_EQ(WindowGrid({hop(10, 10, 0)}).delay_min_ns(), kMs);
}

TEST_CASE("window grid: at the ends of time it errs on the side of cutting") {
    const WindowGrid grid({hop(10, 10, 0)});
    CHECK(grid.passes_end(Watermark::min(), {0}));
    CHECK(grid.line(Watermark::min(), {5 * kMs}).time_ns == 0);
    const Watermark late{Watermark::max().nanos - kNanosPerDay};
    CHECK(grid.passes_end({0}, late));
    CHECK(grid.line({0}, late).time_ns > late.nanos);
    CHECK(grid.line({0}, late).until.nanos == late.nanos + 1);
    CHECK(grid.line({0}, Watermark::max()).time_ns == Watermark::max().nanos);
}

}  // namespace
}  // namespace thalweg
