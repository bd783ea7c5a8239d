#pragma once

#include "tests/store/buggy_disk.h"

#include <cstdint>
#include <string>

namespace thalweg::test {

// One process after the other opens a store, commits generations and dies: between two calls of the
// disk, of an error, by a signal or with the power. Everything is drawn from one seed, and what the
// processes were told is remembered by an oracle that has no disk.
//
// Checked each time a store is opened
//   - it opens: no crash may leave a store that refuses, unless bits have rotted
//   - what was acknowledged is there: the generation is at least the last that commit() returned,
//     and at least the last that somebody acted upon
//   - what is there was written: its bytes are those of the writer of that number
//   - a number whose file was ever on the platter is not used again
//   - a file whose sync failed is not touched again
// At the end all faults stop, and the store must open and commit.
//
// "Acted upon": who recovers writes a new generation first. In the worlds where syncs of the
// directory never fail, readers are eager: they act on what open() has found, which its own sync
// makes right.
struct CommitWorldResult {
    std::string problem;   // Empty if all was well; else what was not, with the seed.
    bool refused = false;  // After bits have rotted: loudly.
    std::uint64_t lives = 0;
    std::uint64_t commits = 0;
    std::uint64_t power_cuts = 0;
    std::uint64_t disk_errors = 0;
    std::uint64_t disk_full = 0;
    std::uint64_t bits_rotted = 0;
    std::uint64_t disk_calls = 0;

    friend bool operator==(const CommitWorldResult&, const CommitWorldResult&) = default;
};

struct CommitWorldOptions {
    std::uint64_t seed = 1;
    Bug bug = Bug::kNone;
    bool rot = false;  // Bits flip between two lives.
};

[[nodiscard]] CommitWorldResult run_commit_world(const CommitWorldOptions& options);

}  // namespace thalweg::test
