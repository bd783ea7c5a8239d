#include "engine/run/epoch/query_epochs.h"

#include "engine/run/epoch/row_router.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace thalweg {

namespace {

// Of several instances' words for one source: where the number of ingest agents is another now,
// the least of those that had one.
Watermark watermark_of(const RecoveredEpoch::SourceStates& states) {
    Watermark least = Watermark::max();
    bool is_any = false;
    for (const auto& [part, state] : states) {
        if (!state.has_had_split) continue;
        is_any = true;
        least = std::min(least, state.watermark);
    }
    return is_any ? least : Watermark::min();
}

std::vector<SourcePosition> positions_of(const RecoveredEpoch::SourceStates& states) {
    std::map<std::string, SourcePosition> furthest;
    for (const auto& [part, state] : states) {
        for (const SourcePosition& position : state.positions) {
            const auto [found, is_new] = furthest.try_emplace(position.id, position);
            SourcePosition& known = found->second;
            if (std::pair(known.epoch, known.position) <
                std::pair(position.epoch, position.position))
                known = position;
        }
    }
    std::vector<SourcePosition> positions;
    for (auto& [id, position] : furthest)
        positions.push_back(std::move(position));
    return positions;
}

}  // namespace

QueryEpochs::QueryEpochs(Settings settings, std::unique_ptr<JournalFiles> journals)
    : settings_(std::move(settings)),
      saved_ops_(saved_ops(*settings_.topology)),
      journals_(std::move(journals)) {
    const std::size_t count = settings_.ingest_agents + settings_.shards + 1;
    for (std::size_t i = 0; i < count; ++i)
        agents_.push_back(std::make_unique<AgentEpoch>(desk_));
    mover_ = std::make_unique<GroupMover>(GroupMover::Settings{
        .maps = settings_.maps,
        .shards = settings_.shards,
        .is_automatic = settings_.epochs.rebalances,
        .say = settings_.say,
    });
    EpochCoordinator::Settings coordinator;
    coordinator.store = settings_.epochs.store;
    coordinator.journals = journals_.get();
    coordinator.desk = &desk_;
    coordinator.mover = mover_.get();
    coordinator.control = settings_.control;
    coordinator.clock = settings_.clock;
    coordinator.agents = count;
    coordinator.interval_ns = settings_.epochs.interval_ns;
    coordinator.manifest = manifest_of(*settings_.topology);
    coordinator.manifest.shards = static_cast<std::uint32_t>(settings_.shards);
    coordinator.manifest.ingest_agents = static_cast<std::uint32_t>(settings_.ingest_agents);
    coordinator.say = settings_.say;
    coordinator_ = std::make_unique<EpochCoordinator>(std::move(coordinator));
}

Result<std::unique_ptr<QueryEpochs>> QueryEpochs::open(Settings settings) {
    const Store& store = *settings.epochs.store;
    FileHeader header = store.header();
    header.created_by = store.created_by();
    TRY(std::unique_ptr<JournalFiles> journals, JournalFiles::open(store.disk(), header));
    std::unique_ptr<QueryEpochs> epochs(new QueryEpochs(std::move(settings), std::move(journals)));
    TRY(SnapshotReader snapshot, epochs->settings_.epochs.store->read_current());
    epochs->snapshot_ = std::make_unique<SnapshotReader>(std::move(snapshot));
    TRY(epochs->recovered_, RecoveredEpoch::read(*epochs->snapshot_));
    const RecoveredEpoch& recovered = *epochs->recovered_;
    if (recovered.copied_through()) epochs->journals_->forget_through(*recovered.copied_through());
    if (!recovered.is_fresh() && recovered.manifest().has_ended)
        return fail(Code::kInvalid,
                    epochs->snapshot_->file().path() +
                        ": the query has come to its end: its inputs were read to the last "
                        "record, and what it wrote is out; to run it from the beginning, give it "
                        "another state directory");
    return epochs;
}

void QueryEpochs::attach_stage(std::size_t stage,
                               std::size_t first_agent,
                               const std::vector<StageInstance*>& instances) {
    const std::vector<SavedOp>& ops = saved_ops_[stage];
    const bool meets =
        settings_.topology->stages[stage].place == Place::kShard && instances.size() > 1;
    if (meets) {
        meetings_.push_back(
            std::make_unique<BarrierMeeting>(instances.size(), [this] { desk_.wake_agents(); }));
    }
    StateHandover* const handover = meets ? make_handover(stage) : nullptr;
    for (std::size_t i = 0; i < instances.size(); ++i) {
        AgentEpoch& agent = *agents_[first_agent + i];
        agent.add_stage(*instances[i]);
        if (meets) instances[i]->set_meeting(meetings_.back().get(), i);
        if (ops.empty()) continue;
        savers_.push_back(
            std::make_unique<StageSaver>(agent.sender(), ops, static_cast<std::uint32_t>(i)));
        instances[i]->set_saver(savers_.back().get());
        if (handover != nullptr) instances[i]->set_handover(handover);
    }
    stages_.push_back({ops, instances});
}

