#include "engine/run/window_grid.h"

#include <algorithm>
#include <limits>

namespace thalweg {

namespace {

// Ends at or before this instant have been passed (Watermark::passes).
std::int64_t passed_until(Watermark watermark) {
    return saturating_add(watermark.nanos, kNanosPerMilli);
}

bool has_zone(const WindowSpec& window) {
    return window.zone != nullptr && !window.zone->is_utc();
}

// So late that a slice could end beyond the range of instants.
bool is_extreme(const WindowSpec& window, Watermark watermark) {
    const std::int64_t room =
        saturating_add(2 * kNanosPerDay, saturating_add(window.size_ns, window.slide_ns));
    return watermark.nanos >= saturating_sub(Watermark::max().nanos, saturating_add(room, room));
}

std::int64_t slice_end(const WindowSpec& window, std::int64_t width, std::int64_t time_ns) {
    const std::int64_t shifted = saturating_sub(time_ns, window.offset_ns);
    return saturating_add((floor_div(shifted, width) + 1) * width, window.offset_ns);
}

bool zone_passes_end(const WindowSpec& window,
                     std::int64_t width,
                     std::int64_t before,
                     std::int64_t after) {
    const std::int64_t from = window.zone->to_local(before);
    const std::int64_t to = window.zone->to_local(after);
    const bool is_clock_changed = to - from != after - before;
    return is_clock_changed || slice_end(window, width, from) != slice_end(window, width, to);
}

}  // namespace

WindowGrid::WindowGrid(const std::vector<WindowSpec>& windows) {
    for (const WindowSpec& window : windows) {
        if (!window.is_event_time || window.kind == WindowKind::kAttached) continue;
        grids_.push_back({window, window.slice_ns()});
        has_sessions_ = has_sessions_ || window.kind == WindowKind::kSession;
    }
}

bool WindowGrid::passes_end(const Grid& grid, Watermark before, Watermark after) {
    const auto& [window, width] = grid;
    if (after <= before) return false;
    if (window.kind == WindowKind::kSession) return true;
    if (before == Watermark::min() || is_extreme(window, after)) return true;
    const std::int64_t from = passed_until(before);
    const std::int64_t to = passed_until(after);
    if (has_zone(window)) return zone_passes_end(window, width, from, to);
    return to >= slice_end(window, width, from);
}

bool WindowGrid::passes_end(Watermark before, Watermark after) const {
    return std::any_of(grids_.begin(), grids_.end(), [&](const Grid& grid) {
        return passes_end(grid, before, after);
    });
}

WindowGrid::Line WindowGrid::line(Watermark before, Watermark after) const {
    Line line{std::numeric_limits<std::int64_t>::min(), Watermark::max()};
    for (const Grid& grid : grids_) {
        const std::int64_t reached = passed_until(after);
        if (grid.window.kind == WindowKind::kSession) {
            // A row joins a session that ends no earlier than it comes.
            if (after > before) line.time_ns = std::max(line.time_ns, saturating_add(reached, 1));
            line.until = std::min(line.until, Watermark{saturating_add(after.nanos, 1)});
            continue;
        }
        if (is_extreme(grid.window, after) || has_zone(grid.window)) {
            if (passes_end(grid, before, after)) line.time_ns = std::max(line.time_ns, reached);
            line.until = std::min(line.until, Watermark{saturating_add(after.nanos, 1)});
            continue;
        }
        const std::int64_t next = slice_end(grid.window, grid.width, reached);
        if (passes_end(grid, before, after))
            line.time_ns = std::max(line.time_ns, next - grid.width);
        line.until = std::min(line.until, Watermark{saturating_sub(next, kNanosPerMilli)});
    }
    return line;
}

}  // namespace thalweg
