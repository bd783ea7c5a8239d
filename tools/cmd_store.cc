#include "state/store/real_disk.h"
#include "tools/command.h"
#include "tools/store/store_copy.h"
#include "tools/store/store_text.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

namespace thalweg {

namespace {

struct StoreFlags {
    std::string directory;
    std::string target;
    std::string section;
    std::uint64_t generation = 0;
    bool accepts_file_system = false;
};

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

// What could not be done: damage is a failure, everything else a wrong use.
int exit_for(const Error& error) {
    print_error(error.message);
    return error.code == Code::kInvalid ? kExitUsage : kExitFailed;
}

std::string time_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return "gone by now";
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&status.st_mtim.tv_sec, &parts);
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", &parts);
    return text.data();
}

int list(const StoreFlags& flags) {
    const auto disk = open_real_disk(flags.directory, false);
    if (!disk) return exit_for(disk.error());
    const auto text = list_store(
        **disk, [&](const std::string& name) { return time_of(flags.directory + "/" + name); });
    if (!text) return exit_for(text.error());
    print(*text);
    return kExitDone;
}

int verify(const StoreFlags& flags) {
    const auto disk = open_real_disk(flags.directory, false);
    if (!disk) return exit_for(disk.error());
    const auto verified = verify_store(**disk);
    if (!verified) return exit_for(verified.error());
    print(verified->text);
    return verified->is_intact ? kExitDone : kExitFailed;
}

int dump(const StoreFlags& flags) {
    const auto disk = open_real_disk(flags.directory, false);
    if (!disk) return exit_for(disk.error());
    DumpOptions options;
    options.section = flags.section;
    if (flags.generation != 0) options.generation = flags.generation;
    const Result<void> dumped = dump_store(**disk, options, print);
    return dumped ? kExitDone : exit_for(dumped.error());
}

int copy(const StoreFlags& flags, const std::string& from, const std::string& to) {
    const auto source = open_real_disk(from, false);
    if (!source) return exit_for(source.error());
    const auto target = open_real_disk(to, true);
    if (!target) return exit_for(target.error());
    StoreOptions options;
    options.created_by = "thalweg " + std::string(version());
    options.owner = "process " + std::to_string(::getpid()) + " (thalweg store)";
    options.accept_file_system = flags.accepts_file_system;
    const auto size = static_cast<ssize_t>(options.fresh_id.bytes.size());
    if (::getrandom(options.fresh_id.bytes.data(), options.fresh_id.bytes.size(), 0) != size) {
        print_error("the system has no randomness for the identity of a store");
        return kExitFailed;
    }
    const auto generation = copy_newest(**source, **target, options);
    if (!generation) return exit_for(generation.error());
    print(to + ": generation " + std::to_string(*generation) + "\n");
    return kExitDone;
}

CLI::App* add(CLI::App& store,
              const char* name,
              const char* description,
              const std::shared_ptr<StoreFlags>& flags) {
    CLI::App* const command = store.add_subcommand(name, description);
    command->add_option("DIR", flags->directory, "State directory")->required();
    return command;
}

void add_copies(CLI::App& store, const std::shared_ptr<StoreFlags>& flags, CommandBody& body) {
    CLI::App* const save =
        add(store, "save", "Copy the newest generation into another directory", flags);
    save->add_option("TARGET", flags->target, "An empty directory, or none yet")->required();
    save->callback([flags, &body] {
        body = [flags] { return copy(*flags, flags->directory, flags->target); };
    });
    CLI::App* const restore =
        add(store, "restore", "Make a saved generation the newest of a directory", flags);
    restore->add_option("SAVED", flags->target, "What 'store save' has made")->required();
    restore->callback([flags, &body] {
        body = [flags] { return copy(*flags, flags->target, flags->directory); };
    });
    for (CLI::App* const command : {save, restore}) {
        command->add_flag("--accept-file-system",
                          flags->accepts_file_system,
                          "Memory and other machines' disks will do");
    }
}

}  // namespace

void add_store_command(CLI::App& app, CommandBody& body) {
    auto flags = std::make_shared<StoreFlags>();
    CLI::App* const store = app.add_subcommand("store", "Look at, check and copy saved state");
    store->require_subcommand(1);
    store->footer(
        "Reads with the reader of recovery. list, verify and dump write nothing and need no lock.\n"
        "A copy has the state alone: files that a query has written stay as they are, and a query\n"
        "that goes on from an older state refuses files that have gone on without it.");
    add(*store, "list", "Show generations and what the newest is made of", flags)
        ->callback([flags, &body] { body = [flags] { return list(*flags); }; });
    add(*store, "verify", "Read every byte; exit 1 and name file and byte if one is wrong", flags)
        ->callback([flags, &body] { body = [flags] { return verify(*flags); }; });
    CLI::App* const show = add(*store, "dump", "Show what is in the sections, as text", flags);
    show->add_option("--generation", flags->generation, "Which (the newest that is intact)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    show->add_option("--section", flags->section, "Only sections with this text in their name")
        ->type_name("TEXT");
    show->callback([flags, &body] { body = [flags] { return dump(*flags); }; });
    add_copies(*store, flags, body);
}

}  // namespace thalweg
