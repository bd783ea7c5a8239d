#pragma once

#include "state/base/time.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace thalweg {

// Where the instances of a stage agree at a barrier on a watermark and on the time of day: the
// furthest of theirs.
//
// All have heard the same words in front of it, but not in one order. Where an input falls idle and
// wakes, one instance may have let the others' watermark pass meanwhile, and fired windows that
// another has not. In a snapshot that would not go together: whoever is given the rows of both
// could neither fire such a window nor leave it out. So each says how far it has come, waits until
// all have, and goes as far as the furthest before it freezes, as it might have of its own.
//
// Nobody waits in a circle: what the last one waits for lies in front of the barrier, in rings that
// the others do not fill.
//
// Threads   Any.
// Ordering  What was said before an arrival is known to who sees the meeting complete.
class BarrierMeeting {
  public:
    // `on_complete` is called by the last to arrive, on its thread.
    BarrierMeeting(std::size_t instances, std::function<void()> on_complete)
        : instances_(instances), on_complete_(std::move(on_complete)) {}

    // An instance has come to its next barrier, at this time; once for each.
    void arrive(Watermark watermark, std::int64_t now_ns) {
        raise(furthest_, watermark.nanos);
        raise(latest_ns_, now_ns);
        // Release: see Ordering.
        const std::uint64_t arrived = arrivals_.fetch_add(1, std::memory_order_release) + 1;
        if (arrived % instances_ == 0) on_complete_();
    }

    // Whether all have come to the barrier with this number, counted from 1.
    [[nodiscard]] bool is_complete(std::uint64_t barrier) const noexcept {
        return arrivals_.load(std::memory_order_acquire) >= barrier * instances_;  // See Ordering.
    }

    // Once it is complete.
    [[nodiscard]] Watermark furthest() const noexcept {
        return {furthest_.load(std::memory_order_relaxed)};  // Relaxed: is_complete() has acquired.
    }

    // The time that the last of all clocks showed; once it is complete.
    [[nodiscard]] std::int64_t latest_ns() const noexcept {
        return latest_ns_.load(std::memory_order_relaxed);  // Relaxed: is_complete() has acquired.
    }

  private:
    static void raise(std::atomic<std::int64_t>& most, std::int64_t value) {
        std::int64_t known = most.load(std::memory_order_relaxed);  // Relaxed: see below.
        while (known < value &&
               !most.compare_exchange_weak(
                   known, value, std::memory_order_relaxed)) {  // Relaxed: an arrival publishes it.
        }
    }

    std::size_t instances_;
    std::function<void()> on_complete_;
    std::atomic<std::int64_t> furthest_{Watermark::min().nanos};
    std::atomic<std::int64_t> latest_ns_{std::numeric_limits<std::int64_t>::min()};
    std::atomic<std::uint64_t> arrivals_{0};
};

}  // namespace thalweg
