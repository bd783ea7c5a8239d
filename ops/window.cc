#include "ops/window.h"

namespace thalweg {

namespace {

// The largest value at or below `limit` that is `origin` plus a multiple of `step`.
std::int64_t align_down(std::int64_t limit, std::int64_t origin, std::int64_t step) noexcept {
    const std::int64_t shifted = saturating_sub(limit, origin);
    return saturating_add(floor_div(shifted, step) * step, origin);
}

}  // namespace

std::int64_t WindowSpec::last_window_end(std::int64_t slice_end) const noexcept {
    switch (kind) {
        case WindowKind::kTumble:
        case WindowKind::kAttached:
        case WindowKind::kSession: return slice_end;
        case WindowKind::kCumulate:
            return saturating_add(align_down(slice_end - 1, offset_ns, size_ns), size_ns);
        case WindowKind::kHop: break;
    }
    const std::int64_t start_max = saturating_sub(slice_end, slice_ns());
    return saturating_add(align_down(start_max, offset_ns, slide_ns), size_ns);
}

std::int64_t WindowSpec::first_window_end(std::int64_t slice_end) const noexcept {
    if (kind != WindowKind::kHop) return slice_end;
    return first_window_end_after(saturating_sub(slice_end, 1));
}

std::int64_t WindowSpec::first_window_end_after(std::int64_t time_ns) const noexcept {
    const std::int64_t origin = kind == WindowKind::kHop
                                    ? saturating_add(offset_ns, floor_mod(size_ns, slide_ns))
                                    : offset_ns;
    return saturating_add(align_down(time_ns, origin, slide_ns), slide_ns);
}

std::int64_t WindowSpec::window_start(std::int64_t window_end) const noexcept {
    if (kind != WindowKind::kCumulate) return saturating_sub(window_end, size_ns);
    return align_down(window_end - 1, offset_ns, size_ns);
}

}  // namespace thalweg
