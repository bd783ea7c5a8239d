// The arithmetic of windows and slices, against the definition: all windows of a small time line.

#include "ops/window.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace thalweg {
namespace {

struct Interval {
    std::int64_t start;
    std::int64_t end;
};

// Every window that touches [-60, 60], by counting: start to end.
std::vector<Interval> all_windows(const WindowSpec& spec) {
    std::vector<Interval> windows;
    for (std::int64_t k = -200; k <= 200; ++k) {
        if (spec.kind != WindowKind::kCumulate) {
            const std::int64_t start = k * spec.slide_ns + spec.offset_ns;
            windows.push_back({start, start + spec.size_ns});
            continue;
        }
        const std::int64_t start = k * spec.size_ns + spec.offset_ns;
        for (std::int64_t end = start + spec.slide_ns; end <= start + spec.size_ns;
             end += spec.slide_ns)
            windows.push_back({start, end});
    }
    return windows;
}

void check_spec(const WindowSpec& spec) {
    CAPTURE(int(spec.kind));
    CAPTURE(spec.size_ns);
    CAPTURE(spec.slide_ns);
    CAPTURE(spec.offset_ns);
    const std::vector<Interval> windows = all_windows(spec);
    for (std::int64_t time = -50; time <= 50; ++time) {
        CAPTURE(time);
        std::map<std::int64_t, std::int64_t> mine;  // End to start.
        std::int64_t next = INT64_MAX;
        for (const Interval& window : windows) {
            if (window.start <= time && time < window.end) mine.emplace(window.end, window.start);
            if (window.end > time) next = std::min(next, window.end);
        }
        const std::int64_t slice = spec.slice_end(time);
        CHECK_GT(slice, time);
        CHECK_LE(slice - spec.slice_ns(), time);
        CHECK_EQ(spec.first_window_end_after(time), next);
        const std::int64_t first = spec.first_window_end(slice);
        const std::int64_t last = spec.last_window_end(slice);
        if (mine.empty()) {
            CHECK_GT(first, last);
            continue;
        }
        CHECK_EQ(first, mine.begin()->first);
        CHECK_EQ(last, mine.rbegin()->first);
        std::size_t count = 0;
        for (std::int64_t end = first; end <= last; end += spec.slide_ns, ++count) {
            REQUIRE_EQ(mine.count(end), 1);
            CHECK_EQ(spec.window_start(end), mine.at(end));
        }
        CHECK_EQ(count, mine.size());
    }
}

WindowSpec spec_of(WindowKind kind, std::int64_t size, std::int64_t slide, std::int64_t offset) {
    WindowSpec spec;
    spec.kind = kind;
    spec.size_ns = size;
    spec.slide_ns = slide;
    spec.offset_ns = offset;
    return spec;
}

TEST_CASE("window: tumbling windows of every small size and offset") {
    for (std::int64_t size = 1; size <= 7; ++size) {
        for (std::int64_t offset = -8; offset <= 8; ++offset)
            check_spec(spec_of(WindowKind::kTumble, size, size, offset));
    }
}

TEST_CASE("window: hopping windows, sizes that are no multiple of the slide included") {
    for (std::int64_t size = 1; size <= 10; ++size) {
        for (std::int64_t slide = 1; slide <= 8; ++slide) {
            for (const std::int64_t offset : {-7, -1, 0, 2, 5})
                check_spec(spec_of(WindowKind::kHop, size, slide, offset));
        }
    }
}

TEST_CASE("window: cumulating windows of every small step and count") {
    for (std::int64_t step = 1; step <= 4; ++step) {
        for (std::int64_t steps = 1; steps <= 5; ++steps) {
            for (std::int64_t offset = -6; offset <= 6; offset += 3)
                check_spec(spec_of(WindowKind::kCumulate, step * steps, step, offset));
        }
    }
}

}  // namespace
}  // namespace thalweg
