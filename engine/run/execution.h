#pragma once

#include "engine/run/agent.h"
#include "engine/run/clock.h"
#include "engine/run/connectors.h"
#include "engine/run/epoch/query_epochs.h"
#include "engine/run/idle.h"
#include "engine/run/ingest_agent.h"
#include "engine/run/key_groups.h"
#include "engine/run/merge_agent.h"
#include "engine/run/query_control.h"
#include "engine/run/shard_agent.h"
#include "engine/run/topology.h"
#include "state/base/status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// A line for the log: what happened, to which source or sink.
struct QueryEvent {
    std::string_view event;  // "source", "sink", "lookup", "record.rejected"
    std::string_view name;   // Of the table.
    std::string_view text;
};

using OnQueryEvent = std::function<void(const QueryEvent& event)>;

// How a topology is laid out. All capacities are counts of items.
struct ExecutionSettings {
    std::size_t shards = 1;
    std::size_t ingest_agents = 1;
    DrainPolicy drain = DrainPolicy::kAuto;
    std::size_t segment_rows_max = kBatchRows;  // Rows in one call of a first stage, at most.
    std::size_t ring_capacity = 32;             // A power of two; for each edge, agent and shard.
    std::size_t gather_credits = 32;            // For each channel into a stage of the merge agent.
    bool is_fused_allowed = true;               // Tests turn it off to have rings on one shard.
    EpochSettings epochs = {};                  // Without a store: nothing survives the process.
};

// What a query has counted so far, over all agents.
struct QueryTotals {
    std::uint64_t rows_in = 0;  // Received records: emitted + malformed + shed.
    std::uint64_t emitted = 0;
    std::uint64_t rows_out = 0;  // Taken by the sinks.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::array<std::uint64_t, kRejectReasonCount> malformed{};
    std::uint64_t late = 0;
    std::uint64_t filtered = 0;
    std::uint64_t null_time = 0;
    std::uint64_t shed = 0;
    std::uint64_t kernel_dropped = 0;
    std::uint64_t repeated = 0;  // Records that producers sent again, not received again.
    std::uint64_t refused = 0;   // Connections.
    std::uint64_t sink_dropped = 0;
    std::uint64_t state_bytes = 0;
    std::uint64_t moved_groups = 0;   // Key groups, from one shard to another.
    std::uint64_t load_permille = 0;  // Of the most loaded shard, of the mean; 0: nobody looks.
    std::uint64_t journal_bytes = 0;  // Received, and durable in a journal.
    std::uint64_t journal_groups = 0;

    [[nodiscard]] std::uint64_t malformed_sum() const noexcept;
};

// A topology with its agents, wired and open, and no thread: who calls the agents is somebody
// else's choice (a Query with its runners, or a test with a seed).
//
// Shape     One IngestAgent for each ingest thread, one ShardAgent for each shard, one MergeAgent.
//           With one of each the query is fused: every edge is a call, and the three agents must be
//           called by one thread.
// Threads   open() and destruction: one, while no agent runs. Each agent: one of its own, or all
//           the same. request_stop(), finished(), failed(), totals(): any.
// Failure   open() fails for what can never run: a port in use, a missing file, an unknown format,
//           a lookup table that cannot be read.
class Execution {
  public:
    // Borrows the clock; the callback may be called on every agent's thread.
    [[nodiscard]] static Result<std::unique_ptr<Execution>> open(
        std::shared_ptr<const Topology> topology,
        const ExecutionSettings& settings,
        const Connectors& connectors,
        const Clock& clock,
        OnQueryEvent on_event);

    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;
    ~Execution();

    [[nodiscard]] bool is_fused() const noexcept { return is_fused_; }

    [[nodiscard]] std::vector<IngestAgent*> ingest_agents();
    [[nodiscard]] std::vector<ShardAgent*> shard_agents();

    [[nodiscard]] MergeAgent& merge_agent() noexcept { return *merge_; }

    // All of them, from the sources to the sinks.
    [[nodiscard]] std::vector<Agent*> agents();

    // Whom to wake when something is sent to an agent (by its place in agents()). Before the first
    // turn; borrowed until the last.
    void set_wake_signal(std::size_t agent_index, WakeSignal& signal);

    void request_stop() noexcept { control_.request_stop(); }

    [[nodiscard]] bool finished() const noexcept { return control_.finished(); }

    // One thread: sleeps until it has, or for about `limit_ns`; returns whether it has.
    [[nodiscard]] bool wait(std::int64_t limit_ns) noexcept { return control_.wait(limit_ns); }

    [[nodiscard]] bool failed() const noexcept { return control_.failed(); }

    [[nodiscard]] std::string error() const { return control_.error(); }

    [[nodiscard]] QueryTotals totals() const;

    // Where there is a store: who makes epochs durable; not among agents(), since it waits for the
    // disk. Else null.
    [[nodiscard]] Agent* epoch_coordinator() noexcept {
        return epochs_ == nullptr ? nullptr : &epochs_->coordinator();
    }

    void set_coordinator_wake_signal(WakeSignal& signal) {
        epochs_->desk().set_wake_signal(signal);
    }

    // At the next epoch key groups get other shards; any thread. False where there are no epochs,
    // only one shard, or too much of this already waits.
    [[nodiscard]] bool request_moves(GroupMoves moves) {
        return epochs_ != nullptr && epochs_->mover().request(std::move(moves));
    }

    // Who owns which key group; the coordinator's thread, or any while no agent runs.
    [[nodiscard]] const KeyGroupMaps& key_groups() const noexcept { return *maps_; }

    // Who writes journals; as the coordinator, and woken by whoever reads for them.
    [[nodiscard]] std::vector<Agent*> journal_agents() {
        return epochs_ == nullptr ? std::vector<Agent*>() : epochs_->journal_agents();
    }

    void set_journal_wake_signal(std::size_t index, WakeSignal& signal) {
        epochs_->set_journal_wake_signal(index, signal);
    }

    // With all agents at rest after a failure: lets the sinks show what they were given.
    void give_up() { merge_->give_up(); }

  private:
    class Wiring;

    Execution() = default;

    // Declared in the order of dependence: agents and stages go before what they borrow.
    std::shared_ptr<const Topology> topology_;
    OnQueryEvent on_event_;
    QueryControl control_;
    bool is_fused_ = false;
    std::uint64_t lookup_bytes_ = 0;
    std::vector<std::unique_ptr<TurnClock>> turns_;      // One for each agent, or one for all.
    std::vector<std::unique_ptr<WakeSignal*>> wakes_;    // One for each agent.
    std::vector<std::unique_ptr<SourceShared>> shared_;  // One for each source.
    std::unique_ptr<KeyGroupMaps> maps_;
    std::vector<std::unique_ptr<GroupLoads>> loads_;  // Of each hash exchange, where they count.
    std::unique_ptr<QueryEpochs> epochs_;             // Null: no store.
    std::vector<std::unique_ptr<Gather>> gathers_;
    std::vector<std::unique_ptr<Ring<EdgeItem>>> rings_;
    std::vector<std::unique_ptr<IngestAgent>> ingest_;
    std::vector<std::unique_ptr<ShardAgent>> shards_;
    std::unique_ptr<MergeAgent> merge_;
    std::vector<std::vector<std::unique_ptr<StageInstance>>> stages_;  // [stage][instance]
};

}  // namespace thalweg
