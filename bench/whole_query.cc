#include "bench/whole_query.h"

#include "bench/looped_rows.h"
#include "bench/memory_world.h"
#include "bench/record_stream.h"
#include "bench/state_folder.h"
#include "bench/stopwatch.h"
#include "engine/plan/planner.h"
#include "engine/run/clock.h"
#include "engine/run/cpu.h"
#include "engine/run/log.h"
#include "engine/run/query.h"
#include "state/base/time.h"

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

// Passes an input on, and counts how long it is between two pieces.
class TimedInput final : public Input {
  public:
    explicit TimedInput(Input& input) : input_(input) {}

    void restart(std::size_t records) override {
        input_.restart(records);
        last_ns_ = 0;
        pause_ns_max_ = 0;
    }

    [[nodiscard]] std::string_view piece(std::uint64_t position) override {
        const std::int64_t now_ns = std::chrono::steady_clock::now().time_since_epoch().count();
        if (last_ns_ != 0) pause_ns_max_ = std::max(pause_ns_max_, now_ns - last_ns_);
        last_ns_ = now_ns;
        return input_.piece(position);
    }

    [[nodiscard]] std::uint64_t bytes() const override { return input_.bytes(); }

    [[nodiscard]] std::int64_t pause_ns_max() const noexcept { return pause_ns_max_; }

