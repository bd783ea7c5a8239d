#include "tests/support/simulation.h"

#include "engine/plan/planner.h"
#include "engine/run/execution.h"
#include "state/base/assertion.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_checks.h"
#include "tests/support/sim_query.h"
#include "tests/support/story_world.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::uint64_t kStepsMax = 400'000;  // From the healing to the end.

// An operator seen through: counts how often it had more to emit, and may be told a watermark that
// nobody has reached.
class SpyOp final : public Op {
  public:
    SpyOp(std::unique_ptr<Op> op, std::uint64_t& resumptions, std::int64_t early_ns)
        : op_(std::move(op)), resumptions_(resumptions), early_ns_(early_ns) {}

    void process(std::size_t port,
                 const BatchView& rows,
                 OpContext& context,
                 Emitter& out) override {
        op_->process(port, rows, context, out);
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        const Watermark told{saturating_add(watermark.nanos, early_ns_)};
        const Progress progress = op_->advance(told, context, out);
        if (progress == Progress::kMore) ++resumptions_;
        return progress;
    }

    [[nodiscard]] Watermark next_fire() override { return op_->next_fire(); }

    Progress tick(OpContext& context, Emitter& out) override { return op_->tick(context, out); }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return op_->next_tick_ns(); }

    void flush(OpContext& context, Emitter& out) override { op_->flush(context, out); }

    [[nodiscard]] std::size_t memory_bytes() const override { return op_->memory_bytes(); }

  private:
    std::unique_ptr<Op> op_;
    std::uint64_t& resumptions_;
    std::int64_t early_ns_;
};

// Takes rows when it feels like it.
class SimSink final : public Sink {
  public:
    SimSink(SimResults& results, Random& random, const std::uint64_t& ready_odds)
        : results_(results), random_(random), ready_odds_(ready_odds) {}

    Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override {
        is_ready_ = random_.below(ready_odds_) == 0;
        if (!is_ready_) ++results_.refusals;
        return is_ready_;
    }

    Result<void> write(const BatchView& rows) override {
        if (!is_ready_) results_.problem = "a sink was given rows while it was not ready";
        for (Row& row : rows_of(rows))
            results_.rows.push_back(std::move(row));
        counters_.rows += rows.size();
        return {};
    }

    Result<void> poll(std::int64_t) override { return {}; }

    void flush() override {}

    Result<void> close() override {
        results_.is_closed = true;
        return {};
    }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    SimResults& results_;
    Random& random_;
    const std::uint64_t& ready_odds_;
    SinkCounters counters_;
    bool is_ready_ = false;
};

// --- One simulation -----------------------------------------------------------------------------

class Simulation {
  public:
    Simulation(std::uint64_t seed, Plant plant, std::FILE* trace) : random_(seed), trace_(trace) {
        desk_.plant = plant;
    }

    SimOutcome run() {
        draw();
        open();
        if (outcome_.problem.empty()) step_to_the_end();
        if (outcome_.problem.empty()) judge();
        outcome_.script = query_.script;
        return std::move(outcome_);
    }

  private:
    [[nodiscard]] bool chance(std::uint64_t of) { return random_.below(of) == 0; }

    void see(Sighting sighting, std::uint64_t times = 1) {
        outcome_.sightings[static_cast<std::size_t>(sighting)] += times;
    }

    void draw();
    void draw_level();
    void draw_faults();
    void describe();
    void open();
    [[nodiscard]] std::shared_ptr<const Topology> spied(const Topology& planned);
    [[nodiscard]] Connectors connectors();
    void step_to_the_end();
    void step_one(bool is_healed);
    void note_step(std::size_t agent, std::size_t work);
    void judge();
    void sight();

