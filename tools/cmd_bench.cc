#include "bench/nexmark.h"
#include "bench/plot.h"
#include "bench/workload.h"
#include "tools/command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg {

namespace {

struct BenchFlags {
    std::string name;
    std::string variant;
    bool is_json = false;
    std::string plot_folder;
    bench::MeasureOptions options;
    bench::NexmarkOptions nexmark;
};

int draw(const std::vector<bench::Figures>& figures, const std::string& folder) {
    if (folder.empty()) return kExitDone;
    const auto paths = bench::plot(figures, folder);
    if (!paths) {
        print_error(paths.error().message);
        return kExitFailed;
    }
    for (const std::string& path : *paths)
        std::fprintf(stderr, "wrote %s\n", path.c_str());
    return kExitDone;
}

// The queries that were asked for, each a line.
int run_nexmark(const BenchFlags& flags) {
    constexpr std::uint64_t kTinyEvents = 3'000;
    bench::NexmarkOptions options = flags.nexmark;
    if (flags.options.is_tiny) options.events = kTinyEvents;
    std::vector<std::string> queries = bench::nexmark_queries();
    if (!options.query.empty()) {
        if (std::find(queries.begin(), queries.end(), options.query) == queries.end()) {
            print_error("no query is named '" + options.query + "'; there are " + queries.front() +
                        " to " + queries.back());
            return kExitUsage;
        }
        queries = {options.query};
    }
    if (!flags.is_json) std::fputs(bench::nexmark_heading().c_str(), stdout);
    bool is_whole = true;
    for (const std::string& query : queries) {
        const Result<bench::NexmarkFigures> figures = bench::measure_nexmark(options, query);
        if (!figures) {
            print_error(figures.error().message);
            return kExitFailed;
        }
        const std::string line =
            flags.is_json ? bench::nexmark_json(*figures) : bench::nexmark_line(*figures);
        std::fputs(line.c_str(), stdout);
        std::fflush(stdout);
        is_whole = is_whole && figures->error.empty();
    }
    return is_whole ? kExitDone : kExitFailed;
}

int run_bench(const BenchFlags& flags) {
    if (flags.name == "nexmark") return run_nexmark(flags);
    if (!flags.plot_folder.empty()) {
        if (const Result<void> plotter = bench::check_plotter(); !plotter) {
            print_error(plotter.error().message);
            return kExitUsage;
        }
    }
    std::set<std::string> names;
    bool has_heading = flags.is_json;
    std::vector<bench::Figures> measured;
    for (const bench::Workload& workload : bench::workloads(flags.options)) {
        names.insert(workload.bench);
        if (flags.name != "all" && flags.name != workload.bench) continue;
        if (workload.variant.find(flags.variant) == std::string::npos) continue;
        const Result<bench::Figures> figures = workload.measure(flags.options);
        if (!figures) {
            print_error(figures.error().message);
            return kExitFailed;
        }
        if (!has_heading) std::fputs(bench::table_heading().c_str(), stdout);
        has_heading = true;
        const std::string line =
            flags.is_json ? bench::json_line(*figures) : bench::table_line(*figures);
        std::fputs(line.c_str(), stdout);
        std::fflush(stdout);
        measured.push_back(*figures);
    }
    if (!measured.empty()) return draw(measured, flags.plot_folder);
    if (names.contains(flags.name)) {
        print_error("no variant of '" + flags.name + "' has '" + flags.variant + "' in it");
        return kExitUsage;
    }
    std::string known = "all";
    for (const std::string& name : names)
        known += ", " + name;
    print_error("no bench is named '" + flags.name + "'; there are " + known);
    return kExitUsage;
}

}  // namespace

void add_bench_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<BenchFlags>();
    CLI::App* const command = app.add_subcommand("bench", "Measure whole queries in this process");
    command->footer(
        "Runs the queries NAME, or all, from records in memory on one thread, each beside a loop\n"
        "written by hand for it alone. Before anything is timed, both results are compared with "
        "an\n"
        "oracle's. Traces are looped, their times moved on; without --traces they are excerpts.\n"
        "\n"
        "ns/record is processor time, so that others on the machine disturb it little; records/s\n"
        "and GB/s are by the clock. ratio: 1 is as fast as by hand, less is better. MB: how much\n"
        "the process grew when the query ran first. p50, p99: from when the last piece of input\n"
        "that a batch of results needed was handed to the decoder until the sink has the batch.\n"
        "\n"
        "scaling runs queries on 2, 4, 8 and 16 processors, as far as there are, with so many\n"
        "ingest threads and shards; growth: their records/s over those on one, in the same run.\n"
        "\n"
        "epochs runs the queries that have state with a snapshot each second; by hand is there "
        "the\n"
        "same query without. out MB/s: bytes written; pause: the longest that the input waited,\n"
        "and the same of the rival. recovery: from the start of a process to its first result.\n"
        "\n"
        "nexmark [q5] runs the queries of bench/nexmark, each in a process of its own, over "
        "events\n"
        "that are made while it runs; --events and --cores are for it alone. peak MB: the most\n"
        "that was resident. A query that does not run says why. It is not one of all.\n"
        "\n"
        "Exit status: 0 done, 1 a result was wrong or a query did not run, 2 the command line is\n"
        "wrong.");
    command
        ->add_option(
            "NAME",
            flags->name,
            "aggregate, memory, json, csv, filter, hop, distinct, window_join, slide, skew, join, "
            "interval_join, topn, session, over, dedup, changelog, ysb, "
            "cm1, cm2, sg1, sg2, sg3, lrb1, lrb2, me1, nbq5, tcp, udp, json_tcp, csv_tcp, ysb_tcp, "
            "latency, idle, durability, scaling, epochs, recovery, nexmark, or all")
        ->required();
    command->add_option("QUERY", flags->nexmark.query, "Of nexmark: q0 to q23; all, if left out");
    command->add_option("--events", flags->nexmark.events, "Of nexmark: how many events")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40U))
        ->capture_default_str();
    command->add_option("--cores", flags->nexmark.cores, "Of nexmark: ingest threads, and shards")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--variant", flags->variant, "Only variants with TEXT in their name")
        ->type_name("TEXT");
    command->add_flag("--json", flags->is_json, "One JSON object a line");
    command
        ->add_option(
            "--plot", flags->plot_folder, "Draw the figures with gnuplot into PNG files in DIR")
        ->type_name("DIR");
    command->add_flag("--tiny", flags->options.is_tiny, "Only whether the results are right");
    command
        ->add_option("--traces",
                     flags->options.traces,
                     "The folder with the traces of cm, sg, lrb and me in full")
        ->check(CLI::ExistingDirectory)
        ->type_name("DIR");
    command->add_option("--runs", flags->options.runs, "Runs of each side; figures are medians")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--seconds", flags->options.seconds, "Processor time of a run, at least")
        ->check(CLI::NonNegativeNumber)
        ->type_name("SECONDS")
        ->capture_default_str();
    command->callback([flags, &body] { body = [flags] { return run_bench(*flags); }; });
}

}  // namespace thalweg
