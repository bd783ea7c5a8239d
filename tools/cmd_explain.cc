#include "tools/command.h"

#include <cstdio>
#include <memory>

namespace thalweg {

namespace {

struct PlanFlags {
    EngineFlags engine;
    std::string file;
    std::string against;  // A state directory.
};

int explain_against(const Prepared& prepared, const std::string& directory) {
    const auto text = Engine::compare_state(prepared, directory);
    if (!text) {
        print_error(text.error().message);
        return kExitUsage;
    }
    std::fputs(text->c_str(), stdout);
    return kExitDone;
}

int explain(const PlanFlags& flags) {
    const auto options = flags.engine.finish();
    if (!options) return kExitUsage;
    const Engine engine(*options);
    const auto prepared = prepare_script(engine, flags.file);
    if (!prepared) return kExitUsage;
    std::fputs(prepared->printed.c_str(), stdout);
    if (prepared->topology != nullptr && !flags.against.empty())
        return explain_against(*prepared, flags.against);
    if (prepared->topology != nullptr)
        std::fputs(prepared->topology->explain.c_str(), stdout);
    else if (prepared->printed.empty())
        std::fputs("nothing to run: the file has no INSERT and no SELECT\n", stderr);
    return kExitDone;
}

int check(const PlanFlags& flags) {
    const auto options = flags.engine.finish();
    if (!options) return kExitUsage;
    const Engine engine(*options);
    return prepare_script(engine, flags.file) ? kExitDone : kExitUsage;
}

CLI::App* add(CLI::App& app,
              const char* name,
              const char* description,
              const std::shared_ptr<PlanFlags>& flags) {
    CLI::App* const command = app.add_subcommand(name, description);
    command->add_option("FILE", flags->file, "SQL file; - reads standard input")->required();
    flags->engine.add_planning(*command);
    return command;
}

}  // namespace

void add_explain_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<PlanFlags>();
    CLI::App* const command = add(app, "explain", "Show the plan of a SQL file", flags);
    command->footer(
        "Prints the stages that FILE would run: what each source decodes and which filters were\n"
        "pushed into it, operators, keys, exchanges, and state per key. Runs and opens nothing.\n"
        "The plan depends on --shards and --ingest-threads: on one thread nothing is exchanged.");
    command
        ->add_option("--against",
                     flags->against,
                     "Instead: what FILE would keep of the state in DIR, start empty, and refuse")
        ->type_name("DIR");
    command->callback([flags, &body] { body = [flags] { return explain(*flags); }; });
}

void add_check_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<PlanFlags>();
    CLI::App* const command = add(app, "check", "Check a SQL file: parse, bind and plan it", flags);
    command->footer(
        "Says nothing and exits 0 when FILE would start; else shows the first error with its line\n"
        "and column and exits 2. Runs and opens nothing.");
    command->callback([flags, &body] { body = [flags] { return check(*flags); }; });
}

}  // namespace thalweg
