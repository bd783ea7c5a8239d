#include "bench/whole_query.h"

#include "bench/memory_world.h"
#include "bench/stopwatch.h"
#include "engine/plan/planner.h"
#include "engine/run/clock.h"
#include "engine/run/cpu.h"
#include "engine/run/log.h"
#include "engine/run/query.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

// Resident memory of the process: what it is, or, after reset_peak(), the most it was.
std::uint64_t status_bytes(std::string_view name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(name)) continue;
        const std::string digits = line.substr(line.find_first_of("0123456789"));
        std::uint64_t kilobytes = 0;
        for (std::size_t i = 0; i < digits.size() && digits[i] >= '0' && digits[i] <= '9'; ++i)
            kilobytes = kilobytes * 10 + static_cast<std::uint64_t>(digits[i] - '0');
        return kilobytes * 1024;
    }
    return 0;
}

void reset_peak() {
    std::ofstream("/proc/self/clear_refs") << "5\n";
}

// The query and its input, ready to be run any number of times.
class Bench {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Bench>> make(
        const QueryCase& query, std::shared_ptr<Input> input = nullptr) {
        plan::PlanOptions options;
        options.is_fused = query.shards == 1 && query.ingest_threads == 1;
        options.seed = HashSeed::from(1);
        auto plan = plan::plan_script(query.sql, options);
        if (!plan) {
            return fail(Code::kInvalid, sql::format_error(query.bench, query.sql, plan.error()));
        }
        if (input == nullptr) {
            TRY(std::unique_ptr<Input> made, query.make_input());
            input = std::move(made);
        }
        return std::unique_ptr<Bench>(
            new Bench(query, std::move(plan->topology), std::move(input)));
    }

    // Either side must give what the oracle gives.
    [[nodiscard]] Result<void> check() {
        TRY(const CheckSum expected, query_.oracle());
        CheckSum found;
        input_->restart(query_.check_records);
        TRY_VOID(run_query({*input_, &found, nullptr}, query_.check_records));
        TRY_VOID(compare("the query", found, expected));
        by_hand::Results results(true);
        input_->restart(query_.check_records);
        query_.by_hand(*input_, results);
        return compare("by hand", results.sum(), expected);
    }

    // One pass of the engine over the input.
    [[nodiscard]] Result<Cost> time_query() {
        input_->restart(query_.records);
        const Stopwatch watch;
        TRY(const std::uint64_t rows, run_query({*input_, nullptr, nullptr}, query_.records));
        const Cost cost = watch.stop(query_.records);
        TRY_VOID(compare_rows(rows));
        return cost;
    }

    // One pass of the rival.
    [[nodiscard]] Result<Cost> time_by_hand() {
        input_->restart(query_.records);
        by_hand::Results results(false);
        const Stopwatch watch;
        query_.by_hand(*input_, results);
        const Cost cost = watch.stop(query_.records);
        TRY_VOID(compare_rows(results.rows()));
        return cost;
    }

    // One pass of the engine with an eye on the clock.
    [[nodiscard]] Result<std::optional<Latency>> latency() {
        if (query_.shards != 1 || query_.ingest_threads != 1) return std::nullopt;
        Histogram histogram;
        input_->restart(query_.records);
        TRY_VOID(run_query({*input_, nullptr, &histogram}, query_.records));
        return Latency::of(histogram);
    }

    [[nodiscard]] const std::shared_ptr<Input>& input() const { return input_; }

    [[nodiscard]] double bytes_per_record() const {
        return static_cast<double>(input_->bytes()) / static_cast<double>(query_.records);
    }

  private:
    Bench(const QueryCase& query,
          std::shared_ptr<const Topology> topology,
          std::shared_ptr<Input> input)
        : query_(query), topology_(std::move(topology)), log_(clock_), input_(std::move(input)) {
        log_.set_level(LogLevel::kError);
        input_->restart(query_.records);
    }

