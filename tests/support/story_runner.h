#pragma once

#include "tests/support/story.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Tells a story to the engine, on one thread under a seeded schedule, once for each layout.

namespace thalweg::test {

// One way to run a story.
struct StoryLayout {
    std::size_t shards = 1;
    std::size_t ingest_agents = 1;
    std::size_t batch_rows = 1024;
    bool is_fused = false;
    bool has_two_phases = false;

    [[nodiscard]] std::string to_string() const;
};

// 1, 2 and 4 shards, batches of 1, 7 and 1,024 rows, 1 and 2 ingest agents, aggregates in one phase
// and in two; and fused.
[[nodiscard]] std::vector<StoryLayout> story_layouts();

// Returns what was wrong, or nothing. Every row that comes out must be expected, and the accounts
// must balance at the end.
[[nodiscard]] std::string run_story(const Story& story,
                                    const StoryLayout& layout,
                                    std::uint64_t seed);

}  // namespace thalweg::test
