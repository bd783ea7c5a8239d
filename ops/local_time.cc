#include "ops/local_time.h"

#include <algorithm>
#include <limits>

namespace thalweg {

namespace {

// The furthest that clocks are ever set back at once, with room to spare.
constexpr std::int64_t kSetBackMaxNs = 3 * kNanosPerHour;

// No zone changes its clock twice within this time.
constexpr std::int64_t kSteadyNs = 12 * kNanosPerHour;

}  // namespace

Watermark local_watermark(Watermark watermark, const TimeZonePtr& zone) {
    constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() - kNanosPerDay;
    if (zone == nullptr || watermark.nanos <= -kFar || watermark.nanos >= kFar) return watermark;
    const auto offset_at = [&](std::int64_t utc) { return zone->to_local(utc) - utc; };
    const std::int64_t local = zone->to_local(watermark.nanos);
    std::int64_t before = watermark.nanos;
    std::int64_t after = watermark.nanos + kSetBackMaxNs;
    const std::int64_t offset_before = local - before;
    if (offset_at(after) >= offset_before) return {local};
    // The clocks are about to be set back: find when, to the nanosecond.
    while (after - before > 1) {
        const std::int64_t middle = before + (after - before) / 2;
        (offset_at(middle) == offset_before ? before : after) = middle;
    }
    return {std::min(local, zone->to_local(after) - 1)};
}

Watermark watermark_that_passes(std::int64_t local_end, const TimeZonePtr& zone) {
    const std::int64_t end = zone == nullptr ? local_end : zone->to_utc(local_end);
    return {saturating_sub(end, kNanosPerMilli)};
}

const std::int64_t* LocalTimes::convert(const std::int64_t* times, Selection rows) {
    if (zone_ == nullptr || zone_->is_utc() || rows.empty()) return times;
    local_.resize(std::max(local_.size(), rows[rows.size() - 1] + 1));
    std::int64_t low = times[rows[0]];
    std::int64_t high = low;
    rows.for_each([&](std::size_t row) {
        low = std::min(low, times[row]);
        high = std::max(high, times[row]);
    });
    const std::int64_t offset = zone_->to_local(low) - low;
    if (saturating_sub(high, low) < kSteadyNs && zone_->to_local(high) - high == offset) {
        rows.for_each([&](std::size_t row) { local_[row] = saturating_add(times[row], offset); });
    } else {
        rows.for_each([&](std::size_t row) { local_[row] = zone_->to_local(times[row]); });
    }
    return local_.data();
}

}  // namespace thalweg
