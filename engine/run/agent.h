#pragma once

#include <cstddef>
#include <string_view>

namespace thalweg {

// A moving part without a thread. A Runner owns the thread and calls its agents in turn; the same
// agents called by a test, under a seeded schedule and a manual clock, are the simulator.
//
// Threads
//   Everything an agent owns belongs to the thread of its runner. It talks to other agents only
//   through rings, mailboxes and published counters.
//
// Failure
//   A row that cannot be processed is the agent's to count or to report. An exception that leaves
//   do_work ends the process: no other agent could be told what state this one is in.
class Agent {
  public:
    Agent() = default;
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    virtual ~Agent() = default;

    // Does at most about `budget` units of work (batches, reads, commands: whatever the agent's
    // unit is, each some microseconds) and returns how many it did. Never blocks. 0 says that there
    // is nothing to do until something arrives or time passes; a runner whose agents all say so
    // goes idle. An agent held up by a full output also returns 0.
    virtual std::size_t do_work(std::size_t budget) = 0;

    // A short name for logs and metrics, such as `shard-3`. Lives as long as the agent.
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;

    // A file descriptor that becomes readable when there is work from outside the process, such as
    // an epoll set over the agent's sockets, or -1. A parked runner waits on it, so that bytes from
    // the network need not wait for the end of its nap. Constant once the runner has started.
    [[nodiscard]] virtual int wake_descriptor() const noexcept { return -1; }
};

}  // namespace thalweg
