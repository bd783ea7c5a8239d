#include "engine/engine.h"

#include "engine/plan/planner.h"
#include "engine/run/connectors.h"
#include "engine/run/cpu.h"
#include "engine/run/epoch/recovery.h"
#include "engine/run/epoch/saved_state.h"
#include "state/store/real_disk.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

// For secrets: those of hashes, the names of stores. Without randomness from the system there is no
// defence against made-up keys, so that is the end.
template <std::size_t Count>
std::array<std::uint8_t, Count> random_bytes() {
    std::array<std::uint8_t, Count> bytes{};
    const ssize_t count = getrandom(bytes.data(), sizeof bytes, 0);
    ASSERT(count == static_cast<ssize_t>(sizeof bytes));
    return bytes;
}

HashSeed random_seed() {
    using Words = std::array<std::uint64_t, HashSeed::kWords>;
    return HashSeed(std::bit_cast<Words>(random_bytes<sizeof(Words)>()));
}

// Up to two processors everything runs on one thread: moving a batch to the other core costs more
// than working on it, and whoever sends to us needs a core too. Beyond, a quarter of them reads and
// decodes, one merges and writes, the rest are shards.
void choose_counts(EngineOptions& options) {
    const std::size_t cpus = cpu_count();
    const std::size_t ingest = cpus <= 2 ? 1 : std::max<std::size_t>(1, cpus / 4);
    if (options.ingest_threads == 0) options.ingest_threads = ingest;
    const std::size_t shards = cpus <= 2 ? 1 : cpus - ingest - 1;
    if (options.shards == 0) options.shards = std::max<std::size_t>(1, shards);
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      are_shards_given_(options_.shards != 0),
      seed_(random_seed()),
      log_(clock_) {
    choose_counts(options_);
}

tl::expected<Prepared, std::string> Engine::prepare(std::string_view file_name,
                                                    std::string_view script) const {
    plan::PlanOptions plan_options;
    plan_options.seed = seed_;
    plan_options.settings = options_.settings;
    std::size_t shards = options_.shards;
    const auto plan_for = [&](std::size_t count) {
        // One of each: all on one thread, where aggregates need no second phase.
        plan_options.is_fused = count == 1 && options_.ingest_threads == 1;
        return plan::plan_script(script, plan_options);
    };
    auto plan = plan_for(shards);
    const std::size_t wished = plan ? plan->settings.parallelism() : 0;
    if (!are_shards_given_ && wished != 0 && wished != shards) {
        shards = wished;
        plan = plan_for(shards);
    }
    if (!plan) return tl::make_unexpected(sql::format_error(file_name, script, plan.error()));
    const std::string& directory = options_.state_directory.empty()
                                       ? plan->settings.state_directory()
                                       : options_.state_directory;
    if (plan->settings.rebalances() && directory.empty())
        plan->warnings.emplace_back(
            "option 'execution.rebalancing.enabled' has no effect without a state directory");
    return Prepared{std::move(plan->topology),
                    std::move(plan->explained),
                    std::move(plan->warnings),
                    shards,
                    directory,
                    plan->settings.epoch_interval_ns(),
                    plan->settings.rebalances()};
}

Result<std::unique_ptr<Query>> Engine::start(const Prepared& prepared) {
    ASSERT(prepared.topology != nullptr);
    RunOptions run_options;
    run_options.shards = prepared.shards;
    run_options.ingest_threads = options_.ingest_threads;
    run_options.pin = options_.pin;
    run_options.drain = options_.drain;
    run_options.batch_rows = options_.batch_rows;
    run_options.polls = options_.polls;
    if (!prepared.state_directory.empty()) {
        TRY(run_options.epochs, open_store(prepared));
    }
    return Query::start(prepared.topology, run_options, standard_connectors(), clock_, log_);
}

Result<std::string> Engine::compare_state(const Prepared& prepared, const std::string& directory) {
    TRY(const auto disk, open_real_disk(directory, false));
    TRY(const StoreReport report, inspect_store(*disk, Examine::kNewest));
    if (report.generations.empty() || report.generations.front().verdict != Verdict::kIntact)
        return fail(Code::kCorrupt,
                    report.generations.empty() ? directory + " has no snapshot"
                                               : report.generations.front().problem);
    const Generation generation = report.generations.front().generation;
    TRY(const SnapshotReader snapshot, open_generation(*disk, report.header.store_id, generation));
    TRY(const RecoveredEpoch saved, RecoveredEpoch::read(snapshot));
    Manifest query = manifest_of(*prepared.topology);
    for (const SinkSpec& sink : prepared.topology->sinks) {
        if (has_outbox(sink)) query.outboxes.push_back(sink.name);
    }
    const StateComparison comparison = thalweg::compare_state(saved.manifest(), query);
    std::string text = snapshot.file().path() + ":\n";
    const auto add = [&text](std::string_view verdict, const std::vector<std::string>& names) {
        for (const std::string& name : names)
            text.append("    ").append(verdict).append(name).append("\n");
    };
    add("kept          ", comparison.kept);
    add("starts empty  ", comparison.empty);
    add("refused       ", comparison.lost);
    if (saved.manifest().has_ended) text += "    the query that wrote it has come to its end\n";
    return text;
}

Result<EpochSettings> Engine::open_store(const Prepared& prepared) const {
    struct OwnedStore {
        std::unique_ptr<Disk> disk;
        std::optional<Store> store;  // Goes first.
    };

    const auto owned = std::make_shared<OwnedStore>();
    TRY(owned->disk, open_real_disk(prepared.state_directory, true));
    StoreOptions options;
    options.fresh_id.bytes = random_bytes<16>();
    options.created_by = "thalweg " + std::string(version());
    options.owner = "process " + std::to_string(getpid());
    options.accept_loss = options_.accepts_loss;
    options.accept_file_system = options_.accepts_file_system;
    TRY(Store store, Store::open(*owned->disk, options));
    EpochSettings epochs;
    epochs.store = &owned->store.emplace(std::move(store));
    epochs.owner = owned;
    epochs.interval_ns = prepared.epoch_interval_ns;
    epochs.drops_state = options_.drops_state;
    epochs.rebalances = prepared.rebalances;
    return epochs;
}

Result<std::vector<unsigned>> parse_pin_list(std::string_view text) {
    return parse_cpu_list(text);
}

std::string_view version() noexcept {
    return THALWEG_VERSION;
}

}  // namespace thalweg
