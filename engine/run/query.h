#pragma once

#include "engine/run/connectors.h"
#include "engine/run/execution.h"
#include "engine/run/log.h"
#include "engine/run/runner.h"
#include "engine/run/topology.h"
#include "state/base/status.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// What decides which agents share a thread.
struct ThreadCounts {
    std::size_t ingest_threads = 1;
    std::size_t shards = 1;
    std::size_t cpus = 1;
};

// The agents of each thread, by their index: ingest agents, then shards, then merge. Where there is
// a processor for each, each has its own thread. Where there is one less, merge stands beside the
// first ingest agent. Where there are fewer than ingest agents and shards, the i-th of both share a
// thread: its batches then find the shard's work in the same cache, and neither waits for the
// other to be scheduled.
[[nodiscard]] std::vector<std::vector<std::size_t>> thread_layout(const ThreadCounts& counts);

// How a query runs. One shard and one ingest thread is one thread; otherwise see thread_layout().
struct RunOptions {
    std::size_t shards = 1;
    std::size_t ingest_threads = 1;
    std::vector<unsigned> pin;  // Processors for the threads, in the order of thread_layout().
    DrainPolicy drain = DrainPolicy::kAuto;
    std::size_t batch_rows = kBatchRows;  // 1 to kBatchRows: rows in one segment, for tests.
    bool polls = false;                   // Threads never nap: the least latency, a core each.
    EpochSettings epochs = {};            // Without a store: nothing survives the process.
};

// How a query ended, or how far it has come.
//
//   rows_in (received) = emitted + malformed + shed
struct Summary {
    QueryTotals totals;
    std::int64_t elapsed_ns = 0;
    std::string error;  // Empty while all is well.
};

// One line for the end of a run and for --stats: "rows in 10,000, rows out 96, ...".
[[nodiscard]] std::string to_string(const Summary& summary);

// A running query: an Execution and the threads that call its agents.
//
// Threads   start() and destruction: one. All else: any.
// Lifecycle start() opens everything and begins. The query ends by itself when its bounded inputs
//           do, on failure, or after request_stop(): the sources read nothing more, what was read
//           is processed, the sinks are flushed. wait() gives the summary. Destruction without a
//           wait() ends the threads where they are.
// Failure   start() fails for what can never run; the summary's error says what failed later.
class Query {
  public:
    // Borrows the clock and the log.
    [[nodiscard]] static Result<std::unique_ptr<Query>> start(
        std::shared_ptr<const Topology> topology,
        const RunOptions& options,
        const Connectors& connectors,
        const Clock& clock,
        Log& log);

    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    void request_stop() noexcept;

    [[nodiscard]] bool finished() const noexcept { return execution_->finished(); }

    // At the next epoch key groups get other shards: Execution::request_moves.
    [[nodiscard]] bool request_moves(GroupMoves moves) {
        return execution_->request_moves(std::move(moves));
    }

    // Now, while it runs: for --stats.
    [[nodiscard]] Summary snapshot() const;

    // Sleeps until the query has ended, at most `limit_ns`; returns whether it has.
    bool wait_for(std::int64_t limit_ns);

    // Until it has ended; then the summary, in which every balance holds.
    [[nodiscard]] Summary wait();

    // The thread count, for the log.
    [[nodiscard]] std::size_t thread_count() const noexcept { return runners_.size(); }

  private:
    Query(const Clock& clock, Log& log);

    void make_runners(const RunOptions& options);
    WakeSignal& add_waiter(Agent& agent);
    void add_runner(const RunOptions& options, std::vector<std::size_t> agents);
    void on_event(const QueryEvent& event);

    const Clock& clock_;
    Log& log_;
    LogSite reject_site_;
    LogSite event_site_{1'000};  // Peers that come and go must not fill the log.
    std::unique_ptr<Execution> execution_;
    std::vector<std::unique_ptr<Runner>> runners_;  // Go first: they call the agents.
    std::int64_t started_ns_ = 0;
    std::atomic<std::int64_t> ended_ns_{0};
};

}  // namespace thalweg