    Random random_;
    std::FILE* trace_;
    SimOutcome outcome_;
    ManualClock clock_{1'704'110'400 * kNanosPerSecond};
    SimFacts facts_;
    SimTraffic traffic_;
    SimQuery query_;
    SimDesk desk_;
    StoryInput file_;  // Of lookup table d.
    std::unique_ptr<SimNetwork> network_;
    ExecutionSettings settings_;
    bool has_two_phases_ = false;
    bool is_bounded_ = false;
    bool jumps_ = false;  // The clock, by whole tenths of a second.
    std::uint64_t heal_at_ = 0;
    std::uint64_t stop_at_ = UINT64_MAX;
    std::uint64_t sink_odds_ = 1;
    std::vector<std::uint64_t> weights_;  // Of the agents, then the network.
    std::vector<SimResults> results_;
    std::uint64_t resumptions_ = 0;
    std::shared_ptr<const Topology> topology_;
    std::unique_ptr<Execution> execution_;
    std::vector<Agent*> agents_;
};

void Simulation::draw() {
    traffic_.format = chance(2) ? "csv" : "json";
    settings_.shards = 1 + random_.below(4);
    settings_.ring_capacity = std::size_t{2} << random_.below(3);
    settings_.gather_credits = 2 + random_.below(6);
    constexpr std::size_t kBatches[] = {1, 2, 7, kBatchRows};
    settings_.segment_rows_max = kBatches[random_.below(4)];
    settings_.is_fused_allowed = !chance(3);
    has_two_phases_ = chance(2);
    is_bounded_ = chance(2);
    draw_level();
    draw_faults();
    SimQueryLimits limits;
    limits.format = traffic_.format;
    limits.delay_ms = facts_.delay_ms;
    limits.idle_timeout_ms = jumps_ && chance(2) ? 500 : 0;
    limits.has_one_order = facts_.level == SimLevel::kOneOrder;
    limits.allows_two_tables = facts_.level != SimLevel::kOneOrder;
    query_ = random_query(limits, random_);
    traffic_.tables = query_.tables;
    file_.splits[1].bytes = query_.file;
    file_.is_over = true;
    network_ = std::make_unique<SimNetwork>(traffic_, random_);
    desk_.network = network_.get();
    describe();
}

void Simulation::draw_level() {
    facts_.level = static_cast<SimLevel>(random_.below(3));
    settings_.ingest_agents = 1;
    if (facts_.level != SimLevel::kOneOrder) settings_.ingest_agents += random_.below(3);
    if (chance(4)) settings_.shards = settings_.ingest_agents = 1;  // Fused, perhaps.
    traffic_.agents = settings_.ingest_agents;
    traffic_.clients = 1 + random_.below(4);
    traffic_.events = 20 + random_.below(chance(10) ? 1000 : 200);
    traffic_.step_ms = static_cast<std::int64_t>(20 << random_.below(7));
    traffic_.disorder_ms = static_cast<std::int64_t>(random_.below(12'000));
    const std::int64_t behind_all = 12'000;
    facts_.delay_ms = facts_.level == SimLevel::kNothingLate
                          ? behind_all
                          : static_cast<std::int64_t>(1000 * random_.below(10));
    settings_.drain = static_cast<DrainPolicy>(random_.below(3));
    if (facts_.level != SimLevel::kNothingLate) return;
    settings_.drain = is_bounded_ ? DrainPolicy::kAuto : DrainPolicy::kAlways;
}

void Simulation::draw_faults() {
    traffic_.has_bad_records = chance(2);
    traffic_.has_null_times = chance(3);
    traffic_.has_resets = chance(2);
    traffic_.reconnects = facts_.level != SimLevel::kNothingLate && chance(2);
    traffic_.has_silent_client = chance(4);
    traffic_.has_garbage_client = chance(4);
    jumps_ = facts_.level == SimLevel::kAnything && chance(2);
    heal_at_ = random_.below(3000);
    if (facts_.level != SimLevel::kNothingLate && chance(4)) stop_at_ = random_.below(heal_at_ + 1);
    sink_odds_ = 1 + random_.below(8);
    const std::size_t agents = settings_.ingest_agents + settings_.shards + 1;
    for (std::size_t i = 0; i < agents + 1; ++i)
        weights_.push_back(std::uint64_t{1} << random_.below(7));
}

void Simulation::describe() {
    constexpr std::string_view kLevels[] = {"one order", "nothing late", "anything"};
    const auto add = [this](std::string_view name, std::uint64_t number) {
        outcome_.scenario += ", " + std::string(name) + " " + std::to_string(number);
    };
    outcome_.scenario =
        query_.name + ", " + std::string(kLevels[static_cast<std::size_t>(facts_.level)]);
    add("ingest agents", settings_.ingest_agents);
    add("shards", settings_.shards);
    add("ring", settings_.ring_capacity);
    add("credits", settings_.gather_credits);
    add("batch rows", settings_.segment_rows_max);
    add("clients", traffic_.clients);
    add("events", traffic_.events);
    add("heal at", heal_at_);
    if (stop_at_ != UINT64_MAX) add("stop at", stop_at_);
    const std::pair<bool, std::string_view> words[] = {
        {settings_.is_fused_allowed, "fused if possible"},
        {has_two_phases_, "two phases"},
        {is_bounded_, "bounded"},
        {jumps_, "clock jumps"},
        {traffic_.has_bad_records, "bad records"},
        {traffic_.has_resets, "resets"},
        {traffic_.reconnects, "reconnects"},
        {traffic_.has_silent_client, "silent client"},
        {traffic_.has_garbage_client, "garbage client"},
        {settings_.drain == DrainPolicy::kAlways, "drain"},
        {settings_.drain == DrainPolicy::kNever, "no drain"},
    };
    for (const auto& [is_so, word] : words) {
        if (is_so) outcome_.scenario += ", " + std::string(word);
    }
}

void Simulation::open() {
    plan::PlanOptions options;
    options.is_fused =
        settings_.is_fused_allowed && settings_.shards == 1 && settings_.ingest_agents == 1;
    options.seed = HashSeed::from(random_());
    options.settings["table.optimizer.agg-phase-strategy"] =
        has_two_phases_ ? "TWO_PHASE" : "ONE_PHASE";
    auto planned = plan::plan_script(query_.script, options);
    if (!planned) {
        outcome_.problem =
            "the planner says " + sql::format_error("sim.sql", query_.script, planned.error());
        return;
    }
    results_.resize(planned->topology->sinks.size());
    // Who is connected by then has a say from the start, on whichever agent.
    if (facts_.level == SimLevel::kNothingLate) network_->connect_all();
    topology_ = spied(*planned->topology);
    auto opened = Execution::open(
        topology_, settings_, connectors(), clock_, [this](const QueryEvent& event) {
            if (trace_ == nullptr) return;
            std::fprintf(trace_, "  %s\n", std::string(event.text).c_str());
        });
    if (!opened) {
        outcome_.problem = "cannot open: " + opened.error().message;
        return;
    }
    execution_ = *std::move(opened);
    agents_ = execution_->agents();
}

// The plan, with spies in front of its operators, and with the planted bug.
std::shared_ptr<const Topology> Simulation::spied(const Topology& planned) {
    auto topology = std::make_shared<Topology>(planned);
    for (SourceStage& source : topology->sources) {
        source.source.format.frame_bytes_max = traffic_.frame_bytes_max;
        if (desk_.plant == Plant::kNoCuts) source.windows.clear();
    }
    const std::int64_t early_ns = desk_.plant == Plant::kEarlyWatermark ? 5 * kNanosPerSecond : 0;
    for (Stage& stage : topology->stages) {
        for (OpFactory& make : stage.ops) {
            make = [make, early_ns, this](const LookupTables& tables) -> std::unique_ptr<Op> {
                return std::make_unique<SpyOp>(make(tables), resumptions_, early_ns);
            };
        }
        for (Output& output : stage.outputs) {
            if (desk_.plant == Plant::kUnorderedGather) output.is_ordered = false;
            if (desk_.plant == Plant::kWrongShard && output.exchange == Exchange::kHash)
                output.exchange = Exchange::kSpread;
        }
    }
    return topology;
}

Connectors Simulation::connectors() {
    Connectors connectors;
    connectors.make_door = [this] {
        IngestDoor door;
        door.make_source = [this](const SourceSpec& spec,
                                  SourceInstance instance,
                                  auto) -> Result<std::unique_ptr<Source>> {
            FormatSpec format = spec.format;
            for (const auto& [key, value] : spec.options) {
                if (key.starts_with(format.format + "."))
                    format.options[key.substr(format.format.size() + 1)] = value;
            }
            if (spec.name == "d") {
                return std::make_unique<StorySource>(
                    StorySource::Settings{&file_, instance, 1 + random_.below(8), random_()},
                    std::move(format));
            }
            const SimSource::Settings settings{&desk_,
                                               spec.name == "t1" ? 1U : 0U,
                                               instance.index,
                                               random_(),
                                               is_bounded_,
                                               facts_.level == SimLevel::kNothingLate};
            return std::make_unique<SimSource>(settings, std::move(format));
        };
        door.poll = [] { return std::size_t{0}; };
        return door;
    };
    connectors.make_sink = [this](const SinkSpec& spec, auto) -> Result<std::unique_ptr<Sink>> {
        std::size_t index = 0;
        for (std::size_t i = 0; i < query_.sinks.size(); ++i) {
            if (query_.sinks[i] == spec.name) index = i;
        }
        return std::make_unique<SimSink>(results_[index], random_, sink_odds_);
    };
    return connectors;
}

// Until it is healed, anything; then everything that can go on does, and the query must end.
void Simulation::step_to_the_end() {
    bool is_stopping = false;
    std::uint64_t& step = outcome_.steps;
    for (; !execution_->finished(); ++step) {
        const bool is_healed = step >= heal_at_;
        if (step == heal_at_) {
            sink_odds_ = 1;
            std::fill(weights_.begin(), weights_.end(), 1);
            if (is_bounded_) network_->hang_up();
        }
        if (step > heal_at_ + kStepsMax) {
            outcome_.problem = "the query does not end, with " + std::to_string(desk_.refusals) +
                               " polls that found it full";
            for (const SimConnection& each : network_->connections()) {
                if (each.is_closed) continue;
                outcome_.problem += "\n  open: agent " + std::to_string(each.agent) + ", taken " +
                                    std::to_string(each.taken) + " of " + std::to_string(each.end);
            }
            return;
        }
        bool is_over = is_healed && !is_bounded_;
        for (std::size_t table = 0; table < query_.tables; ++table)
            is_over = is_over && network_->is_over(table);
        if (!is_stopping && (is_over || step == stop_at_)) {
            is_stopping = true;
            facts_.rows_before_stop = results_.back().rows.size();
            facts_.is_stopped_early = !is_over;
            execution_->request_stop();
        }
        step_one(is_healed);
    }
    if (execution_->failed()) outcome_.problem = "the query fails: " + execution_->error();
}

void Simulation::step_one(bool is_healed) {
    // Timeouts pass while a healed query ends, unless they would make a difference.
    const bool hurries = is_healed && facts_.level == SimLevel::kAnything;
    clock_.advance(static_cast<std::int64_t>(random_.below(hurries ? 100'000 : 1000)));
    if (jumps_ && chance(50)) clock_.advance(100 * kNanosPerMilli);
    std::uint64_t sum = 0;
    for (const std::uint64_t weight : weights_)
        sum += weight;
    std::uint64_t ticket = random_.below(sum);
    std::size_t turn = 0;
    for (; ticket >= weights_[turn]; ++turn)
        ticket -= weights_[turn];
    if (turn == agents_.size()) {
        network_->step(random_, is_healed);
        note_step(turn, 0);
    } else {
        note_step(turn, agents_[turn]->do_work(1 + random_.below(4)));
    }
}

void Simulation::note_step(std::size_t agent, std::size_t work) {
    std::uint64_t rows = 0;
    for (const SimResults& results : results_)
        rows += results.rows.size();
    for (const std::uint64_t word : {std::uint64_t{agent}, std::uint64_t{work}, rows})
        outcome_.trace_hash = (outcome_.trace_hash ^ word) * 0x100000001b3ULL + 0x9e3779b9U;
    if (trace_ == nullptr) return;
    const std::string name =
        agent < agents_.size() ? std::string(agents_[agent]->name()) : "network";
    std::fprintf(trace_,
                 "%6llu %s did %zu, %llu rows out, %zu notes\n",
                 static_cast<unsigned long long>(outcome_.steps),
                 name.c_str(),
                 work,
                 static_cast<unsigned long long>(rows),
                 desk_.notes.size());
}

void Simulation::judge() {
    const bool is_stopped =
        std::any_of(desk_.notes.begin(), desk_.notes.end(), [](const SimNote& note) {
            return note.step == SimStep::kStop;
        });
    facts_.is_drained = settings_.drain == DrainPolicy::kAlways ||
                        (settings_.drain == DrainPolicy::kAuto && !is_stopped);
    facts_.has_holes = jumps_;
    facts_.totals = execution_->totals();
    outcome_.problem = find_problem({query_, facts_, *network_, desk_.notes, results_});
    for (const SimResults& results : results_) {
        for (const Row& row : results.rows) {
            for (const char letter : text_of(row))
                outcome_.trace_hash =
                    (outcome_.trace_hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
        }
        outcome_.rows += results.rows.size();
    }
    sight();
}

void Simulation::sight() {
    see(Sighting::kEngineFull, desk_.refusals);
    see(Sighting::kLateRow, facts_.totals.late);
    see(Sighting::kMalformed, facts_.totals.malformed_sum());
    see(Sighting::kResumedAdvance, resumptions_);
    see(Sighting::kNullTime, facts_.totals.null_time);
    if (facts_.is_stopped_early) see(Sighting::kStopInTheMiddle);
    if (!facts_.is_drained) see(Sighting::kSilentWindows);
    if (execution_->is_fused()) see(Sighting::kFused);
    if (has_two_phases_ && !execution_->is_fused()) see(Sighting::kTwoPhases);
    for (const SimConnection& connection : network_->connections()) {
        if (connection.content().is_cut) see(Sighting::kCutRecord);
        if (connection.after != SIZE_MAX && connection.taken != 0) see(Sighting::kReconnect);
        const bool is_silent = connection.ending == SimEnding::kSilent && connection.is_accepted;
        if (is_silent && query_.is_windowed && facts_.rows_before_stop != 0)
            see(Sighting::kResultsDespiteSilence);
    }
    for (const SimResults& results : results_)
        see(Sighting::kSinkFull, results.refusals);
    constexpr Sighting kLevels[] = {
        Sighting::kOneOrder, Sighting::kNothingLate, Sighting::kAnything};
    see(kLevels[static_cast<std::size_t>(facts_.level)]);
}

}  // namespace

std::string_view name_of(Sighting sighting) noexcept {
    constexpr std::string_view kNames[kSightingCount] = {"engine full",
                                                         "late row",
                                                         "record cut by a reset",
                                                         "malformed record",
                                                         "resumed advance",
                                                         "results despite a silent client",
                                                         "stop in the middle",
                                                         "windows left open by a stop",
                                                         "reconnect",
                                                         "fused",
                                                         "two phases",
                                                         "sink full",
                                                         "row without a time",
                                                         "one order",
                                                         "nothing late",
                                                         "anything"};
    return kNames[static_cast<std::size_t>(sighting)];
}

SimOutcome simulate(std::uint64_t seed, Plant plant, std::FILE* trace) {
    return Simulation(seed, plant, trace).run();
}

}  // namespace thalweg::test