  private:
    Input& input_;
    std::int64_t last_ns_ = 0;
    std::int64_t pause_ns_max_ = 0;
};

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
        TRY_VOID(check_query(expected));
        by_hand::Results results(true);
        input_->restart(query_.check_records);
        query_.by_hand(*input_, results);
        return compare("by hand", results.sum(), expected);
    }

    [[nodiscard]] Result<void> check_epochs() {
        TRY(const CheckSum expected, query_.oracle());
        return check_query(expected);
    }

    // From now on queries keep their state; 0: no more.
    void set_epochs(std::int64_t interval_ns, bool may_be_memory) {
        epoch_interval_ns_ = interval_ns;
        may_be_memory_ = may_be_memory;
    }

    // Of the runs from now on.
    void set_records(std::size_t records) {
        query_.records = records;
        rows_.reset();
        rows_by_hand_.reset();
    }

    [[nodiscard]] std::size_t records() const noexcept { return query_.records; }

    // How long the engine let the input wait, at most.
    [[nodiscard]] Result<std::int64_t> pause_ns_max() {
        TimedInput timed(*input_);
        timed.restart(query_.records);
        TRY(const std::uint64_t rows, run_query({timed, nullptr, nullptr}, query_.records));
        TRY_VOID(compare_rows(rows, rows_));
        return timed.pause_ns_max();
    }

    // One pass of the engine over the input.
    [[nodiscard]] Result<Cost> time_query() {
        input_->restart(query_.records);
        const Stopwatch watch;
        TRY(const std::uint64_t rows, run_query({*input_, nullptr, nullptr}, query_.records));
        const Cost cost = watch.stop(query_.records);
        TRY_VOID(compare_rows(rows, rows_));
        return cost;
    }

    // One pass of the rival.
    [[nodiscard]] Result<Cost> time_by_hand() {
        input_->restart(query_.records);
        by_hand::Results results(false);
        const Stopwatch watch;
        query_.by_hand(*input_, results);
        const Cost cost = watch.stop(query_.records);
        TRY_VOID(compare_rows(results.rows(), query_.has_changes ? rows_by_hand_ : rows_));
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

    [[nodiscard]] Result<void> check_query(const CheckSum& expected) {
        CheckSum found;
        input_->restart(query_.check_records);
        TRY_VOID(run_query({*input_, &found, nullptr}, query_.check_records));
        return compare("the query", found, expected);
    }

    // Returns how many rows came out.
    [[nodiscard]] Result<std::uint64_t> run_query(const MemoryWorld& world, std::size_t records) {
        RunOptions options;
        options.shards = query_.shards;
        options.ingest_threads = query_.ingest_threads;
        std::unique_ptr<StoreOfRun> kept;
        if (epoch_interval_ns_ != 0) {
            TRY(kept, StoreOfRun::make(may_be_memory_));
            options.epochs.store = &kept->store();
            options.epochs.interval_ns = epoch_interval_ns_;
        }
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
    [[nodiscard]] Result<void> compare_rows(std::uint64_t rows,
                                            std::optional<std::uint64_t>& before) const {
        if (!before) before = rows;
        if (rows == *before) return {};
        return fail(
            Code::kInvalid,
            name() + ": " + std::to_string(rows) + " rows after " + std::to_string(*before));
    }

    [[nodiscard]] std::string name() const { return query_.bench + ", " + query_.variant; }

    QueryCase query_;
    std::shared_ptr<const Topology> topology_;
    RealClock clock_;
    Log log_;
    std::shared_ptr<Input> input_;
    std::optional<std::uint64_t> rows_;
    std::optional<std::uint64_t> rows_by_hand_;  // Where that may be another number.
    std::int64_t epoch_interval_ns_ = 0;         // 0: nothing is kept.
    bool may_be_memory_ = false;
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

// The first of an input's records, to be looped: those of raw-struct with a time in milliseconds.
Result<std::shared_ptr<Input>> looped(std::shared_ptr<Input> input, std::size_t records) {
    if (std::dynamic_pointer_cast<LoopedRows>(input) != nullptr) return input;
    constexpr std::size_t kRecordsMax = 2'000'000;
    const auto* const bytes = dynamic_cast<const RecordBytes*>(input.get());
    if (bytes == nullptr) return fail(Code::kUnsupported, "an input that cannot be looped");
    const auto all = bytes->records().first(std::min(records, kRecordsMax));
    auto trace = std::make_shared<Trace>();
    trace->row_bytes = sizeof(Record);
    trace->bytes.assign(reinterpret_cast<const char*>(all.data()), all.size_bytes());
    trace->span = all.back().ts_ms - all.front().ts_ms + 1;
    return std::make_shared<LoopedRows>(std::move(trace));
}

constexpr std::int64_t kEpochIntervalNs = kNanosPerSecond;

// So many records that a run has three epochs and more.
Result<void> make_long(Bench& bench, const MeasureOptions& options) {
    constexpr double kSecondsMin = 3;
    if (options.is_tiny) return {};
    TRY(const Cost cost, bench.time_query());
    const double seconds = std::max(options.seconds, kSecondsMin);
    const double records = static_cast<double>(cost.records) / cost.wall_ns * 1e9 * seconds;
    bench.set_records(std::max(bench.records(), static_cast<std::size_t>(records)));
    return {};
}

Result<void> time_epochs(Bench& without,
                         Bench& with,
                         const MeasureOptions& options,
                         Figures& figures) {
    std::vector<Cost> costs;
    std::vector<Cost> of_rival;
    double written = 0;
    double wall_ns = 0;
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        TRY(const Cost rival, without.time_query());
        of_rival.push_back(rival);
        const std::uint64_t before = bytes_written();
        TRY(const Cost cost, with.time_query());
        costs.push_back(cost);
        written += static_cast<double>(bytes_written() - before);
        wall_ns += cost.wall_ns;
    }
    figures.records_per_s = records_per_s_of(costs);
    figures.by_hand_records_per_s = records_per_s_of(of_rival);
    figures.ns_per_record = median_of(costs, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.by_hand_ns_per_record =
        median_of(of_rival, [](const Cost& c) { return c.cpu_ns_per_record(); });
    figures.cores = median_of(costs, [](const Cost& c) { return c.cpu_ns / c.wall_ns; });
    TRY(const std::int64_t pause, with.pause_ns_max());
    TRY(const std::int64_t pause_of_rival, without.pause_ns_max());
    figures.epochs = EpochFigures{written / wall_ns * 1e9, pause, pause_of_rival};
    return {};
}

}  // namespace

std::string epoch_variant(const QueryCase& query) {
    return query.bench + " " + query.variant;
}

Result<Figures> measure_epochs(const QueryCase& query, const MeasureOptions& options) {
    const std::int64_t interval_ns = options.is_tiny ? kNanosPerSecond / 1'000 : kEpochIntervalNs;
    Figures figures;
    figures.bench = "epochs";
    figures.variant = epoch_variant(query);
    figures.keys = query.keys;
    TRY(std::unique_ptr<Bench> checked, Bench::make(query));
    figures.bytes_per_record = checked->bytes_per_record();
    checked->set_epochs(interval_ns, options.is_tiny);
    TRY_VOID(checked->check_epochs());
    TRY(const std::shared_ptr<Input> input, looped(checked->input(), query.records));
    checked.reset();
    TRY(const std::unique_ptr<Bench> without, Bench::make(query, input));
    TRY(const std::unique_ptr<Bench> with, Bench::make(query, input));
    with->set_epochs(interval_ns, options.is_tiny);
    TRY_VOID(make_long(*without, options));
    with->set_records(without->records());
    TRY(figures.bytes_max, bytes_of_first_run(*with));
    TRY_VOID(time_epochs(*without, *with, options, figures));
    TRY(figures.latency, with->latency());
    return figures;
}

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
