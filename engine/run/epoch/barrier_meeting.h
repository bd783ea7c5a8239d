#pragma once

#include "state/base/time.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

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
// Each barrier has words of its own: one that is ahead may come to the next before another has read
// those of this one, and clocks may be set back.
//
// Threads   Any; an instance speaks for itself.
// Ordering  What was said before an arrival is known to who sees the meeting complete.
class BarrierMeeting {
  public:
    // `on_complete` is called by the last to arrive, on its thread.
    BarrierMeeting(std::size_t instances, std::function<void()> on_complete)
        : instances_(instances), on_complete_(std::move(on_complete)) {
        for (std::vector<Word>& words : words_)
            words.resize(instances);
    }

    // An instance has come to this barrier, counted from 1, at this time; once for each.
    void arrive(std::size_t instance,
                std::uint64_t barrier,
                Watermark watermark,
                std::int64_t now_ns) {
        words_[barrier % 2][instance] = {watermark, now_ns};
        // Release: see Ordering.
        const std::uint64_t arrived = arrivals_.fetch_add(1, std::memory_order_release) + 1;
        if (arrived % instances_ == 0) on_complete_();
    }

    // Whether all have come to this barrier.
    [[nodiscard]] bool is_complete(std::uint64_t barrier) const noexcept {
        return arrivals_.load(std::memory_order_acquire) >= barrier * instances_;  // See Ordering.
    }

    // Once it is complete, and until the caller comes to the next.
    [[nodiscard]] Watermark furthest(std::uint64_t barrier) const noexcept {
        Watermark furthest;
        for (const Word& word : words_[barrier % 2])
            furthest = std::max(furthest, word.watermark);
        return furthest;
    }

    // What the last of all clocks showed; as above.
    [[nodiscard]] std::int64_t latest_ns(std::uint64_t barrier) const noexcept {
        std::int64_t latest_ns = std::numeric_limits<std::int64_t>::min();
        for (const Word& word : words_[barrier % 2])
            latest_ns = std::max(latest_ns, word.now_ns);
        return latest_ns;
    }

  private:
    struct Word {
        Watermark watermark;
        std::int64_t now_ns = std::numeric_limits<std::int64_t>::min();
    };

    std::size_t instances_;
    std::function<void()> on_complete_;
    // Of a barrier and the one before it: who is at the next but one has seen that all have come to
    // the next, and so have read these.
    std::array<std::vector<Word>, 2> words_;
    std::atomic<std::uint64_t> arrivals_{0};
};

}  // namespace thalweg
