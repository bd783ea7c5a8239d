#include "tests/support/durable_world.h"

#include "engine/plan/planner.h"
#include "ingest/journal_entry.h"
#include "state/base/assertion.h"
#include "state/store/file_name.h"
#include "state/store/journal_segment.h"
#include "tests/store/memory_file.h"
#include "tests/store/small_store.h"
#include "tests/support/durable_source.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

namespace thalweg::test {

namespace {

Bug bug_of(CrashPlant plant) {
    if (plant == CrashPlant::kNoDirectorySync) return Bug::kNoDirectorySync;
    if (plant == CrashPlant::kIgnoreSyncError) return Bug::kIgnoreSyncError;
    return Bug::kNone;
}

// An operator seen through: counts what it is given back, and may be made to lose it, or to take
// rows from behind a barrier into its snapshot.
class DurableSpyOp final : public Op {
  public:
    struct Settings {
        CrashPlant plant = CrashPlant::kNone;
        DurableLife::Notes* notes = nullptr;
        std::size_t instance = 0;
        bool is_renewed = false;  // Made while the query runs, for key groups that move.
    };

    DurableSpyOp(std::unique_ptr<Op> op, Settings settings)
        : op_(std::move(op)), settings_(settings) {}

    void process(std::size_t port,
                 const BatchView& rows,
                 OpContext& context,
                 Emitter& out) override {
        op_->process(port, rows, context, out);
        freeze_late();
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        if (late_ != nullptr) freeze_late();
        return op_->advance(watermark, context, out);
    }

    [[nodiscard]] Watermark next_fire() override { return op_->next_fire(); }

    Progress tick(OpContext& context, Emitter& out) override { return op_->tick(context, out); }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return op_->next_tick_ns(); }

    void flush(OpContext& context, Emitter& out) override { op_->flush(context, out); }

    [[nodiscard]] std::size_t memory_bytes() const override { return op_->memory_bytes(); }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return op_->state_tables();
    }

    void freeze(StateOut& out) override {
        if (settings_.plant == CrashPlant::kNoAlignment) {
            late_ = &out;
            patience_ = kPatience;
        } else {
            op_->freeze(out);
        }
    }

    Progress save(std::size_t rows_max) override {
        if (late_ != nullptr && patience_-- > 0) return Progress::kMore;
        freeze_late();
        return op_->save(rows_max);
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        if (settings_.plant == CrashPlant::kShardNotRestored && settings_.instance == 1) return;
        if (settings_.plant == CrashPlant::kStateNotMoved && settings_.is_renewed) return;
        (settings_.is_renewed ? settings_.notes->moved_rows : settings_.notes->restored_rows) +=
            rows.size();
        op_->load(table, rows, watermark, context);
    }

  private:
    static constexpr std::size_t kPatience = 50;

    void freeze_late() {
        if (late_ != nullptr) op_->freeze(*std::exchange(late_, nullptr));
    }

    std::unique_ptr<Op> op_;
    Settings settings_;
    StateOut* late_ = nullptr;
    std::size_t patience_ = 0;
};

}  // namespace

DurableLife::DurableLife(DurableWorld& world, Settings settings)
    : world_(world),
      settings_(settings),
      desk_(*world.producers, settings.execution.ingest_agents, world.plant),
      buggy_disk_(world.store_disk, bug_of(world.plant)),
      store_disk_(
          buggy_disk_, notes_.store, notes_.sinks, world.plant == CrashPlant::kPublishFirst) {
    file_.splits[1].bytes = world.query.file;
    file_.is_over = true;
    for (const std::unique_ptr<SimDisk>& disk : world.sink_disks)
        sink_disks_.push_back(std::make_unique<WatchedDisk>(*disk, notes_.sinks, notes_.store));
}

DurableLife::~DurableLife() = default;

Result<void> DurableLife::open() {
    StoreOptions options = store_options();
    options.fresh_id.bytes.fill(static_cast<std::uint8_t>(world_.random.below(256)));
    TRY(Store store, Store::open(store_disk_, options));
    store_ = std::make_unique<Store>(std::move(store));
    notes_.first_generation = store_->current();
    settings_.execution.epochs.store = store_.get();
    TRY_VOID(plan());
    TRY(execution_,
        Execution::open(topology_,
                        settings_.execution,
                        connectors(),
                        world_.clock,
                        [this](const QueryEvent& event) { hear(event); }));
    agents_ = execution_->agents();
    agents_.push_back(execution_->epoch_coordinator());
    const std::vector<Agent*> journals = execution_->journal_agents();
    agents_.insert(agents_.end(), journals.begin(), journals.end());
    read_journals();
    return {};
}

// Whatever a journal has was accepted: it is in the state, or will be done again.
void DurableLife::read_journals() {
    for (const std::string& name : world_.store_disk.names()) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (!parsed || name != segment_name(parsed->generation)) continue;
        auto file = std::make_unique<MemoryFile>(world_.store_disk.content(name));
        auto segment =
            SegmentReader::open(std::move(file), store_->header().store_id, parsed->generation);
        if (!segment || !*segment) continue;
        std::map<std::uint64_t, std::pair<std::string, std::size_t>> offsets;
        for (Result<bool> next = (*segment)->next(); next && *next; next = (*segment)->next()) {
            EntryReader entries((*segment)->payload());
            JournalEntry entry;
            for (Result<bool> has = entries.next(entry); has && *has; has = entries.next(entry)) {
                auto& [id, offset] = offsets[entry.connection];
                if (entry.kind == JournalEntry::Kind::kOpened) {
                    id = entry.peer;
                    offset = entry.offset;
                }
                offset += entry.bytes.size();
                desk_.restore_journal(id, offset);
            }
        }
    }
}

