#include "engine/run/execution.h"

#include "engine/run/direct_output.h"
#include "engine/run/exchange_output.h"
#include "engine/run/lookup_reader.h"
#include "engine/run/sink_output.h"
#include "ingest/session_directory.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace thalweg {

// Lays a topology out: instances of stages first, then the edges between them, from the producer's
// side; then sources and sinks at the ends.
//
// Agents are counted in one row: ingest agents, shards, merge. The channels of a port are counted
// through its feeding edges in the order of the topology: sources, then outputs of stages; an edge
// has one channel for each producing instance, or a single one where it is a call.
class Execution::Wiring {
  public:
    Wiring(Execution& execution,
           const ExecutionSettings& settings,
           const Connectors& connectors,
           const Clock& clock)
        : execution_(execution),
          topology_(*execution.topology_),
          settings_(settings),
          connectors_(connectors),
          clock_(clock) {}

    [[nodiscard]] Result<void> run() {
        number_channels();
        make_agents();
        if (Result<void> read = read_lookup_tables(); !read) return read;
        make_stages();
        for (std::size_t stage = 0; stage < topology_.stages.size(); ++stage)
            make_rings(stage);
        if (settings_.epochs.store != nullptr) {
            if (Result<void> begun = begin_epochs(); !begun) return begun;
        }
        if (Result<void> made = make_sinks(); !made) return made;
        for (std::size_t stage = 0; stage < topology_.stages.size(); ++stage)
            make_outputs(stage);
        if (Result<void> made = make_sources(); !made) return made;
        if (execution_.epochs_ != nullptr) {
            if (Result<void> loaded = recover(); !loaded) return loaded;
        }
        if (Result<void> opened = open_all(); !opened) return opened;
        return execution_.epochs_ == nullptr ? Result<void>() : execution_.epochs_->open_outboxes();
    }

  private:
    static constexpr std::size_t kSourceFeeder = SIZE_MAX;

    // One edge into a port: output `output` of stage `stage`, or source `output`.
    struct Feeder {
        std::size_t stage = 0;
        std::size_t output = 0;
        std::size_t first_channel = 0;
    };

    struct Port {
        std::vector<Feeder> feeders;
        std::size_t channels = 0;
        std::vector<std::size_t> groups;  // For each channel, as GatherQueue wants them.
    };

    [[nodiscard]] std::size_t instances(Place place) const {
        if (place == Place::kIngest) return settings_.ingest_agents;
        return place == Place::kShard ? settings_.shards : 1;
    }

    [[nodiscard]] std::size_t agent_index(Place place, std::size_t instance) const {
        if (place == Place::kIngest) return instance;
        if (place == Place::kShard) return settings_.ingest_agents + instance;
        return settings_.ingest_agents + settings_.shards;
    }

    [[nodiscard]] std::size_t agent_count() const {
        return settings_.ingest_agents + settings_.shards + 1;
    }

    [[nodiscard]] bool is_call(const Output& output) const {
        return execution_.is_fused_ || output.exchange == Exchange::kForward;
    }

    [[nodiscard]] BatchHome& home(std::size_t agent) const {
        if (agent < settings_.ingest_agents) return execution_.ingest_[agent]->home();
        return execution_.shards_[agent - settings_.ingest_agents]->home();
    }

    void add_feeder(Port& port, Feeder feeder, std::size_t channels) {
        feeder.first_channel = port.channels;
        port.feeders.push_back(feeder);
        port.channels += channels;
        port.groups.resize(port.channels, GatherQueue::kUnordered);
    }

    // All shards hear the same words from every agent before them: their channels are one group.
    // Ingest agents hear their own sources: each is a group.
    void order_channels(Port& port, Place place) {
        for (std::size_t i = port.feeders.back().first_channel; i < port.channels; ++i) {
            if (place == Place::kIngest || i == port.feeders.back().first_channel) ++group_count_;
            port.groups[i] = group_count_;
        }
    }