    // Returns how many rows came out.
    [[nodiscard]] Result<std::uint64_t> run_query(const MemoryWorld& world, std::size_t records) {
        RunOptions options;
        options.shards = query_.shards;
        options.ingest_threads = query_.ingest_threads;
        TRY(const std::unique_ptr<Query> running,
            Query::start(topology_, options, memory_connectors(world), clock_, log_));
        const Summary summary = running->wait();
        if (!summary.error.empty()) return fail(Code::kInvalid, summary.error);
        const QueryTotals& totals = summary.totals;
        if (totals.rows_in != records || totals.emitted != records || totals.late != 0)
            return fail(Code::kInvalid, name() + ": " + to_string(summary));
        return totals.rows_out;
    }

    [[nodiscard]] Result<void> compare(std::string_view side,
                                       const CheckSum& found,
                                       const CheckSum& expected) const {
        if (found.matches(expected)) return {};
        const auto text = [](const CheckSum& sum) {
            return std::to_string(sum.rows()) + " rows with the sums " + std::to_string(sum.sum()) +
                   " and " + std::to_string(sum.real_sum());
        };
        return fail(Code::kInvalid,
                    name() + ", " + std::string(side) + ": " + text(found) + ", expected " +
                        text(expected));
    }

    // Of full runs: all must give the same number.
    [[nodiscard]] Result<void> compare_rows(std::uint64_t rows) {
        if (!rows_) rows_ = rows;
        if (rows == *rows_) return {};
        return fail(Code::kInvalid,
                    name() + ": " + std::to_string(rows) + " rows after " + std::to_string(*rows_));
    }

    [[nodiscard]] std::string name() const { return query_.bench + ", " + query_.variant; }

    const QueryCase& query_;
    std::shared_ptr<const Topology> topology_;
    RealClock clock_;
    Log log_;
    std::shared_ptr<Input> input_;
    std::optional<std::uint64_t> rows_;
};

// Passes for at least so much processor time.
Result<Cost> time(Bench& bench, Result<Cost> (Bench::*pass)(), double seconds) {
    Cost sum;
    do {
        TRY(const Cost cost, (bench.*pass)());
        sum.wall_ns += cost.wall_ns;
        sum.cpu_ns += cost.cpu_ns;
        sum.records += cost.records;
    } while (sum.cpu_ns < seconds * 1e9);
    return sum;
}

