#include "tools/command.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>

namespace thalweg {

namespace {

// Lock-free, so that a signal handler may touch it.
std::atomic<int> stop_signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

// The first signal asks for an end, the second makes one.
void on_stop_signal(int signal) {
    // Relaxed: a flag that carries no data.
    if (stop_signals.exchange(1, std::memory_order_relaxed) != 0) _exit(128 + signal);
}

void handle_signals() {
    struct sigaction action{};
    action.sa_handler = on_stop_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    // A reader that goes away is an error of write(), not the end of the process.
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

struct RunFlags {
    EngineFlags engine;
    std::string file;
    double stats_seconds = 0;
};

// Waits for the end, watching for signals and printing statistics.
Summary watch(Query& query, double stats_seconds) {
    constexpr std::int64_t kWakeNs = 100'000'000;
    const auto stats_ns = static_cast<std::int64_t>(stats_seconds * 1e9);
    std::int64_t next_stats_ns = stats_ns;
    bool is_stopping = false;
    while (!query.wait_for(kWakeNs)) {
        // Relaxed: see the handler.
        if (stop_signals.load(std::memory_order_relaxed) != 0 && !is_stopping) {
            is_stopping = true;
            query.request_stop();
        }
        if (stats_ns == 0) continue;
        const Summary summary = query.snapshot();
        if (summary.elapsed_ns < next_stats_ns) continue;
        std::fputs((to_string(summary) + "\n").c_str(), stderr);
        next_stats_ns = summary.elapsed_ns - summary.elapsed_ns % stats_ns + stats_ns;
    }
    return query.wait();
}

int run(const RunFlags& flags) {
    const auto options = flags.engine.finish();
    if (!options) return kExitUsage;
    Engine engine(*options);
    const auto prepared = prepare_script(engine, flags.file);
    if (!prepared) return kExitUsage;
    std::fputs(prepared->printed.c_str(), stdout);
    std::fflush(stdout);
    if (prepared->topology == nullptr) {
        if (prepared->printed.empty())
            std::fputs("nothing to run: the file has no INSERT and no SELECT\n", stderr);
        return kExitDone;
    }
    handle_signals();
    auto query = engine.start(*prepared);
    if (!query) {
        print_error(query.error().message);
        return kExitUsage;
    }
    const Summary summary = watch(**query, flags.stats_seconds);
    query->reset();
    if (!summary.error.empty()) print_error(summary.error);
    std::fputs((to_string(summary) + "\n").c_str(), stderr);
    return summary.error.empty() ? kExitDone : kExitFailed;
}

}  // namespace

void add_run_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<RunFlags>();
    CLI::App* const command = app.add_subcommand("run", "Run the queries of a SQL file");
    command->footer(
        "Runs every INSERT and SELECT of FILE together until bounded inputs end or a signal "
        "comes.\n"
        "SIGINT or SIGTERM: stops reading, processes what was read, flushes the sinks, exits 0; a\n"
        "second one exits at once. At the end of bounded inputs open windows fire; after a signal\n"
        "they stay silent; --drain and --no-drain force either.\n"
        "\n"
        "Results go to standard output, everything else to standard error.\n"
        "Exit status: 0 done, 1 the query failed while running, 2 the SQL or the command line is "
        "wrong.");
    command->add_option("FILE", flags->file, "SQL file; - reads standard input")->required();
    flags->engine.add_planning(*command);
    flags->engine.add_running(*command);
    command->add_option("--stats", flags->stats_seconds, "Print a line of counters every so often")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
    command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace thalweg
