#pragma once

#include "engine/engine.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

// What the subcommands of `thalweg` share. Each cmd_NAME.cc adds one to the command line; parsing
// runs nothing, the returned closures do.

namespace thalweg {

enum ExitCode : int { kExitDone = 0, kExitFailed = 1, kExitUsage = 2 };

// Set by the chosen subcommand's callback, run by main after parsing.
using CommandBody = std::function<int()>;

void add_run_command(CLI::App& app, CommandBody& body);
void add_explain_command(CLI::App& app, CommandBody& body);
void add_check_command(CLI::App& app, CommandBody& body);
void add_functions_command(CLI::App& app, CommandBody& body);
void add_bench_command(CLI::App& app, CommandBody& body);
void add_load_command(CLI::App& app, CommandBody& body);
void add_store_command(CLI::App& app, CommandBody& body);

// The options that say how a script is planned and run, on the command line.
struct EngineFlags {
    EngineOptions options;
    std::string pin;
    std::vector<std::string> settings;

    void add_planning(CLI::App& command);
    void add_running(CLI::App& command);

    // What the flags came to; nothing, after a message, when one is wrong.
    [[nodiscard]] std::optional<EngineOptions> finish() const;
};

// The text of a file, "-" for standard input; nothing, after a message, when it cannot be read.
[[nodiscard]] std::optional<std::string> read_script(const std::string& path);

// Prepares the script; prints warnings, or the error.
[[nodiscard]] std::optional<Prepared> prepare_script(const Engine& engine, const std::string& path);

void print_error(const std::string& message);

}  // namespace thalweg