    void number_channels() {
        for (const Stage& stage : topology_.stages)
            ports_.emplace_back(stage.port_count);
        for (std::size_t i = 0; i < topology_.sources.size(); ++i)
            add_feeder(ports_[topology_.sources[i].stage.value][0], {kSourceFeeder, i, 0}, 1);
        for (std::size_t i = 0; i < topology_.stages.size(); ++i) {
            const Stage& stage = topology_.stages[i];
            for (std::size_t k = 0; k < stage.outputs.size(); ++k) {
                const Output& output = stage.outputs[k];
                if (output.exchange == Exchange::kSink) continue;
                Port& port = ports_[output.target.value][output.port];
                add_feeder(port, {i, k, 0}, is_call(output) ? 1 : instances(stage.place));
                if (output.is_ordered) order_channels(port, stage.place);
            }
        }
    }

    [[nodiscard]] std::size_t first_channel(const Port& port,
                                            std::size_t stage,
                                            std::size_t output) const {
        for (const Feeder& feeder : port.feeders) {
            if (feeder.stage == stage && feeder.output == output) return feeder.first_channel;
        }
        ASSERT(false);
        return 0;
    }

    void make_agents() {
        const std::size_t turns = execution_.is_fused_ ? 1 : agent_count();
        for (std::size_t i = 0; i < turns; ++i)
            execution_.turns_.push_back(std::make_unique<TurnClock>());
        for (std::size_t i = 0; i < agent_count(); ++i)
            execution_.wakes_.push_back(std::make_unique<WakeSignal*>(nullptr));
        const std::size_t returning =
            2 * (settings_.ring_capacity + settings_.gather_credits) * (settings_.shards + 1);
        for (std::size_t i = 0; i < settings_.ingest_agents; ++i) {
            execution_.ingest_.push_back(
                std::make_unique<IngestAgent>(IngestAgent::Settings{"ingest-" + std::to_string(i),
                                                                    connectors_.make_door(),
                                                                    &clock_,
                                                                    turn(i),
                                                                    &execution_.control_,
                                                                    settings_.drain,
                                                                    returning}));
        }
        for (std::size_t i = 0; i < settings_.shards; ++i) {
            execution_.shards_.push_back(std::make_unique<ShardAgent>(
                ShardAgent::Settings{"shard-" + std::to_string(i),
                                     &clock_,
                                     turn(agent_index(Place::kShard, i)),
                                     &execution_.control_,
                                     returning}));
        }
        execution_.merge_ = std::make_unique<MergeAgent>(MergeAgent::Settings{
            "merge", &clock_, turn(agent_index(Place::kMerge, 0)), &execution_.control_});
    }

    [[nodiscard]] TurnClock* turn(std::size_t agent) const {
        return execution_.turns_[execution_.is_fused_ ? 0 : agent].get();
    }

    // On the first agent's door: nobody is behind it yet.
    [[nodiscard]] Result<void> read_lookup_tables() {
        for (const LookupSource& lookup : topology_.lookups) {
            const std::string& name = lookup.source.name;
            LookupReader reader(lookup, clock_.wall_now_ns(), reject_sayer());
            TRY(LookupTablePtr table,
                reader.read(execution_.ingest_[0]->door(), say("lookup", name)));
            say("lookup", name)("read " + std::to_string(table->size()) + " rows of " +
                                std::to_string(table->key_count()) + " keys");
            execution_.lookup_bytes_ += table->memory_bytes();
            lookup_tables_.push_back(std::move(table));
        }
        return {};
    }

    // Whether rows of several instances of this stage meet in order, here or after calls.
    [[nodiscard]] bool is_stepwise(const Stage& stage) const {
        if (execution_.is_fused_) return false;
        for (const Output& output : stage.outputs) {
            if (output.exchange == Exchange::kGather && output.is_ordered) return true;
            if (output.exchange == Exchange::kForward &&
                is_stepwise(topology_.stages[output.target.value])) {
                return true;
            }
        }
        return false;
    }

    void make_stages() {
        for (std::size_t i = 0; i < topology_.stages.size(); ++i) {
            const Stage& stage = topology_.stages[i];
            std::vector<std::size_t> channels;
            for (const Port& port : ports_[i])
                channels.push_back(port.channels);
            execution_.stages_.emplace_back();
            for (std::size_t k = 0; k < instances(stage.place); ++k) {
                auto [wakers, origins] = ways(i, k);
                auto instance = std::make_unique<StageInstance>(
                    stage,
                    StageInstance::Settings{channels,
                                            std::move(wakers),
                                            std::move(origins),
                                            is_stepwise(stage),
                                            turn(agent_index(stage.place, k)),
                                            &execution_.control_,
                                            lookup_tables_});
                add_to_agent(stage.place, k, *instance);
                execution_.stages_.back().push_back(std::move(instance));
            }
        }
    }

