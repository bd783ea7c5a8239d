// The `thalweg` binary: subcommands, and nothing else.

#include "tools/command.h"

#include <cstdio>

int main(int argc, char** argv) {
    CLI::App app("Thalweg: streaming SQL on one machine, from sockets to windowed results",
                 "thalweg");
    app.set_version_flag("--version", "thalweg " + std::string(thalweg::version()));
    app.require_subcommand(1);
    app.footer("'thalweg COMMAND --help' says more about each.");
    thalweg::CommandBody body;
    thalweg::add_run_command(app, body);
    thalweg::add_explain_command(app, body);
    thalweg::add_check_command(app, body);
    thalweg::add_functions_command(app, body);
    thalweg::add_bench_command(app, body);
    thalweg::add_load_command(app, body);
    thalweg::add_store_command(app, body);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? thalweg::kExitDone : thalweg::kExitUsage;
    }
    return body();
}