// For a stage with state that belongs to keys; null for any other: it stays where it is.
StateHandover* QueryEpochs::make_handover(std::size_t stage) {
    const auto has_keys = [](const SavedOp& op) {
        return std::any_of(op.tables.begin(), op.tables.end(), [](const StateTable& table) {
            return table.route == StateRoute::kByKey && !table.keys.empty();
        });
    };
    const std::vector<SavedOp>& ops = saved_ops_[stage];
    if (std::none_of(ops.begin(), ops.end(), has_keys)) return nullptr;
    ASSERT(std::all_of(ops.begin(), ops.end(), has_keys));
    StateHandover::Settings handover;
    handover.stage = &settings_.topology->stages[stage];
    handover.ops = ops;
    handover.seed = settings_.topology->seed;
    handover.maps = settings_.maps;
    handover.instances = settings_.shards;
    handover.on_complete = [this] { desk_.wake_agents(); };
    handovers_.push_back(std::make_unique<StateHandover>(std::move(handover)));
    return handovers_.back().get();
}

OutboxSender* QueryEpochs::add_outbox(const std::string& name,
                                      std::unique_ptr<OutboxTarget> target) {
    targets_.emplace_back(name, std::move(target));
    coordinator_->add_outbox_name(name);
    outboxes_.push_back(std::make_unique<OutboxSender>(desk_, agents_.back()->sender(), name));
    return outboxes_.back().get();
}

void QueryEpochs::add_numbers(const std::string& name, ResultNumbers& numbers) {
    numbers.join_epochs(desk_, agents_.back()->sender());
    numbers.restore(recovered_->result_count(name));
}

std::unique_ptr<ResultNumbers> make_numbers(const SinkSpec& spec, QueryEpochs* epochs) {
    if (spec.numbers.empty()) return nullptr;
    auto numbers = std::make_unique<ResultNumbers>(spec);
    if (epochs != nullptr) epochs->add_numbers(spec.name, *numbers);
    return numbers;
}

std::shared_ptr<Journal> QueryEpochs::add_journal(const std::string& source,
                                                  std::size_t ingest_agent) {
    Journal::Settings settings;
    settings.files = journals_.get();
    settings.source = source;
    settings.instance = static_cast<std::uint32_t>(ingest_agent);
    settings.instance_count = static_cast<std::uint32_t>(settings_.ingest_agents);
    settings.wake_source = [this] { desk_.wake_agents(); };
    auto journal = std::make_shared<Journal>(std::move(settings));
    std::unique_ptr<JournalAgent>& agent = journal_agents_[ingest_agent];
    if (agent == nullptr) {
        agent = std::make_unique<JournalAgent>(
            JournalAgent::Settings{"journal-" + std::to_string(ingest_agent),
                                   settings_.control,
                                   settings_.clock,
                                   settings_.say});
    }
    agent->add_journal(journal);
    journal_sources_.insert(source);
    return journal;
}

std::vector<Agent*> QueryEpochs::journal_agents() const {
    std::vector<Agent*> agents;
    for (const auto& [ingest_agent, agent] : journal_agents_)
        agents.push_back(agent.get());
    return agents;
}

void QueryEpochs::set_journal_wake_signal(std::size_t index, WakeSignal& signal) const {
    const auto agent = std::next(journal_agents_.begin(), static_cast<std::ptrdiff_t>(index));
    for (const std::shared_ptr<Journal>& journal : agent->second->journals())
        journal->set_wake_writer([&signal] { signal.signal(); });
}

Result<void> QueryEpochs::open_outboxes() {
    std::map<std::string, RecoveredEpoch::Outbox> known = recovered_->take_outboxes();
    for (auto& [name, target] : targets_) {
        const auto found = known.find(name);
        if (found == known.end()) {
            TRY_VOID(target->start_fresh());
            coordinator_->add_outbox(name, std::move(target), {});
        } else {
            TRY_VOID(target->recover(found->second.start));
            coordinator_->add_outbox(name, std::move(target), std::move(found->second.epochs));
        }
    }
    targets_.clear();
    recovered_.reset();
    snapshot_.reset();
    return {};
}

Result<void> QueryEpochs::restore_source(std::size_t source, IngestAgent& agent) {
    if (recovered_->is_fresh()) return {};
    const std::string& name = settings_.topology->sources[source].source.name;
    const RecoveredEpoch::SourceStates& states = recovered_->source(name);
    TRY(const std::vector<SourcePosition> positions, usable_positions(name, states));
    const auto own = states.find(agent.index());
    const bool is_same = own != states.end() && states.size() == settings_.ingest_agents;
    const bool has_had_split =
        is_same ? own->second.has_had_split
                : std::any_of(states.begin(), states.end(), [](const auto& state) {
                      return state.second.has_had_split;
                  });
    return agent.restore(
        source, positions, is_same ? own->second.watermark : watermark_of(states), has_had_split);
}