    // A source on an ingest agent.
    using SourceSet = std::set<std::pair<std::size_t, std::size_t>>;

    // Where the rows of an instance of a stage come from.
    [[nodiscard]] SourceSet sources_of(std::size_t stage, std::size_t instance) const {
        SourceSet all;
        for (const Port& port : ports_[stage]) {
            for (std::size_t channel = 0; channel < port.channels; ++channel)
                all.merge(sources_of(port, channel, instance));
        }
        return all;
    }

    [[nodiscard]] static const Feeder& feeder_of(const Port& port, std::size_t channel) {
        auto feeder = port.feeders.rbegin();
        while (feeder->first_channel > channel)
            ++feeder;
        return *feeder;
    }

    // Where the rows of a channel of such an instance come from.
    [[nodiscard]] SourceSet sources_of(const Port& port,
                                       std::size_t channel,
                                       std::size_t instance) const {
        const Feeder& feeder = feeder_of(port, channel);
        if (feeder.stage == kSourceFeeder) return {{feeder.output, instance}};
        const bool is_own = is_call(topology_.stages[feeder.stage].outputs[feeder.output]);
        return sources_of(feeder.stage, is_own ? instance : channel - feeder.first_channel);
    }

    // Whether another shard may have to hear of something first, before the channel does.
    [[nodiscard]] bool is_behind_shards(const Port& port, std::size_t channel) const {
        const Feeder& feeder = feeder_of(port, channel);
        return feeder.stage != kSourceFeeder &&
               topology_.stages[feeder.stage].place == Place::kShard;
    }

    // What StageInstance::Settings says. A channel whose sources are all sources of another one,
    // too, is a waker of that, if that is the longer way: what comes from ingest agents directly,
    // by whatever port, comes in order.
    // Those of them that come from ingest agents are its origins, if no source is missing.
    [[nodiscard]] std::pair<StageInstance::ChannelSets, StageInstance::ChannelSets> ways(
        std::size_t stage, std::size_t instance) const {
        std::vector<std::pair<StageInstance::ChannelId, SourceSet>> channels;
        StageInstance::ChannelSets wakers;
        StageInstance::ChannelSets origins;
        for (std::size_t port = 0; port < ports_[stage].size(); ++port) {
            const std::size_t count = ports_[stage][port].channels;
            wakers.emplace_back(count);
            origins.emplace_back(count);
            for (std::size_t i = 0; i < count; ++i)
                channels.push_back({{port, i}, sources_of(ports_[stage][port], i, instance)});
        }
        for (const auto& [sleeper, all] : channels) {
            if (!is_behind_shards(ports_[stage][sleeper.port], sleeper.channel)) continue;
            SourceSet heard;
            std::vector<StageInstance::ChannelId>& first = origins[sleeper.port][sleeper.channel];
            for (const auto& [id, some] : channels) {
                const bool is_same = id.port == sleeper.port && id.channel == sleeper.channel;
                if (is_same || !std::includes(all.begin(), all.end(), some.begin(), some.end()))
                    continue;
                wakers[sleeper.port][sleeper.channel].push_back(id);
                if (is_behind_shards(ports_[stage][id.port], id.channel)) continue;
                first.push_back(id);
                heard.insert(some.begin(), some.end());
            }
            if (heard != all) first.clear();
        }
        return {std::move(wakers), std::move(origins)};
    }

    void add_to_agent(Place place, std::size_t index, StageInstance& instance) {
        if (place == Place::kIngest) execution_.ingest_[index]->add_stage(instance);
        if (place == Place::kShard) execution_.shards_[index]->add_stage(instance);
        if (place == Place::kMerge) execution_.merge_->add_stage(instance);
    }

