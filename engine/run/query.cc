#include "engine/run/query.h"

#include "engine/run/cpu.h"
#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::int64_t kNapNs = 50 * kNanosPerMilli;  // A lost wake-up costs no more than this.

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, 1, ',');
    return digits;
}

void add_count(std::string& line, std::string_view name, std::uint64_t count) {
    if (!line.empty()) line += ", ";
    line.append(name).append(" ").append(grouped(count));
}

// Only what happened: "malformed 12 (malformed 7, wrong-type 5)".
void add_malformed(std::string& line, const QueryTotals& totals) {
    add_count(line, "malformed", totals.malformed_sum());
    if (totals.malformed_sum() == 0) return;
    std::string reasons;
    for (std::size_t i = 0; i < kRejectReasonCount; ++i) {
        if (totals.malformed[i] == 0) continue;
        add_count(reasons, name_of(static_cast<RejectReason>(i)), totals.malformed[i]);
    }
    line.append(" (").append(reasons).append(")");
}

}  // namespace

std::string to_string(const Summary& summary) {
    const QueryTotals& totals = summary.totals;
    std::string line;
    add_count(line, "rows in", totals.rows_in);
    add_count(line, "rows out", totals.rows_out);
    add_malformed(line, totals);
    add_count(line, "late", totals.late);
    add_count(line, "filtered", totals.filtered);
    add_count(line, "shed", totals.shed);
    add_count(line, "kernel-dropped", totals.kernel_dropped);
    if (totals.repeated != 0) add_count(line, "repeated", totals.repeated);
    if (totals.refused != 0) add_count(line, "connections refused", totals.refused);
    if (totals.load_permille != 0) {
        const double ratio = static_cast<double>(totals.load_permille) / 1000;
        char load[64];
        std::snprintf(load, sizeof load, ", most loaded shard %.2f of the mean", ratio);
        line += load;
    }
    if (totals.moved_groups != 0) add_count(line, "key groups moved", totals.moved_groups);
    if (totals.journal_groups != 0) {
        add_count(line, "journal-bytes", totals.journal_bytes);
        add_count(line, "journal-groups", totals.journal_groups);
    }
    const double seconds =
        static_cast<double>(summary.elapsed_ns) / static_cast<double>(kNanosPerSecond);
    const double rate = seconds > 0 ? static_cast<double>(totals.rows_in) / seconds : 0;
    char text[64];
    std::snprintf(text, sizeof text, ", elapsed %.3f s, rate ", seconds);
    line += text;
    line += grouped(static_cast<std::uint64_t>(rate)) + " rows/s";
    return line;
}

std::vector<std::vector<std::size_t>> thread_layout(const ThreadCounts& counts) {
    const std::size_t workers = counts.ingest_threads + counts.shards;
    std::vector<std::vector<std::size_t>> threads;
    if (workers <= counts.cpus) {
        for (std::size_t agent = 0; agent < workers; ++agent)
            threads.push_back({agent});
    } else {
        threads.resize(std::max(counts.ingest_threads, counts.shards));
        for (std::size_t agent = 0; agent < counts.ingest_threads; ++agent)
            threads[agent].push_back(agent);
        for (std::size_t shard = 0; shard < counts.shards; ++shard)
            threads[shard].push_back(counts.ingest_threads + shard);
    }
    if (workers < counts.cpus) {
        threads.push_back({workers});
    } else {
        threads.front().push_back(workers);
    }
    return threads;
}

