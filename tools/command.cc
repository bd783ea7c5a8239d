#include "tools/command.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace thalweg {

void print_error(const std::string& message) {
    std::fputs(("thalweg: " + message + "\n").c_str(), stderr);
}

void EngineFlags::add_planning(CLI::App& command) {
    command
        .add_option("--shards", options.shards, "Shards: each owns a part of the keys and a thread")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    command
        .add_option(
            "--ingest-threads",
            options.ingest_threads,
            "Threads that read and decode. With 1 shard and 1 ingest thread all runs on one")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    command
        .add_option("--set", settings, "An option as by SET at the start of the file; repeatable")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

void EngineFlags::add_running(CLI::App& command) {
    command.add_option("--pin", pin, "Processors for the threads (ingest, shards, merge): 0,2-5")
        ->type_name("LIST");
    auto* drain = command.add_flag_callback(
        "--drain",
        [this] { options.drain = DrainPolicy::kAlways; },
        "Fire open windows however the query ends");
    command
        .add_flag_callback(
            "--no-drain",
            [this] { options.drain = DrainPolicy::kNever; },
            "Leave open windows silent, also at the end of bounded inputs")
        ->excludes(drain);
    command
        .add_option("--state",
                    options.state_directory,
                    "Keep state there, so that a restart goes on where this run was")
        ->type_name("DIR");
    command.add_flag("--drop-state",
                     options.drops_state,
                     "Give up saved state that this query has no place for");
    command.add_flag("--accept-loss",
                     options.accepts_loss,
                     "Go back to the generation before when the newest one is damaged");
    command.add_flag("--accept-file-system",
                     options.accepts_file_system,
                     "Keep state in memory or on another machine's disk, if DIR is there");
    command.add_flag(
        "--poll", options.polls, "Never let a thread sleep: least latency, most power");
    command
        .add_option("--batch-rows", options.batch_rows, "Rows handed on at once, at most (1,024)")
        ->check(CLI::Range(std::size_t{1}, kBatchRows))
        ->type_name("N");
}

std::optional<EngineOptions> EngineFlags::finish() const {
    EngineOptions result = options;
    for (const std::string& setting : settings) {
        const std::size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) {
            print_error("--set expects KEY=VALUE, found '" + setting + "'");
            return std::nullopt;
        }
        result.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    if (!pin.empty()) {
        auto list = parse_pin_list(pin);
        if (!list) {
            print_error("--pin: " + list.error().message);
            return std::nullopt;
        }
        result.pin = *std::move(list);
    }
    return result;
}

std::optional<std::string> read_script(const std::string& path) {
    std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    std::string text;
    char chunk[65536];
    std::size_t count = 0;
    while (file != nullptr && (count = std::fread(chunk, 1, sizeof chunk, file)) > 0)
        text.append(chunk, count);
    if (file == nullptr || std::ferror(file) != 0) {
        print_error("cannot read " + path + ": " + std::system_category().message(errno));
        if (file != nullptr && file != stdin) std::fclose(file);
        return std::nullopt;
    }
    if (file != stdin) std::fclose(file);
    return text;
}

std::optional<Prepared> prepare_script(const Engine& engine, const std::string& path) {
    const auto text = read_script(path);
    if (!text) return std::nullopt;
    auto prepared = engine.prepare(path == "-" ? "<stdin>" : path, *text);
    if (!prepared) {
        std::fputs(prepared.error().c_str(), stderr);
        return std::nullopt;
    }
    for (const std::string& warning : prepared->warnings)
        std::fputs(("warning: " + warning + "\n").c_str(), stderr);
    return *std::move(prepared);
}

}  // namespace thalweg