    // What leads into a stage from other agents: a ring for each producer and shard, or a gather. A
    // producer is an instance of a stage; on an ingest agent, all stages behind one source: rows of
    // one input keep their order on all ways.
    void make_rings(std::size_t stage_index) {
        rings_.emplace_back();
        gathers_.push_back(nullptr);
        const bool is_merge = topology_.stages[stage_index].place == Place::kMerge;
        bool is_any = false;
        for (std::size_t group = 0; group < topology_.stages.size(); ++group) {
            for (std::size_t k = 0; k < instances(topology_.stages[group].place); ++k) {
                std::vector<ShardAgent::Channel> channels;
                for (std::size_t from = 0; from < topology_.stages.size(); ++from) {
                    if (producer_group(from) != group) continue;
                    const auto more = channels_from(stage_index, from, k);
                    channels.insert(channels.end(), more.begin(), more.end());
                }
                if (channels.empty()) continue;
                is_any = true;
                if (!is_merge) make_rings_from(stage_index, group, k, channels);
            }
        }
        if (is_any && is_merge) make_gather(stage_index);
    }

    // The first stage behind its source, for one on an ingest agent; else the stage itself.
    [[nodiscard]] std::size_t producer_group(std::size_t stage) const {
        if (topology_.stages[stage].place != Place::kIngest) return stage;
        for (const Feeder& feeder : ports_[stage][0].feeders) {
            if (feeder.stage != kSourceFeeder) return producer_group(feeder.stage);
        }
        return stage;
    }

    // Through which channels an instance of stage `from` feeds a stage on other agents.
    [[nodiscard]] std::vector<ShardAgent::Channel> channels_from(std::size_t stage_index,
                                                                 std::size_t from,
                                                                 std::size_t instance) const {
        std::vector<ShardAgent::Channel> channels;
        for (std::size_t port = 0; port < ports_[stage_index].size(); ++port) {
            for (const Feeder& feeder : ports_[stage_index][port].feeders) {
                if (feeder.stage != from) continue;
                if (is_call(topology_.stages[from].outputs[feeder.output])) continue;
                channels.push_back({port, feeder.first_channel + instance});
            }
        }
        return channels;
    }

    void make_rings_from(std::size_t stage_index,
                         std::size_t from,
                         std::size_t instance,
                         const std::vector<ShardAgent::Channel>& channels) {
        ASSERT(topology_.stages[stage_index].place == Place::kShard);
        const std::size_t producer = agent_index(topology_.stages[from].place, instance);
        std::vector<Ring<EdgeItem>*>& rings = rings_[stage_index][{from, instance}];
        for (std::size_t shard = 0; shard < settings_.shards; ++shard) {
            execution_.rings_.push_back(std::make_unique<Ring<EdgeItem>>(settings_.ring_capacity));
            rings.push_back(execution_.rings_.back().get());
            StageInstance* const target = execution_.stages_[stage_index][shard].get();
            execution_.shards_[shard]->add_ring({rings.back(), target, channels, &home(producer)});
        }
    }

    [[nodiscard]] Result<void> begin_epochs() {
        QueryEpochs::Settings epochs;
        epochs.epochs = settings_.epochs;
        epochs.topology = &topology_;
        epochs.control = &execution_.control_;
        epochs.clock = &clock_;
        epochs.maps = execution_.maps_.get();
        epochs.shards = settings_.shards;
        epochs.ingest_agents = settings_.ingest_agents;
        epochs.say = say("state", "");
        TRY(execution_.epochs_, QueryEpochs::open(std::move(epochs)));
        execution_.epochs_->desk().set_wake_agents([this_execution = &execution_] {
            for (const std::unique_ptr<WakeSignal*>& wake : this_execution->wakes_) {
                if (*wake != nullptr) (*wake)->signal();
            }
        });
        for (std::size_t i = 0; i < topology_.stages.size(); ++i) {
            std::vector<StageInstance*> instances;
            for (const std::unique_ptr<StageInstance>& instance : execution_.stages_[i])
                instances.push_back(instance.get());
            const std::size_t first_agent = agent_index(topology_.stages[i].place, 0);
            execution_.epochs_->attach_stage(i, first_agent, instances);
        }
        for (std::size_t i = 0; i < settings_.ingest_agents; ++i)
            execution_.ingest_[i]->set_epoch(execution_.epochs_->agent(i),
                                             static_cast<std::uint32_t>(i));
        for (std::size_t i = 0; i < settings_.shards; ++i)
            execution_.shards_[i]->set_epoch(
                execution_.epochs_->agent(agent_index(Place::kShard, i)));
        execution_.merge_->set_epoch(execution_.epochs_->agent(agent_index(Place::kMerge, 0)));
        return {};
    }

