#pragma once

#include "engine/run/idle.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace thalweg {

// What the agents of one query share besides data: whether to stop, whether it has failed and why,
// whether it is over.
//
// Threads   Any thread. The mutex guards the message and is taken once, by the first failure.
// Ordering  error() after failed() was seen true gives the whole message.
class QueryControl {
  public:
    // Asks the sources to read nothing more; what was read is still processed.
    void request_stop() noexcept {
        stop_.store(true, std::memory_order_relaxed);  // Relaxed: carries no data.
    }

    [[nodiscard]] bool stop_requested() const noexcept {
        return stop_.load(std::memory_order_relaxed);  // Relaxed: carries no data.
    }

    // The first message is kept. All agents cease to work.
    void fail(std::string message) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!error_.empty()) return;
        error_ = std::move(message);
        failed_.store(true, std::memory_order_release);  // Release: error_ before the flag.
        over_.signal();
    }

    [[nodiscard]] bool failed() const noexcept {
        return failed_.load(std::memory_order_acquire);  // Acquire: see fail().
    }

    [[nodiscard]] std::string error() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return error_;
    }

    // The merge agent has closed its sinks: nothing more will happen.
    void finish() noexcept {
        finished_.store(true, std::memory_order_release);  // Release: what was done before it.
        over_.signal();
    }

    // One thread: sleeps until the query is over, or for `limit_ns`; returns whether it is over.
    [[nodiscard]] bool wait(std::int64_t limit_ns) noexcept {
        over_.prepare();
        if (!finished()) static_cast<void>(over_.wait(limit_ns, {}));
        over_.cancel();
        return finished();
    }

    // Over, by success or by failure.
    [[nodiscard]] bool finished() const noexcept {
        return finished_.load(std::memory_order_acquire) || failed();  // Acquire: see finish().
    }

  private:
    WakeSignal over_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> failed_{false};
    std::atomic<bool> finished_{false};
    mutable std::mutex mutex_;
    std::string error_;  // Guarded by mutex_.
};

// Processing time as of the present turn of an agent: read from the Clock once a turn, seen by all
// stages that run in it. Owned by the agent's thread; shared by the agents of a fused query.
struct TurnClock {
    std::int64_t now_ns = 0;
};

}  // namespace thalweg
