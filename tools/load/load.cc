#include "tools/load/load.h"

#include "tools/load/clock.h"
#include "tools/load/connection.h"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <ctime>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace thalweg::load {

namespace {

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kMilli = 1'000'000;
constexpr std::int64_t kNapMax = 100 * kMilli;    // How long a stop may go unnoticed.
constexpr std::int64_t kWakeAhead = 60 * kMicro;  // A nap may last so much longer than asked.
constexpr std::int64_t kProgressEvery = 500 * kMilli;
constexpr std::int64_t kPackDefault = 50 * kMicro;
constexpr double kPackRecordsMin = 16;
constexpr std::uint64_t kBlockBytesMax = std::uint64_t{256} << 20U;  // Of all connections.

using Connections = std::vector<std::unique_ptr<Connection>>;

void nap(std::int64_t nanos) {
    const timespec time{nanos / 1'000'000'000, nanos % 1'000'000'000};
    ::nanosleep(&time, nullptr);
}

std::int64_t pack_ns_of(const LoadOptions& options) {
    if (options.rate <= 0) return 0;
    if (options.pack_ns >= 0) return options.pack_ns;
    const double records = options.rate * static_cast<double>(kPackDefault) / 1e9;
    return records >= kPackRecordsMin ? kPackDefault : 0;
}

SendPlan plan_of(const LoadOptions& options, std::size_t index) {
    SendPlan plan;
    plan.schedule = {options.rate > 0 ? 1e9 / options.rate : 0, index, options.connections};
    plan.records_max = plan.schedule.share_of(options.count);
    plan.until_ns = options.duration_ns;
    if (plan.schedule.is_paced() && options.duration_ns != kForever) {
        // A fixed rate for a fixed time is a fixed count.
        const std::uint64_t due = plan.schedule.due(options.duration_ns - 1);
        plan.records_max = std::min(plan.records_max, due);
    }
    plan.pack_ns = pack_ns_of(options);
    plan.is_datagram = options.target.kind == Address::Kind::kUdp;
    plan.one_per_datagram = options.one_per_datagram;
    plan.datagram_bytes = options.datagram_bytes;
    return plan;
}

RecordStream stream_of(const LoadOptions& options, const Schedule& schedule) {
    if (options.file != nullptr) {
        const FileRecords::Deal deal{schedule.first, schedule.stride};
        return RecordStream(FileRecords(options.file, options.layout, deal));
    }
    // A record and what is drawn for it.
    const std::uint64_t record_bytes = 36 + options.generate.payload_bytes;
    const std::uint64_t records = kBlockBytesMax / record_bytes / options.connections;
    GeneratorPlace place{schedule};
    place.block_records_max = std::bit_floor(std::max<std::uint64_t>(records, 1024));
    return RecordStream(Generator(options.generate, place));
}

// The connections of one thread.
class Worker {
  public:
    Worker(std::vector<Connection*> connections, const std::atomic<bool>& stop)
        : connections_(std::move(connections)), stop_(stop) {}

    // One round over all connections.
    void round(std::int64_t now_ns) {
        if (stop_.load(std::memory_order_relaxed)) {
            for (Connection* connection : connections_)
                connection->stop();
        }
        has_moved_ = false;
        blocked_.clear();
        due_ns_ = now_ns + kNapMax;
        for (std::size_t i = 0; i < connections_.size();) {
            if (step(*connections_[i], now_ns)) {
                ++i;
            } else {
                connections_[i] = connections_.back();
                connections_.pop_back();
            }
        }
    }

    [[nodiscard]] bool is_done() const noexcept { return connections_.empty(); }

    [[nodiscard]] bool has_moved() const noexcept { return has_moved_; }