template <class Value>
double median_of(std::span<const Cost> costs, const Value& value) {
    std::vector<double> values;
    for (const Cost& cost : costs)
        values.push_back(value(cost));
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// How much memory the first run took.
Result<std::uint64_t> bytes_of_first_run(Bench& bench) {
    const std::uint64_t before = status_bytes("VmRSS");
    reset_peak();
    TRY_VOID(bench.time_query());
    const std::uint64_t peak = status_bytes("VmHWM");
    return peak > before ? peak - before : 0;
}

Result<void> time_both(Bench& bench, const MeasureOptions& options, Figures& figures) {
    const double seconds = options.is_tiny ? 0 : options.seconds;
    std::vector<Cost> engine;
    std::vector<Cost> by_hand;
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        TRY(const Cost of_engine, time(bench, &Bench::time_query, seconds));
        TRY(const Cost of_hand, time(bench, &Bench::time_by_hand, seconds));
        engine.push_back(of_engine);
        by_hand.push_back(of_hand);
    }
    figures.ns_per_record = median_of(engine, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.by_hand_ns_per_record =
        median_of(by_hand, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.cores = median_of(engine, [](const Cost& c) { return c.cpu_ns / c.wall_ns; });
    figures.records_per_s = median_of(
        engine, [](const Cost& c) { return static_cast<double>(c.records) / c.wall_ns * 1e9; });
    return {};
}

// Leaves this thread, and those it starts, only so many processors for as long as it lives.
class FewCores {
  public:
    explicit FewCores(std::size_t count) {
        ::sched_getaffinity(0, sizeof before_, &before_);
        const std::vector<unsigned> allowed = allowed_cpus();
        cpu_set_t few;
        CPU_ZERO(&few);
        for (std::size_t i = 0; i < std::min(count, allowed.size()); ++i)
            CPU_SET(allowed[i], &few);
        ::sched_setaffinity(0, sizeof few, &few);
    }

    FewCores(const FewCores&) = delete;
    FewCores& operator=(const FewCores&) = delete;

    ~FewCores() { ::sched_setaffinity(0, sizeof before_, &before_); }

  private:
    cpu_set_t before_{};
};

double records_per_s_of(std::span<const Cost> costs) {
    return median_of(
        costs, [](const Cost& c) { return static_cast<double>(c.records) / c.wall_ns * 1e9; });
}

// Both in turn, by the clock: `many` has all processors that there are for it.
Result<void> time_growth(Bench& one, Bench& many, const MeasureOptions& options, Figures& figures) {
    const double seconds = options.is_tiny ? 0 : options.seconds;
    std::vector<Cost> of_one;
    std::vector<Cost> of_many;
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        {
            const FewCores alone(1);
            TRY(const Cost cost, time(one, &Bench::time_query, seconds));
            of_one.push_back(cost);
        }
        TRY(const Cost cost, time(many, &Bench::time_query, seconds));
        of_many.push_back(cost);
    }
    figures.records_per_s = records_per_s_of(of_many);
    figures.growth = figures.records_per_s / records_per_s_of(of_one);
    figures.ns_per_record = median_of(of_many, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.cores = median_of(of_many, [](const Cost& c) { return c.cpu_ns / c.wall_ns; });
    return {};
}

}  // namespace

std::string growth_variant(const QueryCase& query, std::size_t cores) {
    return query.bench + " " + query.variant + ", " + std::to_string(cores) + " cores";
}

Result<Figures> measure_growth(const QueryCase& query,
                               std::size_t cores,
                               const MeasureOptions& options) {
    if (cores > cpu_count())
        return fail(Code::kInvalid,
                    "there are only " + std::to_string(cpu_count()) + " processors");
    const FewCores few(cores);
    QueryCase wide = query;
    wide.shards = cores;
    wide.ingest_threads = cores;
    TRY(const std::unique_ptr<Bench> one, Bench::make(query));
    TRY(const std::unique_ptr<Bench> many, Bench::make(wide, one->input()));
    Figures figures;
    figures.bench = "scaling";
    figures.variant = growth_variant(query, cores);
    figures.bytes_per_record = one->bytes_per_record();
    TRY(figures.bytes_max, bytes_of_first_run(*many));
    TRY_VOID(many->check());
    TRY_VOID(time_growth(*one, *many, options, figures));
    return figures;
}

Result<Figures> measure(const QueryCase& query, const MeasureOptions& options) {
    TRY(const std::unique_ptr<Bench> bench, Bench::make(query));
    Figures figures;
    figures.bench = query.bench;
    figures.variant = query.variant;
    figures.keys = query.keys;
    figures.bytes_per_record = bench->bytes_per_record();
    TRY(figures.bytes_max, bytes_of_first_run(*bench));
    if (!options.is_tiny && query.bytes_max != 0 && figures.bytes_max > query.bytes_max) {
        return fail(
            Code::kInvalid,
            query.bench + ": " + std::to_string(figures.bytes_max) + " bytes for " + query.variant);
    }
    TRY_VOID(bench->check());
    TRY_VOID(time_both(*bench, options, figures));
    TRY(figures.latency, bench->latency());
    return figures;
}

Workload workload_of(QueryCase query) {
    auto shared = std::make_shared<const QueryCase>(std::move(query));
    return {shared->bench, shared->variant, [shared](const MeasureOptions& options) {
                return measure(*shared, options);
            }};
}

}  // namespace thalweg::bench