    // State first: what the sources say about time finds it in its place.
    [[nodiscard]] Result<void> recover() {
        TRY_VOID(execution_.epochs_->load_state());
        for (const std::unique_ptr<IngestAgent>& agent : execution_.ingest_) {
            for (std::size_t i = 0; i < topology_.sources.size(); ++i)
                TRY_VOID(execution_.epochs_->restore_source(i, *agent));
        }
        return {};
    }

    void make_gather(std::size_t stage_index) {
        std::vector<std::size_t> channels;
        std::vector<std::vector<std::size_t>> groups;
        for (const Port& port : ports_[stage_index]) {
            channels.push_back(port.channels);
            groups.push_back(port.groups);
        }
        execution_.gathers_.push_back(std::make_unique<Gather>(channels, settings_.gather_credits));
        gathers_.back() = execution_.gathers_.back().get();
        execution_.merge_->add_queue(
            GatherQueue(*gathers_.back(), *execution_.stages_[stage_index][0], std::move(groups)));
    }

    void make_outputs(std::size_t stage_index) {
        const Stage& stage = topology_.stages[stage_index];
        for (std::size_t k = 0; k < instances(stage.place); ++k) {
            for (std::size_t o = 0; o < stage.outputs.size(); ++o)
                execution_.stages_[stage_index][k]->add_output(make_output(stage_index, k, o),
                                                               stage.outputs[o].is_aside);
        }
    }

    [[nodiscard]] std::unique_ptr<StageOutput> make_output(std::size_t stage_index,
                                                           std::size_t instance,
                                                           std::size_t output_index) {
        const Stage& stage = topology_.stages[stage_index];
        const Output& output = stage.outputs[output_index];
        if (output.exchange == Exchange::kSink) {
            ASSERT(stage.place == Place::kMerge);
            return std::make_unique<SinkOutput>(topology_.sinks[output.sink],
                                                *sinks_[output.sink],
                                                execution_.control_,
                                                execution_.merge_->seal(output.sink),
                                                outboxes_[output.sink],
                                                execution_.epochs_.get());
        }
        const std::size_t target = output.target.value;
        const std::size_t channel =
            first_channel(ports_[target][output.port], stage_index, output_index);
        if (is_call(output)) {
            const std::size_t other = execution_.is_fused_ ? 0 : instance;
            return std::make_unique<DirectOutput>(
                *execution_.stages_[target][other], output.port, channel);
        }
        return make_exchange(stage_index, output, instance, channel + instance);
    }

    [[nodiscard]] std::unique_ptr<StageOutput> make_exchange(std::size_t from,
                                                             const Output& output,
                                                             std::size_t instance,
                                                             std::size_t channel) {
        const Stage& stage = topology_.stages[from];
        const std::size_t target = output.target.value;
        const std::size_t agent = agent_index(stage.place, instance);
        const Place place = topology_.stages[target].place;
        const std::size_t lane_count = instances(place);
        BatchPool& pool =
            home(agent).pool(output.schema != nullptr ? output.schema : stage.output_schema,
                             lane_count * (settings_.ring_capacity + 2));
        std::vector<Lane> lanes;
        for (std::size_t i = 0; i < lane_count; ++i) {
            Lane::Target to;
            to.gather = gathers_[target];
            if (to.gather == nullptr)
                to.ring = rings_[target].at({producer_group(from), instance})[i];
            to.wake = execution_.wakes_[agent_index(place, i)].get();
            lanes.emplace_back(to,
                               pool,
                               Lane::Address{static_cast<std::uint8_t>(output.port),
                                             static_cast<std::uint32_t>(channel),
                                             static_cast<std::uint16_t>(agent)});
        }
        ExchangeOutput::Settings settings{
            output.exchange, output.keys, topology_.seed, execution_.maps_.get(), nullptr};
        if (settings.exchange == Exchange::kHash && settings_.epochs.rebalances)
            settings.loads = make_loads();
        return std::make_unique<ExchangeOutput>(std::move(settings), std::move(lanes));
    }

