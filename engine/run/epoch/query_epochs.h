#pragma once

#include "engine/run/epoch/agent_epoch.h"
#include "engine/run/epoch/barrier_meeting.h"
#include "engine/run/epoch/epoch_coordinator.h"
#include "engine/run/epoch/epoch_desk.h"
#include "engine/run/epoch/group_mover.h"
#include "engine/run/epoch/journal_agent.h"
#include "engine/run/epoch/outbox_sender.h"
#include "engine/run/epoch/recovery.h"
#include "engine/run/epoch/stage_saver.h"
#include "engine/run/epoch/state_handover.h"
#include "engine/run/ingest_agent.h"
#include "engine/run/topology.h"
#include "ingest/journal.h"
#include "state/store/journal_files.h"
#include "state/store/store.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// How a query is made to survive its process.
struct EpochSettings {
    Store* store = nullptr;             // Borrowed, unless `owner` is given:
    std::shared_ptr<const void> owner;  // whatever keeps it alive for as long as the query.
    std::int64_t interval_ns = kNanosPerSecond;
    bool drops_state = false;  // State that this query has no place for is given up.
    bool rebalances = false;   // Key groups move between shards when one has much more to do.
};

// Everything that a query with a state directory has beside its agents: their parts in the epochs,
// the savers of its stages, the outboxes of its sinks, the coordinator, and the way back from the
// newest epoch.
//
//   open() -> attach_stage()... -> add_outbox()... -> add_journal()... -> load_state()
//     -> restore_source()...
//     -> open_outboxes() -> the agents and the coordinator run
//
// Threads  Setting up: one, before any agent runs.
// Failure  What was saved and has no place in this query is an error that names it, unless
//          drops_state. State that was not there starts empty, and is said.
class QueryEpochs {
  public:
    struct Settings {
        EpochSettings epochs;
        const Topology* topology = nullptr;  // Borrowed, as are the next three.
        QueryControl* control = nullptr;
        const Clock* clock = nullptr;
        KeyGroupMaps* maps = nullptr;
        std::size_t shards = 1;
        std::size_t ingest_agents = 1;
        std::function<void(std::string_view text)> say;
    };

    // Reads what is small of the newest epoch.
    [[nodiscard]] static Result<std::unique_ptr<QueryEpochs>> open(Settings settings);

    // The part of an agent, ingest agents, then shards, then merge.
    [[nodiscard]] AgentEpoch& agent(std::size_t index) { return *agents_[index]; }

    [[nodiscard]] EpochDesk& desk() noexcept { return desk_; }

    [[nodiscard]] GroupMover& mover() noexcept { return *mover_; }

    // All instances of a stage, the first on agent `first_agent`, the others on those after it.
    void attach_stage(std::size_t stage,
                      std::size_t first_agent,
                      const std::vector<StageInstance*>& instances);

    // A sink with an outbox. Nothing is touched where its results go.
    [[nodiscard]] OutboxSender* add_outbox(const std::string& name,
                                           std::unique_ptr<OutboxTarget> target);

    // Of the sink of that name: they go on from where they were.
    void add_numbers(const std::string& name, ResultNumbers& numbers);

    // The journal of a source's instance on an ingest agent.
    [[nodiscard]] std::shared_ptr<Journal> add_journal(const std::string& source,
                                                       std::size_t ingest_agent);

    // Its instance on an ingest agent goes on from where all of them were.
    [[nodiscard]] Result<void> restore_source(std::size_t source, IngestAgent& agent);

    // Gives the operators their state back, and their watermarks to those behind them.
    [[nodiscard]] Result<void> load_state();

    // When all else has been opened: a start that fails changes nothing that readers see. The last
    // thing that needs the snapshot.
    [[nodiscard]] Result<void> open_outboxes();

    [[nodiscard]] EpochCoordinator& coordinator() noexcept { return *coordinator_; }

    // Who writes journals: one for each ingest agent that has any.
    [[nodiscard]] std::vector<Agent*> journal_agents() const;

    void set_journal_wake_signal(std::size_t index, WakeSignal& signal) const;

  private:
    struct AttachedStage {
        std::vector<SavedOp> ops;
        std::vector<StageInstance*> instances;
    };

    QueryEpochs(Settings settings, std::unique_ptr<JournalFiles> journals);

    [[nodiscard]] StateHandover* make_handover(std::size_t stage);
    [[nodiscard]] Result<void> load_op(const AttachedStage& stage, std::size_t op);
    [[nodiscard]] Result<void> give(const AttachedStage& stage,
                                    std::size_t op,
                                    std::size_t table,
                                    const Batch& rows,
                                    Watermark watermark) const;
    [[nodiscard]] Result<void> check_names() const;
    [[nodiscard]] Result<void> check_journals() const;
    [[nodiscard]] Result<std::vector<SourcePosition>> usable_positions(
        const std::string& source, const RecoveredEpoch::SourceStates& states) const;
    [[nodiscard]] Generation first_segment(const std::string& source) const;

    Settings settings_;
    std::vector<std::vector<SavedOp>> saved_ops_;  // Of each stage.
    std::unique_ptr<SnapshotReader> snapshot_;
    std::optional<RecoveredEpoch> recovered_;
    std::unique_ptr<JournalFiles> journals_;
    std::set<std::string> journal_sources_;
    std::map<std::size_t, std::unique_ptr<JournalAgent>> journal_agents_;
    EpochDesk desk_;
    std::vector<std::unique_ptr<AgentEpoch>> agents_;
    std::vector<std::unique_ptr<BarrierMeeting>> meetings_;
    std::vector<std::unique_ptr<StateHandover>> handovers_;
    std::vector<std::unique_ptr<StageSaver>> savers_;
    std::vector<std::unique_ptr<OutboxSender>> outboxes_;
    std::vector<std::pair<std::string, std::unique_ptr<OutboxTarget>>> targets_;
    std::vector<AttachedStage> stages_;
    std::unique_ptr<GroupMover> mover_;
    std::unique_ptr<EpochCoordinator> coordinator_;
};

// Null for a sink whose rows are not numbered. `epochs`: null without a state directory.
[[nodiscard]] std::unique_ptr<ResultNumbers> make_numbers(const SinkSpec& spec,
                                                          QueryEpochs* epochs);

}  // namespace thalweg
