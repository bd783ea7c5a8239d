#include "engine/run/window_grid.h"

#include <algorithm>

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

bool zone_passes_end(const WindowSpec& window, std::int64_t before, std::int64_t after) {
    const std::int64_t from = window.zone->to_local(before);
    const std::int64_t to = window.zone->to_local(after);
    const bool is_clock_changed = to - from != after - before;
    return is_clock_changed || window.slice_end(from) != window.slice_end(to);
}

bool passes_end_of(const WindowSpec& window, Watermark before, Watermark after) {
    if (after <= before) return false;
    if (before == Watermark::min() || is_extreme(window, after)) return true;
    const std::int64_t from = passed_until(before);
    const std::int64_t to = passed_until(after);
    if (has_zone(window)) return zone_passes_end(window, from, to);
    return to >= window.slice_end(from);
}

}  // namespace

WindowGrid::WindowGrid(const std::vector<WindowSpec>& windows) {
    for (const WindowSpec& window : windows) {
        if (window.is_event_time && window.kind != WindowKind::kAttached)
            windows_.push_back(window);
    }
}

bool WindowGrid::passes_end(Watermark before, Watermark after) const {
    return std::any_of(windows_.begin(), windows_.end(), [&](const WindowSpec& window) {
        return passes_end_of(window, before, after);
    });
}

bool WindowGrid::affects(Watermark before, Watermark after, std::int64_t time_ns) const {
    return std::any_of(windows_.begin(), windows_.end(), [&](const WindowSpec& window) {
        const std::int64_t until = passed_until(after);
        if (time_ns >= until || !passes_end_of(window, before, after)) return false;
        if (is_extreme(window, after) || has_zone(window)) return true;
        return time_ns < window.slice_end(until) - window.slice_ns();
    });
}

}  // namespace thalweg
