#include "bench/network/wire_latency.h"

#include "bench/by_hand/receiver.h"
#include "bench/network/engine_on_wire.h"
#include "bench/network/sender.h"
#include "bench/stopwatch.h"
#include "engine/run/cpu.h"
#include "tools/load/generator.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace thalweg::bench {

namespace {

using Kind = load::Address::Kind;

constexpr std::int64_t kValues = 1'000;  // 0 to 999.
constexpr std::int64_t kOneOfHundred = kValues / 100;
constexpr double kUnlimitedRate = 0;

std::string filter_sql(std::int64_t value_end) {
    return "CREATE TABLE records (ts BIGINT, key BIGINT, `value` BIGINT, extra BIGINT)\n"
           "    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:0', 'format' = 'raw-struct');\n"
           "CREATE TABLE results (ts BIGINT, key BIGINT, `value` BIGINT, extra BIGINT)\n"
           "    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:0', 'mode' = 'listen',\n"
           "          'format' = 'raw-struct');\n"
           "INSERT INTO results SELECT ts, key, `value`, extra FROM records WHERE `value` < " +
           std::to_string(value_end) + ";\n";
}

load::GeneratorSpec generator_spec() {
    load::GeneratorSpec spec;
    spec.format = load::WireFormat::kRawStruct;
    spec.keys = 10'000;
    spec.value_max = kValues - 1;
    spec.extra = load::ExtraField::kTime;
    spec.has_extra = true;
    return spec;
}

// How many of the first `records` have a value below the end.
std::uint64_t count_passing(std::uint64_t records, std::int64_t value_end) {
    constexpr std::size_t kTakeBytes = 1 << 18;
    constexpr std::size_t kValueAt = 16;
    load::Generator generator(generator_spec(), {});
    std::uint64_t count = 0;
    while (records > 0) {
        const load::Chunk chunk = generator.take({records, kTakeBytes}, 0);
        const std::size_t record_bytes = chunk.bytes / chunk.records;
        for (std::size_t at = kValueAt; at < chunk.bytes; at += record_bytes) {
            std::int64_t value = 0;
            std::memcpy(&value, chunk.data + at, sizeof value);
            count += static_cast<std::uint64_t>(value < value_end);
        }
        records -= chunk.records;
    }
    return count;
}

// What is sent, and who passes.
struct Shot {
    double rate = kUnlimitedRate;  // Records a second.
    std::uint64_t records = 0;
    std::int64_t value_end = kOneOfHundred;
};

// What one run came to.
struct Outcome {
    Cost cost;        // The wait for results that no longer come included.
    double rate = 0;  // Records a second.
    Latency latency;
};

load::LoadOptions options_of(const Shot& shot, std::uint16_t to, std::uint16_t results) {
    load::LoadOptions options;
    options.target = loopback(Kind::kTcp, to);
    options.generate = generator_spec();
    options.rate = shot.rate;
    options.count = shot.records;
    options.pack_ns = 0;
    options.close_timeout_ns = 60'000'000'000;
    options.results = loopback(Kind::kTcp, results);
    options.result_layout.format = load::WireFormat::kRawStruct;
    options.results_timeout_ns = 200'000'000;
    return options;
}

Result<Outcome> outcome_of(const Shot& shot, const Sent& sent, Cost cost) {
    const load::LoadSummary& summary = sent.summary;
    const std::uint64_t expected = count_passing(shot.records, shot.value_end);
    if (summary.totals.records != shot.records || summary.results != expected) {
        return fail(Code::kInvalid,
                    "latency: sent " + std::to_string(summary.totals.records) + ", " +
                        std::to_string(summary.results) + " results, expected " +
                        std::to_string(expected));
    }
    // The summary's percentiles begin with these.
    const auto& found = summary.latencies;
    cost.cpu_ns -= sent.cpu_ns;
    const double seconds = static_cast<double>(summary.elapsed_ns) / 1e9;
    return Outcome{
        cost,
        static_cast<double>(shot.records) / seconds,
        {found[0].latency_ns, found[1].latency_ns, found[2].latency_ns, found[3].latency_ns}};
}

Result<Outcome> run_engine(const Shot& shot, bool polls) {
    TRY(const auto engine, EngineOnWire::start(filter_sql(shot.value_end), {nullptr, polls}));
    const Stopwatch watch;
    Sender sender(options_of(shot, engine->input_port(), engine->result_port()));
    TRY(const Sent sent, sender.finish());
    const Cost cost = watch.stop(shot.records);
    TRY(const QueryTotals totals, engine->stop());
    if (totals.rows_in != shot.records || totals.sink_dropped != 0)
        return fail(Code::kInvalid, "latency: records are lost on the way");
    return outcome_of(shot, sent, cost);
}

Result<Outcome> run_by_hand(const Shot& shot) {
    by_hand::Receiver input(by_hand::Receiver::Kind::kTcp);
    by_hand::Receiver results(by_hand::Receiver::Kind::kTcp);
    const Stopwatch watch;
    std::thread thread([&] {
        if (const auto cpu = WirePlaces::find().receiver) static_cast<void>(pin_thread(*cpu));
        input.filter_stream(results, shot.value_end);
    });
    Sender sender(options_of(shot, input.port(), results.port()));
    const Result<Sent> sent = sender.finish();
    const Cost cost = watch.stop(shot.records);
    thread.join();
    if (!sent) return tl::make_unexpected(sent.error());
    return outcome_of(shot, *sent, cost);
}

// What the engine takes, measured when it is first asked for.
class Capacity {
  public:
    [[nodiscard]] Result<double> get(bool is_tiny) {
        if (rate_ != 0) return rate_;
        const Shot shot{kUnlimitedRate, is_tiny ? 100'000U : 60'000'000U, kOneOfHundred};
        TRY(const Outcome outcome, run_engine(shot, true));
        rate_ = outcome.rate;
        return rate_;
    }

  private:
    double rate_ = 0;
};

Figures figures_of(std::string bench, std::string variant, const Outcome& outcome) {
    Figures figures;
    figures.bench = std::move(bench);
    figures.variant = std::move(variant);
    figures.records_per_s = outcome.rate;
    figures.bytes_per_record = 32;
    figures.cores = outcome.cost.cpu_ns / outcome.cost.wall_ns;
    figures.ns_per_record = figures.cores / outcome.rate * 1e9;
    figures.latency = outcome.latency;
    return figures;
}

// A part of the capacity, or the fixed rate where that is 0.
struct RateVariant {
    std::string name;
    double part;
};

Result<Figures> measure_latency(const RateVariant& variant,
                                bool is_by_hand,
                                Capacity& capacity,
                                bool is_tiny) {
    constexpr double kFixedRate = 100'000;
    constexpr double kSeconds = 2;
    double rate = kFixedRate;
    if (variant.part > 0) {
        TRY(const double all, capacity.get(is_tiny));
        rate = all * variant.part;
    }
    const auto records = static_cast<std::uint64_t>(is_tiny ? 2'000 : rate * kSeconds);
    const Shot shot{rate, records, kOneOfHundred};
    TRY(const Outcome outcome, is_by_hand ? run_by_hand(shot) : run_engine(shot, true));
    return figures_of("latency", variant.name + (is_by_hand ? ", by hand" : ""), outcome);
}

// The processor time of one that hears nothing.
Result<double> idle_cores(bool polls, bool is_tiny) {
    TRY(const auto engine, EngineOnWire::start(filter_sql(kValues), {nullptr, polls}));
    // Its naps grow at first.
    std::this_thread::sleep_for(std::chrono::milliseconds(is_tiny ? 1 : 500));
    const Stopwatch watch;
    std::this_thread::sleep_for(std::chrono::milliseconds(is_tiny ? 20 : 2'000));
    const Cost cost = watch.stop(1);
    TRY(const QueryTotals totals, engine->stop());
    if (totals.rows_in != 0) return fail(Code::kInvalid, "idle: records from nowhere");
    return cost.cpu_ns / cost.wall_ns;
}

Result<Figures> measure_idle(bool polls, bool is_tiny) {
    TRY(const double cores, idle_cores(polls, is_tiny));
    const Shot shot{is_tiny ? 100.0 : 2.5, is_tiny ? 3U : 20U, kValues};
    TRY(const Outcome outcome, run_engine(shot, polls));
    Figures figures = figures_of("idle", polls ? "polling" : "napping", outcome);
    figures.cores = cores;
    return figures;
}

}  // namespace

std::vector<Workload> latency_workloads(const MeasureOptions& /*options*/) {
    std::vector<Workload> workloads;
    const auto capacity = std::make_shared<Capacity>();
    const RateVariant variants[] = {{"100 k/s", 0}, {"10 %", 0.1}, {"50 %", 0.5}, {"80 %", 0.8}};
    for (const RateVariant& variant : variants) {
        for (const bool is_by_hand : {false, true}) {
            workloads.push_back({"latency",
                                 variant.name + (is_by_hand ? ", by hand" : ""),
                                 [=](const MeasureOptions& options) {
                                     return measure_latency(
                                         variant, is_by_hand, *capacity, options.is_tiny);
                                 }});
        }
    }
    for (const bool polls : {false, true}) {
        workloads.push_back(
            {"idle", polls ? "polling" : "napping", [=](const MeasureOptions& options) {
                 return measure_idle(polls, options.is_tiny);
             }});
    }
    return workloads;
}

}  // namespace thalweg::bench
