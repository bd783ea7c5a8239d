#include "tests/support/durable_simulation.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Whether the simulator of crashes sees: each bug planted here must be found within the seeds that
// every change runs. That they are clean without it is what the tests simulate_crashes and
// simulate_journals say.

namespace thalweg::test {
namespace {

constexpr std::uint64_t kSeeds = 3000;

// The first seed that finds it, 0 if none does.
std::uint64_t found_by(const CrashOptions& options, std::uint64_t seeds, std::string& problem) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        problem = simulate_crashes(seed, options).problem;
        if (!problem.empty()) return seed;
    }
    return 0;
}

using Plants = std::vector<std::pair<CrashPlant, std::string_view>>;

void find_all(const Plants& plants, bool has_journal) {
    std::string problem;
    for (const auto& [plant, name] : plants) {
        CAPTURE(name);
        const std::uint64_t seed =
            found_by({.plant = plant, .has_journal = has_journal}, kSeeds, problem);
        CHECK(seed != 0);
        MESSAGE(name, ": found by seed ", seed, ": ", problem.substr(0, problem.find('\n')));
    }
}

TEST_CASE("planted_crash_bug: every one is found") {
    const Plants plants = {
        {CrashPlant::kAckEarly, "acknowledged before it is durable"},
        {CrashPlant::kNoDedup, "what is sent again is taken again"},
        {CrashPlant::kHandOverAnyTime, "a session moves between agents in different epochs"},
        {CrashPlant::kNoAlignment, "rows from behind the barrier are in the snapshot"},
        {CrashPlant::kNoDirectorySync, "the directory is never synced"},
        {CrashPlant::kIgnoreSyncError, "an error of fdatasync is ignored"},
        {CrashPlant::kPublishFirst, "results are out before their snapshot has its name"},
        {CrashPlant::kNoChecksums, "bits rot, and no checksum is looked at"},
        {CrashPlant::kShardNotRestored, "the state of one shard is not restored"},
        {CrashPlant::kSwitchEarly, "rows go to the new owner in front of the barrier"},
        {CrashPlant::kStateNotMoved, "the state of key groups that move is forgotten"},
    };
    find_all(plants, false);
}

TEST_CASE("planted_crash_bug: so is every one of a journal") {
    const Plants plants = {
        {CrashPlant::kAckEarly, "promised before it is durable"},
        {CrashPlant::kNoReplay, "what is in the journal is not done again"},
        {CrashPlant::kNoCarry, "the first part of a record is not repeated behind a cut"},
        {CrashPlant::kNoDirectorySync, "the directory is never synced"},
        {CrashPlant::kIgnoreSyncError, "an error of fdatasync is ignored"},
    };
    find_all(plants, true);
}

}  // namespace
}  // namespace thalweg::test