Query::Query(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

Query::~Query() {
    for (const std::unique_ptr<Runner>& runner : runners_)
        runner->stop();
    for (const std::unique_ptr<Runner>& runner : runners_)
        runner->join();  // All, before the first goes: they wake each other.
}

Result<std::unique_ptr<Query>> Query::start(std::shared_ptr<const Topology> topology,
                                            const RunOptions& options,
                                            const Connectors& connectors,
                                            const Clock& clock,
                                            Log& log) {
    ASSERT(options.batch_rows > 0);
    ASSERT(options.batch_rows <= kBatchRows);
    std::unique_ptr<Query> query(new Query(clock, log));
    ExecutionSettings settings;
    settings.shards = options.shards;
    settings.ingest_agents = options.ingest_threads;
    settings.drain = options.drain;
    settings.segment_rows_max = options.batch_rows;
    settings.epochs = options.epochs;
    TRY(query->execution_,
        Execution::open(std::move(topology),
                        settings,
                        connectors,
                        clock,
                        [raw = query.get()](const QueryEvent& event) { raw->on_event(event); }));
    query->started_ns_ = clock.steady_now_ns();
    query->make_runners(options);
    for (const std::unique_ptr<Runner>& runner : query->runners_)
        runner->start();
    return query;
}

void Query::make_runners(const RunOptions& options) {
    if (execution_->is_fused()) {
        add_runner(options, {0, 1, 2});
    } else {
        const ThreadCounts counts{options.ingest_threads, options.shards, cpu_count()};
        for (std::vector<std::size_t>& agents : thread_layout(counts))
            add_runner(options, std::move(agents));
    }
    if (execution_->epoch_coordinator() == nullptr) return;
    execution_->set_coordinator_wake_signal(add_waiter(*execution_->epoch_coordinator()));
    const std::vector<Agent*> journals = execution_->journal_agents();
    for (std::size_t i = 0; i < journals.size(); ++i)
        execution_->set_journal_wake_signal(i, add_waiter(*journals[i]));
}

// On a thread of its own, which waits for the disk and is pinned nowhere.
WakeSignal& Query::add_waiter(Agent& agent) {
    RunnerOptions runner;
    runner.name = std::string(agent.name());
    runner.idle.spin_rounds = 0;
    runner.idle.yield_rounds = 0;
    runners_.push_back(
        std::make_unique<Runner>(std::move(runner), std::vector<Agent*>{&agent}, log_));
    return runners_.back()->wake_signal();
}

void Query::add_runner(const RunOptions& options, std::vector<std::size_t> agents) {
    const std::vector<Agent*> all = execution_->agents();
    std::vector<Agent*> mine;
    for (const std::size_t index : agents)
        mine.push_back(all[index]);
    RunnerOptions runner;
    runner.name = execution_->is_fused() ? "query" : std::string(mine.front()->name());
    if (runners_.size() < options.pin.size()) runner.cpu = options.pin[runners_.size()];
    if (options.polls) runner.idle.spin_rounds = UINT32_MAX;
    runners_.push_back(std::make_unique<Runner>(std::move(runner), std::move(mine), log_));
    for (const std::size_t index : agents)
        execution_->set_wake_signal(index, runners_.back()->wake_signal());
}

void Query::on_event(const QueryEvent& event) {
    if (event.event == "record.rejected") {
        log_.warn(reject_site_, event.event, {{"source", event.name}, {"reason", event.text}});
    } else if (event_site_.admit() != 0) {
        log_.info(event.event, {{"table", event.name}, {"text", event.text}});
    }
}

void Query::request_stop() noexcept {
    execution_->request_stop();
    for (const std::unique_ptr<Runner>& runner : runners_)
        runner->signal();
}

Summary Query::snapshot() const {
    Summary summary;
    summary.totals = execution_->totals();
    // Relaxed: a time carries no data with it.
    const std::int64_t ended_ns = ended_ns_.load(std::memory_order_relaxed);
    summary.elapsed_ns = (ended_ns != 0 ? ended_ns : clock_.steady_now_ns()) - started_ns_;
    if (execution_->failed()) summary.error = execution_->error();
    return summary;
}

bool Query::wait_for(std::int64_t limit_ns) {
    const std::int64_t until_ns = saturating_add(clock_.steady_now_ns(), limit_ns);
    for (;;) {
        const std::int64_t left_ns = until_ns - clock_.steady_now_ns();
        if (execution_->finished() || left_ns <= 0) return execution_->finished();
        if (execution_->wait(std::min(left_ns, kNapNs))) return true;
    }
}

Summary Query::wait() {
    while (!execution_->finished())
        static_cast<void>(execution_->wait(kNapNs));
    for (const std::unique_ptr<Runner>& runner : runners_)
        runner->stop();
    for (const std::unique_ptr<Runner>& runner : runners_)
        runner->join();
    // Relaxed: a time carries no data with it.
    if (ended_ns_.load(std::memory_order_relaxed) == 0) {
        ended_ns_.store(clock_.steady_now_ns(), std::memory_order_relaxed);  // Relaxed: likewise.
        if (execution_->failed()) execution_->give_up();
    }
    return snapshot();
}

}  // namespace thalweg
