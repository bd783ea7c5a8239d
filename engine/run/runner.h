#pragma once

#include "engine/run/agent.h"
#include "engine/run/idle.h"
#include "engine/run/log.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace thalweg {

struct RunnerOptions {
    std::string name = {};             // Of the thread.
    std::optional<unsigned> cpu = {};  // Where to pin it; nowhere if absent.
    IdleOptions idle = {};
    std::size_t budget = 8;  // Each agent's, a round.
};

// Owns a thread and calls its agents in turn, resting when none has work. Which agents share a
// runner is configuration: one for all on a small machine, one each on a large one.
//
// Threads
//   control thread  start(), stop(), join(), and destruction
//   any             signal(), is_running()
//   its own         the agents
//   Without start(), the calling thread may drive the agents itself: round().
//
// Ordering
//   start() happens before the first do_work, the last do_work before join() returns. Agents must
//   therefore be complete before start() and may be read after join().
//
// Failure
//   An exception out of an agent ends the process with a line in the log. A processor that cannot
//   be had is a warning, and the thread floats.
class Runner {
  public:
    // Borrows the agents and the log for life.
    Runner(RunnerOptions options, std::vector<Agent*> agents, Log& log);

    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // Stops and joins.
    ~Runner();

    void start();

    // Asks the thread to end after the round it is in. Does not wait.
    void stop() noexcept;

    void join();

    // Wakes the thread if it naps: for producers, after a push.
    void signal() noexcept { signal_.signal(); }

    // For those who are to signal later. Good as long as the runner.
    [[nodiscard]] WakeSignal& wake_signal() noexcept { return signal_; }

    // Whether its thread still works: false before start() and after the last round.
    [[nodiscard]] bool is_running() const noexcept {
        return running_.load(std::memory_order_acquire);  // Acquire: edge from the last round.
    }

    // Calls every agent once, in order, and returns the work done: what the thread does in a loop,
    // for tests and the simulator, which have no thread.
    std::size_t round();

  private:
    void run() noexcept;

    const RunnerOptions options_;
    const std::vector<Agent*> agents_;
    Log& log_;
    WakeSignal signal_;
    IdleStrategy idle_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> running_{false};
    std::thread thread_;
};

}  // namespace thalweg
