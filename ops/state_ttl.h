#pragma once

#include "ops/op.h"
#include "state/base/time.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace thalweg {

// How long an operator keeps what no window, no bound and no deletion ends: for so long after it
// was last written, by processing time. What is older has never been, whether its memory is given
// back yet or not.
//
// Time      Of the batch: begin() takes OpContext::now_ns, once for all of its rows, and never goes
//           back. Written down as milliseconds since 1970, in the snapshot too, so that state grows
//           old while nobody runs it. What was written at t is gone from t + TTL on, as in Flink.
// Writes    Whatever is made or changed begins its time anew; to be read is not enough.
// Sweep     What has expired is given back in the background: Op::tick() asks next_step() for the
//           next entries to look at, kSweepEntries at the most, a millisecond apart, and then for
//           nothing until a quarter of the TTL has gone by. So what has expired takes memory for at
//           most that long and the time of a walk: 4 s where there are 4 million entries.
// Cost      Of a batch: a subtraction; of an entry: 8 bytes, with which it is written and compared.
//           Without a TTL nothing of it: who asks is_on() first has no times at all.
// Threads   One at a time.
class StateTtl {
  public:
    static constexpr std::size_t kSweepEntries = 4096;

    // 0: state is kept for ever.
    explicit StateTtl(std::int64_t ttl_ns)
        : ttl_ms_(ttl_ns / kNanosPerMilli + (ttl_ns % kNanosPerMilli != 0 ? 1 : 0)) {}

    [[nodiscard]] bool is_on() const noexcept { return ttl_ms_ != 0; }

    void begin(std::int64_t now_ns) noexcept {
        now_ms_ = std::max(now_ms_, now_ns / kNanosPerMilli);
    }

    // What to write down for what is written now.
    [[nodiscard]] std::int64_t now_ms() const noexcept { return now_ms_; }

    // Of a time that was written down. No sum: a snapshot may say anything.
    [[nodiscard]] bool has_expired(std::int64_t written_ms) const noexcept {
        return is_on() && written_ms <= now_ms_ - ttl_ms_;
    }

    // --- The sweep ---

    // Entries [first, end), to be looked at from the last to the first: then an erasure that moves
    // the last of all entries into the hole moves one that has been seen.
    struct Step {
        std::size_t first = 0;
        std::size_t end = 0;
    };

    // For Op::next_tick_ns(), of an operator that has so many entries.
    [[nodiscard]] std::int64_t next_tick_ns(std::size_t entries) const noexcept {
        return is_on() && entries != 0 ? sweep_at_ns_ : Op::kNever;
    }

    // For Op::tick(): what to look at. Nothing where it is not time yet.
    [[nodiscard]] Step next_step(std::int64_t now_ns, std::size_t entries) noexcept {
        if (now_ns < next_tick_ns(entries)) return {};
        begin(now_ns);
        const std::size_t end = std::min(cursor_ == 0 ? entries : cursor_, entries);
        cursor_ = end - std::min(end, kSweepEntries);
        const std::int64_t pause_ms = cursor_ == 0 ? std::max<std::int64_t>(ttl_ms_ / 4, 1) : 1;
        sweep_at_ns_ = saturating_add(now_ns, pause_ms * kNanosPerMilli);
        return {cursor_, end};
    }

    // The same while nothing can be erased: it is looked at later.
    void put_off(std::int64_t now_ns) noexcept {
        if (sweep_at_ns_ <= now_ns) sweep_at_ns_ = saturating_add(now_ns, kNanosPerMilli);
    }

  private:
    std::int64_t ttl_ms_;
    std::int64_t now_ms_ = 0;
    std::int64_t sweep_at_ns_ = 0;
    std::size_t cursor_ = 0;  // Entries before it are still to be looked at; 0: all.
};

}  // namespace thalweg