    // Null where nobody would look at them.
    [[nodiscard]] GroupLoads* make_loads() {
        if (execution_.epochs_ == nullptr || settings_.shards == 1) return nullptr;
        execution_.loads_.push_back(std::make_unique<GroupLoads>());
        execution_.epochs_->mover().add_loads(*execution_.loads_.back());
        return execution_.loads_.back().get();
    }

    [[nodiscard]] Result<void> make_sinks() {
        for (const SinkSpec& spec : topology_.sinks) {
            TRY(const bool has_outbox, make_outbox(spec));
            if (has_outbox) continue;
            auto sink = connectors_.make_sink(spec, say("sink", spec.name));
            if (!sink) return tl::make_unexpected(std::move(sink).error());
            sinks_.push_back(&execution_.merge_->add_sink(spec.name, *std::move(sink)));
            outboxes_.push_back(nullptr);
        }
        std::vector<BatchHome*> homes;
        for (std::size_t agent = 0; agent + 1 < agent_count(); ++agent)
            homes.push_back(&home(agent));
        execution_.merge_->set_homes(std::move(homes));
        return {};
    }

    // Whether the sink was made as one whose results appear exactly once.
    [[nodiscard]] Result<bool> make_outbox(const SinkSpec& spec) {
        if (execution_.epochs_ == nullptr || !connectors_.make_outbox_sink) return false;
        auto sender = std::make_shared<OutboxSender*>(nullptr);
        TRY(OutboxSink sink, connectors_.make_outbox_sink(spec, [sender](std::string_view bytes) {
            (*sender)->give(bytes);
        }));
        if (sink.target == nullptr) return false;
        *sender = execution_.epochs_->add_outbox(spec.name, std::move(sink.target));
        sinks_.push_back(&execution_.merge_->add_sink(spec.name, std::move(sink.encoder)));
        outboxes_.push_back(*sender);
        return true;
    }

    [[nodiscard]] std::function<void(std::string_view)> say(std::string_view event,
                                                            std::string name) const {
        return [this_execution = &execution_, event, name = std::move(name)](
                   std::string_view text) { this_execution->on_event_({event, name, text}); };
    }

    [[nodiscard]] std::function<void(const std::string&, const Rejected&)> reject_sayer() const {
        return [this_execution = &execution_](const std::string& name, const Rejected& record) {
            std::string text(name_of(record.reason));
            if (!record.detail.empty()) text.append(": ").append(record.detail);
            text.append(", from ").append(record.peer);
            text.append(", offset ").append(std::to_string(record.offset));
            this_execution->on_event_({"record.rejected", name, text});
        };
    }

    [[nodiscard]] Result<void> make_sources() {
        for (std::size_t i = 0; i < topology_.sources.size(); ++i) {
            const SourceStage& source = topology_.sources[i];
            ASSERT(topology_.stages[source.stage.value].place == Place::kIngest);
            execution_.shared_.push_back(std::make_unique<SourceShared>());
            const std::shared_ptr<SessionDirectory> sessions = make_sessions();
            for (std::size_t k = 0; k < settings_.ingest_agents; ++k) {
                if (Result<void> made = make_source(i, k, sessions); !made) return made;
            }
        }
        return {};
    }

    // Of a source whose producers wait for epochs. The generation that this process began with
    // grows from one to the next.
    [[nodiscard]] std::shared_ptr<SessionDirectory> make_sessions() const {
        if (settings_.epochs.store == nullptr) return nullptr;
        const Store& store = *settings_.epochs.store;
        return std::make_shared<SessionDirectory>(
            settings_.ingest_agents,
            SessionDirectory::Identity{{store.header().store_id.bytes}, store.current()});
    }