// Where the table's 'durability' was another. Of a journal that is no more, check_journals() has
// seen to what it held; but sessions that a journal knows nothing of would be counted again.
Result<std::vector<SourcePosition>> QueryEpochs::usable_positions(
    const std::string& source, const RecoveredEpoch::SourceStates& states) const {
    std::vector<SourcePosition> positions = positions_of(states);
    if (!journal_sources_.contains(source)) {
        std::erase_if(positions, Journal::is_position);
        return positions;
    }
    const bool had_journal = std::any_of(positions.begin(), positions.end(), Journal::is_position);
    if (had_journal || positions.empty()) return positions;
    if (settings_.epochs.drops_state) return std::vector<SourcePosition>();
    return fail(Code::kInvalid,
                snapshot_->file().path() + " has sessions of producers of table '" + source +
                    "', which 'durability' = 'journal' does not know; run the query that wrote "
                    "it, or give them up with --drop-state");
}

Result<void> QueryEpochs::load_state() {
    TRY_VOID(check_journals());
    if (recovered_->is_fresh()) return {};
    TRY_VOID(check_names());
    for (const AttachedStage& stage : stages_) {
        for (std::size_t op = 0; op < stage.ops.size(); ++op)
            TRY_VOID(load_op(stage, op));
    }
    for (const AttachedStage& stage : stages_) {
        for (StageInstance* const instance : stage.instances)
            instance->announce_watermark();
    }
    return {};
}

Result<void> QueryEpochs::load_op(const AttachedStage& stage, std::size_t op) {
    const SavedOp& saved = stage.ops[op];
    Watermark reached;
    for (std::size_t table = 0; table < saved.tables.size(); ++table) {
        TRY_VOID(
            recovered_->read_table(table_owner(saved.uid, saved.tables[table]),
                                   saved.tables[table].schema,
                                   [&](const Batch& rows, Watermark watermark) -> Result<void> {
                                       reached = std::max(reached, watermark);
                                       if (rows.empty()) return {};
                                       return give(stage, op, table, rows, watermark);
                                   }));
    }
    for (StageInstance* const instance : stage.instances)
        instance->restore_watermark(reached);
    return {};
}

Result<void> QueryEpochs::give(const AttachedStage& stage,
                               std::size_t op,
                               std::size_t table,
                               const Batch& rows,
                               Watermark watermark) const {
    const SavedOp& saved = stage.ops[op];
    RowRouter router(saved.tables[table], settings_.topology->seed, settings_.maps->current());
    Result<void> status;
    router.route(rows, [&](std::size_t instance, const BatchView& view) {
        if (status) status = stage.instances[instance]->load(saved.op, table, view, watermark);
    });
    if (status) return {};
    return fail(status.error().code,
                snapshot_->file().path() + ": the state of " + saved.uid +
                    " cannot be gone on from: " + status.error().message +
                    "; another state directory starts from nothing");
}

// What was received and is in a journal must not be forgotten because its table has none now.
Result<void> QueryEpochs::check_journals() const {
    for (const FoundSegment& segment : journals_->found()) {
        const std::string& source = segment.owner.source;
        const bool is_known = !segment.problem.empty() || segment.was_never_durable ||
                              segment.is_empty || journal_sources_.contains(source);
        if (is_known || segment.number < first_segment(source)) continue;
        const std::string name = segment_name(segment.number);
        if (settings_.epochs.drops_state) {
            settings_.say("dropped: " + name + " of table '" + source + "'");
            continue;
        }
        return fail(Code::kInvalid,
                    settings_.epochs.store->disk().path() + "/" + name + " has what table '" +
                        source +
                        "' received, which this query does not read with 'durability' = "
                        "'journal'; run the query that wrote it, or give up what it holds with "
                        "--drop-state");
    }
    return {};
}

// All before it is in the state.
Generation QueryEpochs::first_segment(const std::string& source) const {
    Generation first = 0;
    for (const SourcePosition& position : positions_of(recovered_->source(source))) {
        if (!Journal::is_position(position)) continue;
        first = first == 0 ? position.position : std::min(first, position.position);
    }
    return first;
}

// Nothing that was kept may vanish unseen.
Result<void> QueryEpochs::check_names() const {
    const StateComparison comparison =
        compare_state(recovered_->manifest(), coordinator_->manifest());
    for (const std::string& what : comparison.empty)
        settings_.say("starts empty: " + what);
    if (settings_.epochs.drops_state) {
        for (const std::string& what : comparison.lost)
            settings_.say("dropped: " + what);
        return {};
    }
    if (comparison.lost.empty()) return {};
    const std::size_t others = comparison.lost.size() - 1;
    return fail(Code::kInvalid,
                snapshot_->file().path() + " holds " + comparison.lost.front() +
                    (others != 0 ? " and " + std::to_string(others) + " more" : "") +
                    ", which this query has no place for; run the query that wrote it, give this "
                    "one another state directory, or give up what it has no place for with "
                    "--drop-state");
}

}  // namespace thalweg
