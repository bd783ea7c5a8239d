#pragma once

#include "ops/local_time.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/base/time.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace thalweg {

// What makes the windows of an operator fire: watermarks in event time; the clock in processing
// time, and the end of the input. Nothing comes late by the clock: rows of an attached window that
// another shard sent after its end fire it once more.
//
// Ends and limits are on the local clock that the windows follow. `next_end` is the end of the next
// window to fire, if there is one.
class WindowClock {
  public:
    explicit WindowClock(const WindowSpec& spec)
        : zone_(spec.zone), is_event_time_(spec.is_event_time) {}

    // How far the windows may fire in Op::advance(); nothing: not at all.
    [[nodiscard]] std::optional<Watermark> at_advance(Watermark watermark) const {
        if (!is_event_time_ && !watermark.is_max()) return std::nullopt;
        return local_watermark(watermark, zone_);
    }

    // The same in Op::tick(): a window fires when the clock has reached its end.
    [[nodiscard]] std::optional<Watermark> at_tick(std::int64_t now_ns) {
        if (is_event_time_) return std::nullopt;
        ticked_at_ns_ = now_ns;
        return local_watermark({saturating_sub(now_ns, kNanosPerMilli)}, zone_);
    }

    // For Op::next_fire().
    [[nodiscard]] Watermark next_fire(std::optional<std::int64_t> next_end) const {
        if (!is_event_time_ || !next_end) return Watermark::max();
        return watermark_that_passes(*next_end, zone_);
    }

    // For Op::next_tick_ns().
    [[nodiscard]] std::int64_t next_tick_ns(std::optional<std::int64_t> next_end) const {
        if (is_event_time_ || !next_end) return Op::kNever;
        if (zone_ == nullptr) return *next_end;
        // Where the clock is set back the end comes twice, and the second time counts.
        return std::max(zone_->to_utc(*next_end), ticked_at_ns_ + kNanosPerSecond);
    }

  private:
    TimeZonePtr zone_;
    bool is_event_time_;
    std::int64_t ticked_at_ns_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace thalweg
