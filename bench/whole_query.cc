#include "bench/whole_query.h"

#include "bench/memory_world.h"
#include "engine/plan/planner.h"
#include "engine/run/clock.h"
#include "engine/run/log.h"
#include "engine/run/query.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

// What one run took.
struct Cost {
    double wall_ns = 0;
    double cpu_ns = 0;
    std::size_t records = 0;

    [[nodiscard]] double cpu_ns_per_record() const { return cpu_ns / static_cast<double>(records); }
};

class Stopwatch {
  public:
    [[nodiscard]] Cost stop(std::size_t records) const {
        const std::chrono::duration<double, std::nano> wall = Wall::now() - wall_start_;
        return {wall.count(), cpu_ns() - cpu_start_ns_, records};
    }

  private:
    using Wall = std::chrono::steady_clock;

    // Of the process, to the microsecond.
    [[nodiscard]] static double cpu_ns() {
        return static_cast<double>(std::clock()) * (1e9 / CLOCKS_PER_SEC);
    }

    Wall::time_point wall_start_ = Wall::now();
    double cpu_start_ns_ = cpu_ns();
};

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

Result<void> check(const QueryCase& query, const CheckSum& found, const CheckSum& expected) {
    if (found == expected) return {};
    return fail(Code::kInvalid,
                query.bench + ", " + query.variant + ": " + std::to_string(found.rows()) +
                    " rows with the sum " + std::to_string(found.sum()) + ", expected " +
                    std::to_string(expected.rows()) + " with " + std::to_string(expected.sum()));
}

// The query and its input, ready to be run any number of times.
class Bench {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Bench>> make(const QueryCase& query) {
        plan::PlanOptions options;
        options.is_fused = true;
        options.seed = HashSeed::from(1);
        auto plan = plan::plan_script(query.sql, options);
        if (!plan) {
            return fail(Code::kInvalid, sql::format_error(query.bench, query.sql, plan.error()));
        }
        return std::unique_ptr<Bench>(new Bench(query, std::move(plan->topology)));
    }

    // One pass of the engine over the input.
    [[nodiscard]] Result<void> run_query() {
        CheckSum sum;
        RunOptions options;
        const Connectors connectors = memory_connectors(bytes_.bytes(), sum);
        TRY(const std::unique_ptr<Query> running,
            Query::start(topology_, options, connectors, clock_, log_));
        const Summary summary = running->wait();
        if (!summary.error.empty()) return fail(Code::kInvalid, summary.error);
        const QueryTotals& totals = summary.totals;
        if (totals.rows_in != query_.stream.count || totals.emitted != totals.rows_in ||
            totals.late != 0) {
            return fail(Code::kInvalid, query_.bench + ": " + to_string(summary));
        }
        return check(query_, sum, expected_);
    }

    // One pass of the rival.
    [[nodiscard]] Result<void> run_by_hand() {
        return check(query_, query_.by_hand(bytes_), expected_);
    }

    // Passes for at least so long.
    [[nodiscard]] Result<Cost> time(Result<void> (Bench::*pass)(), double seconds) {
        const Stopwatch watch;
        Cost cost;
        std::size_t passes = 0;
        do {
            TRY_VOID((this->*pass)());
            cost = watch.stop(++passes * query_.stream.count);
        } while (cost.cpu_ns < seconds * 1e9);
        return cost;
    }

    [[nodiscard]] double bytes_per_record() const {
        return static_cast<double>(bytes_.bytes().size()) /
               static_cast<double>(query_.stream.count);
    }

  private:
    Bench(const QueryCase& query, std::shared_ptr<const Topology> topology)
        : query_(query),
          topology_(std::move(topology)),
          log_(clock_),
          bytes_(query.stream, query.format),
          expected_(query.oracle(query.stream)) {
        log_.set_level(LogLevel::kError);
    }

    const QueryCase& query_;
    std::shared_ptr<const Topology> topology_;
    RealClock clock_;
    Log log_;
    RecordBytes bytes_;
    CheckSum expected_;
};

template <class Value>
double median_of(std::span<const Cost> costs, const Value& value) {
    std::vector<double> values;
    for (const Cost& cost : costs)
        values.push_back(value(cost));
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// The first run: is the result right, and how much memory did it take?
Result<std::uint64_t> bytes_of_first_run(Bench& bench) {
    const std::uint64_t before = status_bytes("VmRSS");
    reset_peak();
    TRY_VOID(bench.run_query());
    const std::uint64_t peak = status_bytes("VmHWM");
    return peak > before ? peak - before : 0;
}

}  // namespace

Result<Figures> measure(const QueryCase& query, const MeasureOptions& options) {
    TRY(const std::unique_ptr<Bench> bench, Bench::make(query));
    Figures figures;
    figures.bench = query.bench;
    figures.variant = query.variant;
    figures.bytes_per_record = bench->bytes_per_record();
    TRY(figures.bytes_max, bytes_of_first_run(*bench));
    const std::uint64_t bytes_limit = query.bytes_per_key_max * query.stream.keys;
    if (!options.is_tiny && bytes_limit != 0 && figures.bytes_max > bytes_limit) {
        return fail(
            Code::kInvalid,
            query.bench + ": " + std::to_string(figures.bytes_max) + " bytes for " + query.variant);
    }
    TRY_VOID(bench->run_by_hand());
    const double seconds = options.is_tiny ? 0 : options.seconds;
    std::vector<Cost> engine;
    std::vector<Cost> by_hand;
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        TRY(const Cost of_engine, bench->time(&Bench::run_query, seconds));
        TRY(const Cost of_hand, bench->time(&Bench::run_by_hand, seconds));
        engine.push_back(of_engine);
        by_hand.push_back(of_hand);
    }
    figures.ns_per_record = median_of(engine, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.by_hand_ns_per_record =
        median_of(by_hand, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.cores = median_of(engine, [](const Cost& c) { return c.cpu_ns / c.wall_ns; });
    figures.records_per_s = median_of(
        engine, [](const Cost& c) { return static_cast<double>(c.records) / c.wall_ns * 1e9; });
    return figures;
}

std::vector<Workload> query_workloads(const MeasureOptions& options) {
    std::vector<Workload> workloads;
    for (QueryCase& query : query_cases(options.is_tiny)) {
        const auto shared = std::make_shared<const QueryCase>(std::move(query));
        workloads.push_back({shared->bench, shared->variant, [shared](const MeasureOptions& how) {
                                 return bench::measure(*shared, how);
                             }});
    }
    return workloads;
}

}  // namespace thalweg::bench
