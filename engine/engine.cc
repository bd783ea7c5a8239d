#include "engine/engine.h"

#include "engine/plan/planner.h"
#include "engine/run/connectors.h"
#include "engine/run/cpu.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace thalweg {

namespace {

// The secret of this process's hashes. Without randomness from the system there is no defence
// against made-up keys, so that is the end.
HashSeed random_seed() {
    std::array<std::uint64_t, HashSeed::kWords> words{};
    const ssize_t count = getrandom(words.data(), sizeof words, 0);
    ASSERT(count == static_cast<ssize_t>(sizeof words));
    return HashSeed(words);
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
    return Prepared{
        std::move(plan->topology), std::move(plan->explained), std::move(plan->warnings), shards};
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
    return Query::start(prepared.topology, run_options, standard_connectors(), clock_, log_);
}

Result<std::vector<unsigned>> parse_pin_list(std::string_view text) {
    return parse_cpu_list(text);
}

std::string_view version() noexcept {
    return THALWEG_VERSION;
}

}  // namespace thalweg
