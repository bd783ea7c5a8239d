#pragma once

#include "state/base/cacheline.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// Wakes one parked thread. A producer signals after it has pushed; while the consumer is awake that
// is one load of a line that seldom changes.
//
// Threads
//   any     signal()
//   owner   prepare(), wait()
//
// Ordering
//   None that data may rely on: the ring or mailbox has its own. A signal that comes between the
//   consumer's last look and its wait() may be lost, because to rule that out would cost every push
//   a locked instruction; the wait is bounded, so a lost one costs a nap and no more.
class WakeSignal {
  public:
    WakeSignal();
    WakeSignal(const WakeSignal&) = delete;
    WakeSignal& operator=(const WakeSignal&) = delete;
    ~WakeSignal();

    // Any thread. A system call if the owner is parked or about to, else nothing.
    void signal() noexcept {
        // Relaxed: a hint, see above.
        if (parked_.load(std::memory_order_relaxed)) wake();
    }

    // Owner. From here on signals count; look for work once more, then wait().
    void prepare() noexcept {
        parked_.store(true, std::memory_order_relaxed);  // Relaxed: a hint, see above.
    }

    // Owner. Ends the watch without waiting: there was work after all.
    void cancel() noexcept {
        parked_.store(false, std::memory_order_relaxed);  // Relaxed: a hint, see above.
    }

    // Owner. Sleeps until a signal, until one of `descriptors` is readable, or for `limit_ns`.
    // Returns whether a descriptor was the reason.
    bool wait(std::int64_t limit_ns, std::span<const int> descriptors) noexcept;

  private:
    void wake() noexcept;

    // Read by all, written by the owner when it parks, on its own lines.
    alignas(kFalseSharingBytes) std::atomic<bool> parked_{false};
    alignas(kFalseSharingBytes) const int event_;  // An eventfd.
};

// How long an agent that found nothing waits before it looks again: spin, then yield, then park
// with naps that double up to a millisecond and then grow slowly: a third of a second of quiet goes
// by before the longest.
struct IdleOptions {
    std::uint32_t spin_rounds = 200;        // Looks without a pause but PAUSE: about 10 us.
    std::uint32_t yield_rounds = 20;        // Looks after giving the core to others.
    std::int64_t park_ns_min = 20'000;      // The first nap.
    std::int64_t park_ns_max = 20'000'000;  // The longest.
};

// The idle strategy of one runner.
//
// What it costs. An idle thread wakes 50 times a second and uses 0.12 % of a core (naps of 4 ms:
// 0.25 %, of 1 ms: 2 %; a virtual machine, Zen 5, 2026-11-21).
//
// What waits for it. Nothing while it spins; up to a slice of the scheduler while it yields; one
// wake-up by the kernel once it naps, if its producer signals or one of its descriptors becomes
// readable; and up to park_ns_max if neither does or the signal is lost, which takes a push within
// nanoseconds of the start of a nap. So whoever pushes to an agent that may nap signals its runner.
//
// A descriptor that woke the thread for nothing, because its agent is held up by a full output and
// does not read, is left out of the next nap: no spinning on a socket nobody wants to read.
//
// Threads  Its runner's.
class IdleStrategy {
  public:
    IdleStrategy(const IdleOptions& options, WakeSignal& signal, std::vector<int> descriptors);

    // Call with the work done by a round of the agents: rests when there was none.
    void rest(std::size_t work_done) noexcept;

  private:
    void park() noexcept;

    const IdleOptions options_;
    WakeSignal& signal_;
    const std::vector<int> descriptors_;
    std::uint32_t rounds_ = 0;  // Without work.
    std::int64_t nap_ns_;
    bool woken_by_descriptor_ = false;
};

}  // namespace thalweg