    // Until something is due, or a socket has room.
    void wait(std::int64_t now_ns) {
        const std::int64_t left_ns = due_ns_ - now_ns;
        if (!blocked_.empty()) {
            const timespec timeout{0, std::clamp<std::int64_t>(left_ns, 0, kNapMax)};
            ::ppoll(blocked_.data(), blocked_.size(), &timeout, nullptr);
        } else if (left_ns > kWakeAhead + kMicro) {
            nap(left_ns - kWakeAhead);
        } else {
            __builtin_ia32_pause();
        }
    }

    void run(const LoadClock& clock) {
        ::prctl(PR_SET_TIMERSLACK, 1);
        while (!is_done()) {
            const std::int64_t now_ns = clock.elapsed_ns();
            round(now_ns);
            if (!has_moved() && !is_done()) wait(now_ns);
        }
    }

  private:
    // Whether the connection has more to send.
    bool step(Connection& connection, std::int64_t now_ns) {
        switch (connection.step(now_ns)) {
            case Connection::Step::kMoved: has_moved_ = true; return true;
            case Connection::Step::kBlocked:
                blocked_.push_back({connection.fd(), POLLOUT, 0});
                return true;
            case Connection::Step::kWaiting:
                due_ns_ = std::min(due_ns_, connection.due_ns());
                return true;
            case Connection::Step::kDone: connection.half_close(); return false;
        }
        return false;
    }

    std::vector<Connection*> connections_;
    const std::atomic<bool>& stop_;
    std::vector<pollfd> blocked_;
    std::int64_t due_ns_ = 0;
    bool has_moved_ = false;
};

// A load under way: connected, then sending, then closing.
class Load {
  public:
    Load(const LoadOptions& options, const std::atomic<bool>& stop, const Progress& progress)
        : options_(options), stop_(stop), progress_(progress) {}

    Result<void> open();
    void send();
    void close();
    [[nodiscard]] LoadSummary summary() const;

  private:
    [[nodiscard]] Totals totals() const;
    bool poll_results();
    void show_progress(std::int64_t now_ns);
    void send_here(Worker& worker);
    [[nodiscard]] bool are_peers_closed();

    const LoadOptions& options_;
    const std::atomic<bool>& stop_;
    const Progress& progress_;
    Connections connections_;
    std::unique_ptr<ResultReader> results_;
    LoadClock clock_;
    std::int64_t sent_at_ns_ = 0;
    std::int64_t result_at_ns_ = 0;
    std::int64_t progress_at_ns_ = kProgressEvery;
    std::vector<std::string> warnings_;
};

Result<void> Load::open() {
    const Patience patience{options_.connect_timeout_ns, &stop_};
    std::vector<RecordStream> streams;
    for (std::size_t i = 0; i < options_.connections; ++i)
        streams.push_back(stream_of(options_, plan_of(options_, i).schedule));
    if (options_.results) {
        TRY(Socket socket, connect(*options_.results, patience));
        results_ = std::make_unique<ResultReader>(std::move(socket), options_.result_layout);
    }
    for (std::size_t i = 0; i < options_.connections; ++i) {
        TRY(Socket socket, connect(options_.target, patience));
        connections_.push_back(std::make_unique<Connection>(
            std::move(socket), std::move(streams[i]), plan_of(options_, i)));
    }
    return {};
}

Totals Load::totals() const {
    Totals totals;
    for (const auto& connection : connections_)
        totals.add(connection->counters());
    return totals;
}

bool Load::poll_results() {
    if (results_ == nullptr) return false;
    const bool has_read =
        results_->poll([this] { return clock_.start_unix_ns() + clock_.elapsed_ns(); });
    if (has_read) result_at_ns_ = clock_.elapsed_ns();
    return has_read;
}

void Load::show_progress(std::int64_t now_ns) {
    if (now_ns < progress_at_ns_) return;
    progress_at_ns_ = now_ns + kProgressEvery;
    if (progress_) progress_(totals(), now_ns);
}

void Load::send() {
    clock_ = LoadClock();
    for (const auto& connection : connections_)
        connection->start_at(clock_.start_unix_ns());
    const std::size_t threads = std::min(options_.threads, options_.connections);
    std::vector<Worker> workers;
    for (std::size_t t = 0; t < threads; ++t) {
        std::vector<Connection*> mine;
        for (std::size_t c = t; c < connections_.size(); c += threads)
            mine.push_back(connections_[c].get());
        workers.emplace_back(std::move(mine), stop_);
    }
    std::atomic<std::size_t> running{threads - 1};
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < threads; ++t) {
        others.emplace_back([&, t] {
            workers[t].run(clock_);
            running.fetch_sub(1, std::memory_order_release);
        });
    }
    send_here(workers[0]);
    // Acquire: pairs with the release of each thread that ends.
    while (running.load(std::memory_order_acquire) > 0) {
        show_progress(clock_.elapsed_ns());
        if (!poll_results()) nap(kMilli);
    }
    for (std::thread& thread : others)
        thread.join();
    sent_at_ns_ = clock_.elapsed_ns();
}

