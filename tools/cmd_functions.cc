#include "ops/function_notes.h"
#include "tools/command.h"

#include <cstdio>
#include <memory>

namespace thalweg {

namespace {

int functions(const std::string& name) {
    if (name.empty()) {
        std::fputs(functions_document().c_str(), stdout);
        return kExitDone;
    }
    const FunctionNote* const note = find_function_note(name);
    if (note == nullptr) {
        print_error("there is no function '" + name + "'; 'thalweg functions' lists all");
        return kExitUsage;
    }
    std::fputs((std::string(note->names) + ": " + std::string(note->text) + "\n").c_str(), stdout);
    return kExitDone;
}

}  // namespace

void add_functions_command(CLI::App& app, CommandBody& body) {
    auto name = std::make_shared<std::string>();
    CLI::App* const command = app.add_subcommand("functions", "Say what the functions of SQL do");
    command->footer("Without NAME: all of them, as the Markdown of docs/FUNCTIONS.md.");
    command->add_option("NAME", *name, "One function or operator, in any case");
    command->callback([name, &body] { body = [name] { return functions(*name); }; });
}

}  // namespace thalweg