Result<void> DurableLife::plan() {
    const ExecutionSettings& execution = settings_.execution;
    plan::PlanOptions options;
    options.is_fused =
        execution.is_fused_allowed && execution.shards == 1 && execution.ingest_agents == 1;
    options.seed = HashSeed::from(world_.random());
    options.settings["table.optimizer.agg-phase-strategy"] =
        world_.has_two_phases ? "TWO_PHASE" : "ONE_PHASE";
    auto planned = plan::plan_script(world_.query.script, options);
    if (!planned)
        return fail(Code::kInvalid,
                    "the planner says " +
                        sql::format_error("sim.sql", world_.query.script, planned.error()));
    auto topology = std::make_shared<Topology>(*planned->topology);
    for (SourceStage& source : topology->sources) {
        source.source.format.frame_bytes_max = world_.frame_bytes_max;
        if (world_.has_journal) source.source.options["durability"] = "journal";
    }
    for (Stage& stage : topology->stages) {
        for (OpFactory& make : stage.ops) {
            auto made = std::make_shared<std::size_t>(0);
            std::string identity = make.identity();
            make = [make, made, this](const LookupTables& tables) -> std::unique_ptr<Op> {
                return std::make_unique<DurableSpyOp>(
                    make(tables),
                    DurableSpyOp::Settings{
                        world_.plant, &notes_, (*made)++, execution_ != nullptr});
            };
            make.set_identity(std::move(identity));
        }
    }
    world_.schemas.resize(world_.query.sinks.size());
    topology_ = std::move(topology);
    return {};
}

void DurableLife::switch_early() const {
    const KeyGroupMaps& maps = execution_->key_groups();
    const_cast<KeyGroupMap&>(maps.previous()).owners = maps.current().owners;
}

Connectors DurableLife::connectors() {
    Connectors connectors;
    connectors.make_door = [this] {
        IngestDoor door;
        door.make_source = [this](const SourceSpec& spec, SourceInstance instance, auto) {
            return make_source(spec, instance);
        };
        door.poll = [] { return std::size_t{0}; };
        return door;
    };
    connectors.make_sink = [](const SinkSpec& spec, auto) -> Result<std::unique_ptr<Sink>> {
        return fail(Code::kInvalid, "no outbox for " + spec.name);
    };
    connectors.make_outbox_sink = [this](const SinkSpec& spec, OutboxGive give) {
        return make_outbox(spec, std::move(give));
    };
    return connectors;
}

Result<std::unique_ptr<Source>> DurableLife::make_source(const SourceSpec& spec,
                                                         const SourceInstance& instance) {
    FormatSpec format = spec.format;
    for (const auto& [key, value] : spec.options) {
        if (key.starts_with(format.format + "."))
            format.options[key.substr(format.format.size() + 1)] = value;
    }
    Random& random = world_.random;
    if (spec.name == "d") {
        const StorySource::Settings settings{
            &file_, SourceInstance{instance.index, 1}, 1 + random.below(8), random()};
        return std::make_unique<StorySource>(settings, std::move(format));
    }
    format.are_lines_records = world_.has_journal;
    DurableSource::Settings settings{&desk_,
                                     spec.name == "t1" ? 1U : 0U,
                                     instance.index,
                                     random(),
                                     settings_.is_bounded,
                                     instance.journal,
                                     &notes_.replayed_bytes};
    return std::make_unique<DurableSource>(std::move(settings), std::move(format));
}

Result<OutboxSink> DurableLife::make_outbox(const SinkSpec& spec, OutboxGive give) {
    std::size_t index = 0;
    for (std::size_t i = 0; i < world_.query.sinks.size(); ++i) {
        if (world_.query.sinks[i] == spec.name) index = i;
    }
    world_.schemas[index] = spec.schema;
    SinkSpec file = spec;
    file.connector = "filesystem";
    file.format = "csv";
    file.options = {{"connector", "filesystem"},
                    {"path", "/results"},
                    {"format", "csv"},
                    {"csv.null-literal", "~"}};
    TRY(OutboxSink sink, make_outbox_sink(file, std::move(give)));
    sink.target = make_durable_target(
        world_.targets[index], *sink_disks_[index], [this, index](std::string_view position) {
            world_.views[index].note_durable(*world_.sink_disks[index], position);
        });
    return sink;
}

void DurableLife::hear(const QueryEvent& event) {
    if (settings_.traces && event.event != "record.rejected")
        std::printf("  %s\n", std::string(event.text).c_str());
    if (event.text.starts_with("no epoch can")) {
        notes_.is_degraded = true;
        ++notes_.full_store;
    }
    if (event.text.starts_with("there is room")) {
        notes_.is_degraded = false;
        ++notes_.room_again;
    }
    if (event.text.starts_with("nothing more is read")) {
        notes_.is_degraded = true;
        ++notes_.full_journal;
    }
    if (event.text.starts_with("results wait")) ++notes_.full_destination;
}

}  // namespace thalweg::test