void Load::send_here(Worker& worker) {
    ::prctl(PR_SET_TIMERSLACK, 1);
    while (!worker.is_done()) {
        const std::int64_t now_ns = clock_.elapsed_ns();
        worker.round(now_ns);
        const bool has_read = poll_results();
        show_progress(now_ns);
        if (worker.has_moved() || has_read || worker.is_done()) continue;
        // Whoever measures looks all the time: a sleeper would measure its own waking up.
        if (results_ == nullptr) worker.wait(now_ns);
    }
}

bool Load::are_peers_closed() {
    bool all = true;
    for (const auto& connection : connections_)
        all = connection->is_closed_by_peer() && all;
    return all;
}

// Waits until the peers have read and closed, and until results have stopped coming.
void Load::close() {
    bool closed = false;
    bool quiet = results_ == nullptr;
    result_at_ns_ = std::max(result_at_ns_, sent_at_ns_);
    while (!closed || !quiet) {
        const std::int64_t now_ns = clock_.elapsed_ns();
        closed = closed || are_peers_closed();
        if (!closed && now_ns - sent_at_ns_ > options_.close_timeout_ns) {
            warnings_.push_back("the peer did not close its side in time; it may still be reading");
            closed = true;
        }
        const bool has_read = poll_results();
        if (results_ != nullptr) {
            quiet = results_->is_ended() || now_ns - result_at_ns_ > options_.results_timeout_ns;
        }
        if (!has_read && results_ == nullptr && !closed) nap(kMilli);
    }
}

LoadSummary Load::summary() const {
    LoadSummary summary;
    summary.totals = totals();
    summary.elapsed_ns = sent_at_ns_;
    summary.is_datagram = options_.target.kind == Address::Kind::kUdp;
    summary.is_paced = options_.rate > 0;
    summary.was_stopped = stop_.load(std::memory_order_relaxed);
    std::set<std::string> problems;  // A hundred connections break for one reason.
    for (const auto& connection : connections_) {
        if (!connection->error().empty()) {
            problems.insert(options_.target.text + ": " + connection->error());
        }
    }
    summary.problems.assign(problems.begin(), problems.end());
    for (const std::string& warning : warnings_)
        summary.problems.push_back(options_.target.text + ": " + warning);
    if (results_ == nullptr) return summary;
    summary.has_results = true;
    summary.results = results_->received();
    summary.unreadable_results = results_->unreadable();
    const Histogram& latency = results_->latency();
    summary.latencies = {{"p50", latency.percentile(50)},
                         {"p90", latency.percentile(90)},
                         {"p99", latency.percentile(99)},
                         {"p99.9", latency.percentile(99.9)},
                         {"p99.99", latency.percentile(99.99)},
                         {"max", latency.max()}};
    return summary;
}

}  // namespace

Result<LoadSummary> run_load(const LoadOptions& options,
                             const std::atomic<bool>& stop,
                             const Progress& progress) {
    Load load(options, stop, progress);
    TRY_VOID(load.open());
    load.send();
    load.close();
    return load.summary();
}

}  // namespace thalweg::load