    [[nodiscard]] Result<void> make_source(std::size_t index,
                                           std::size_t agent,
                                           const std::shared_ptr<SessionDirectory>& sessions) {
        const SourceStage& stage = topology_.sources[index];
        IngestAgent& owner = *execution_.ingest_[agent];
        SourceInstance instance{agent, settings_.ingest_agents, sessions};
        instance.rests_at_end =
            settings_.epochs.store != nullptr && settings_.drain == DrainPolicy::kNever;
        const auto traits = check_source(stage.source);
        const bool has_journal = traits && traits->replay == Replay::kJournal;
        if (has_journal && execution_.epochs_ != nullptr)
            instance.journal = execution_.epochs_->add_journal(stage.source.name, agent);
        auto source = owner.door().make_source(
            stage.source, std::move(instance), say("source", stage.source.name));
        if (!source) return tl::make_unexpected(std::move(source).error());
        SourceOutlet::Settings outlet;
        outlet.source = &stage;
        outlet.stage = execution_.stages_[stage.stage.value][agent].get();
        outlet.shared = execution_.shared_[index].get();
        outlet.clock = turn(agent);
        outlet.control = &execution_.control_;
        outlet.channel = first_channel(ports_[stage.stage.value][0], kSourceFeeder, index);
        outlet.segment_rows_max = settings_.segment_rows_max;
        outlet.on_reject = reject_sayer();
        owner.add_source(*std::move(source), std::move(outlet));
        return {};
    }

    // Sinks first: what is read early shall have somewhere to go.
    [[nodiscard]] Result<void> open_all() {
        if (Result<void> opened = execution_.merge_->open(); !opened) return opened;
        for (const std::unique_ptr<IngestAgent>& agent : execution_.ingest_) {
            if (Result<void> opened = agent->open(); !opened) return opened;
        }
        hear_of_ends();
        return {};
    }

    // An instance that had nothing to read has ended by now. Its silence must hold back no
    // watermark, so the shards learn of it before another's rows can reach them.
    void hear_of_ends() {
        for (const std::unique_ptr<ShardAgent>& shard : execution_.shards_) {
            while (shard->do_work(kBatchRows) != 0) {
            }
        }
    }

    Execution& execution_;
    const Topology& topology_;
    const ExecutionSettings& settings_;
    const Connectors& connectors_;
    const Clock& clock_;
    std::vector<std::vector<Port>> ports_;  // [stage][port]
    std::size_t group_count_ = 0;
    // Into each stage: by the producing group and instance, for each shard.
    std::vector<std::map<std::pair<std::size_t, std::size_t>, std::vector<Ring<EdgeItem>*>>> rings_;
    std::vector<Gather*> gathers_;  // [stage]
    std::vector<Sink*> sinks_;
    std::vector<OutboxSender*> outboxes_;  // Of each sink; null: it has none.
    LookupTables lookup_tables_;
};

Result<std::unique_ptr<Execution>> Execution::open(std::shared_ptr<const Topology> topology,
                                                   const ExecutionSettings& settings,
                                                   const Connectors& connectors,
                                                   const Clock& clock,
                                                   OnQueryEvent on_event) {
    ASSERT(settings.shards > 0);
    ASSERT(settings.ingest_agents > 0);
    std::unique_ptr<Execution> execution(new Execution());
    execution->topology_ = std::move(topology);
    execution->on_event_ = std::move(on_event);
    execution->maps_ = std::make_unique<KeyGroupMaps>(settings.shards);
    execution->is_fused_ =
        settings.is_fused_allowed && settings.shards == 1 && settings.ingest_agents == 1;
    Result<void> wired = Wiring(*execution, settings, connectors, clock).run();
    if (!wired) return tl::make_unexpected(std::move(wired).error());
    return execution;
}

Execution::~Execution() {
    for (const std::unique_ptr<Ring<EdgeItem>>& ring : rings_) {
        ring->drain(ring->capacity(),
                    [](const EdgeItem& item) { std::unique_ptr<Batch>(item.batch).reset(); });
    }
}

std::vector<IngestAgent*> Execution::ingest_agents() {
    std::vector<IngestAgent*> agents;
    for (const std::unique_ptr<IngestAgent>& agent : ingest_)
        agents.push_back(agent.get());
    return agents;
}

std::vector<ShardAgent*> Execution::shard_agents() {
    std::vector<ShardAgent*> agents;
    for (const std::unique_ptr<ShardAgent>& agent : shards_)
        agents.push_back(agent.get());
    return agents;
}

std::vector<Agent*> Execution::agents() {
    std::vector<Agent*> agents;
    for (IngestAgent* const agent : ingest_agents())
        agents.push_back(agent);
    for (ShardAgent* const agent : shard_agents())
        agents.push_back(agent);
    agents.push_back(merge_.get());
    return agents;
}

void Execution::set_wake_signal(std::size_t agent_index, WakeSignal& signal) {
    *wakes_[agent_index] = &signal;
}

}  // namespace thalweg
