#include "tests/store/commit_world.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

// The commit recipe under crashes, power cuts and errors, for thousands of seeds; and whether the
// same seeds find what would be wrong without each of its steps.

namespace thalweg::test {
namespace {

constexpr std::uint64_t kSeeds = 5'000;

TEST_CASE("store_crash: no seed loses, changes or reuses anything") {
    CommitWorldResult total;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const CommitWorldResult result = run_commit_world({.seed = seed});
        REQUIRE_EQ(result.problem, "");
        total.lives += result.lives;
        total.commits += result.commits;
        total.power_cuts += result.power_cuts;
        total.disk_errors += result.disk_errors;
        total.disk_full += result.disk_full;
    }
    // The weather was bad.
    CHECK_GT(total.lives, kSeeds * 4);
    CHECK_GT(total.commits, kSeeds * 2);
    CHECK_GT(total.power_cuts, kSeeds);
    CHECK_GT(total.disk_errors, kSeeds / 10);
    CHECK_GT(total.disk_full, kSeeds / 10);
    MESSAGE(kSeeds,
            " seeds: ",
            total.lives,
            " lives, ",
            total.commits,
            " commits, ",
            total.power_cuts,
            " power cuts, ",
            total.disk_errors,
            " disk errors, ",
            total.disk_full,
            " times full");
}

TEST_CASE("store_crash: a seed is a world") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const CommitWorldOptions options{.seed = seed, .bug = Bug::kReuseNumber, .rot = true};
        REQUIRE_EQ(run_commit_world(options), run_commit_world(options));
    }
}

TEST_CASE("store_crash: bits that rot are refused loudly, or do not matter") {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds / 3; ++seed) {
        const CommitWorldResult result = run_commit_world({.seed = seed, .rot = true});
        REQUIRE_EQ(result.problem, "");
        if (result.refused) ++refused;
    }
    CHECK_GT(refused, kSeeds / 30);
}

TEST_CASE("store_crash: every planted bug is found") {
    for (const Bug bug : {Bug::kNoFileSync,
                          Bug::kNoDirectorySync,
                          Bug::kRenameBeforeSync,
                          Bug::kIgnoreSyncError,
                          Bug::kTrustCache,
                          Bug::kReuseNumber,
                          Bug::kRetireEarly}) {
        CAPTURE(static_cast<int>(bug));
        std::string problem;
        std::uint64_t seed = 0;
        while (problem.empty() && seed < kSeeds)
            problem = run_commit_world({.seed = ++seed, .bug = bug}).problem;
        CHECK_NE(problem, "");
        MESSAGE("bug ", static_cast<int>(bug), " found by ", problem);
    }
}

}  // namespace
}  // namespace thalweg::test
