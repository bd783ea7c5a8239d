#include "bench/network/engine_on_wire.h"

#include "bench/memory_world.h"
#include "bench/network/sender.h"
#include "engine/plan/planner.h"

#include <charconv>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

// The port in "listening on 127.0.0.1:4711"; 0: it says something else.
std::uint16_t port_in(std::string_view event) {
    std::uint16_t port = 0;
    if (event.find("listening on ") == std::string_view::npos) return 0;
    const std::string_view digits = event.substr(event.rfind(':') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return port;
}

}  // namespace

EngineOnWire::EngineOnWire() : log_(clock_), ports_(std::make_shared<Ports>()) {
    log_.set_level(LogLevel::kError);
}

Result<std::unique_ptr<EngineOnWire>> EngineOnWire::start(const std::string& sql,
                                                          const Settings& settings) {
    plan::PlanOptions planning;
    planning.is_fused = true;
    planning.seed = HashSeed::from(1);
    auto plan = plan::plan_script(sql, planning);
    if (!plan) return fail(Code::kInvalid, sql::format_error("bench", sql, plan.error()));
    RunOptions running;
    running.drain = DrainPolicy::kAlways;
    running.polls = settings.polls;
    running.epochs.store = settings.store;
    if (const auto cpu = WirePlaces::find().receiver) running.pin = {*cpu};
    std::unique_ptr<EngineOnWire> engine(new EngineOnWire);
    const Connectors connectors = engine->connectors(settings.sum);
    TRY(engine->query_,
        Query::start(std::move(plan->topology), running, connectors, engine->clock_, engine->log_));
    if (engine->ports_->input == 0) return fail(Code::kIo, "the table does not say its port");
    return engine;
}

// The usual ones, overheard for where they listen, which they say while they are opened.
Connectors EngineOnWire::connectors(CheckSum* sum) const {
    const Connectors usual = standard_connectors();
    Connectors overheard;
    overheard.make_door = [usual, ports = ports_] {
        IngestDoor door = usual.make_door();
        door.make_source = [ports, make = door.make_source](
                               const SourceSpec& spec, SourceInstance instance, SourceEvent event) {
            return make(spec, instance, [ports, event](std::string_view text) {
                if (const std::uint16_t port = port_in(text); port != 0) ports->input = port;
                event(text);
            });
        };
        return door;
    };
    overheard.make_sink = [usual, sum, ports = ports_](
                              const SinkSpec& spec,
                              const SinkEvent& event) -> Result<std::unique_ptr<Sink>> {
        if (sum != nullptr) return make_check_sum_sink(*sum);
        return usual.make_sink(spec, [ports, event](std::string_view text) {
            if (const std::uint16_t port = port_in(text); port != 0) ports->result = port;
            event(text);
        });
    };
    return overheard;
}

Result<QueryTotals> EngineOnWire::stop() {
    query_->request_stop();
    const Summary summary = query_->wait();
    if (!summary.error.empty()) return fail(Code::kInvalid, summary.error);
    const QueryTotals& totals = summary.totals;
    const bool is_balanced = totals.rows_in == totals.emitted && totals.late == 0;
    if (!is_balanced) return fail(Code::kInvalid, to_string(summary));
    return totals;
}

}  // namespace thalweg::bench
