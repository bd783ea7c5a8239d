#include "tests/support/story.h"

#include "tests/support/seeds.h"
#include "tests/support/story_runner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Runs tests/sql/*.test. THALWEG_STORY in the environment picks those whose name or place
// contains it.

namespace thalweg {
namespace {

namespace fs = std::filesystem;

using test::run_story;
using test::Story;
using test::story_layouts;
using test::StoryLayout;

std::vector<Story> stories_of(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return test::parse_stories(path.filename().string(), text.str());
}

std::vector<Story> all_stories() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(THALWEG_SOURCE_DIR "/tests/sql")) {
        if (entry.path().extension() == ".test") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Story> stories;
    for (const fs::path& path : paths) {
        for (Story& story : stories_of(path))
            stories.push_back(std::move(story));
    }
    return stories;
}

bool is_wanted(const Story& story) {
    const char* const part = std::getenv("THALWEG_STORY");
    if (part == nullptr) return true;
    return story.name.find(part) != std::string::npos ||
           story.place.find(part) != std::string::npos;
}

// One layout of seven under ThreadSanitizer, another one for the next story.
bool is_its_turn(std::uint64_t number) {
    return !test::kThreadSanitizer || number % 7 == 0;
}

TEST_CASE("stories: every one comes true, however the work is laid out") {
    const std::vector<Story> stories = all_stories();
    CHECK(stories.size() >= 60);
    std::uint64_t number = 0;
    for (const Story& story : stories) {
        ++number;
        if (!is_wanted(story)) continue;
        std::uint64_t seed = 1;
        for (const StoryLayout& layout : story_layouts()) {
            ++seed;
            if (!is_its_turn(number + seed)) continue;
            const std::string problem = run_story(story, layout, seed);
            INFO(story.name, " (", layout.to_string(), ", seed ", seed, ")");
            CHECK_MESSAGE(problem.empty(), problem);
            const bool is_refused = story.steps.front().kind == test::StepKind::kError;
            if (!problem.empty() || is_refused) break;  // A plan is refused in every layout.
        }
    }
}

TEST_CASE("stories: one that does not come true is found out") {
    const std::vector<Story> stories = test::parse_stories("x.test",
                                                           "story One\n"
                                                           "CREATE TABLE t (a INT);\n"
                                                           "SELECT a + 1 FROM t;\n"
                                                           "in t\n(1)\n(2)\n"
                                                           "expect\n(2)\n(4)\n"
                                                           "story Two\n"
                                                           "CREATE TABLE t (a INT);\n"
                                                           "SELECT a FROM t;\n"
                                                           "in t\n(1)\n"
                                                           "story Three\n"
                                                           "CREATE TABLE t (a INT);\n"
                                                           "SELECT b FROM t;\n"
                                                           "in t\n(1)\n");
    REQUIRE(stories.size() == 3);
    const StoryLayout layout = story_layouts().front();
    CHECK(run_story(stories[0], layout, 1).find("found\n  2\n  3\n") != std::string::npos);
    CHECK(run_story(stories[1], layout, 1).find("nobody expected") != std::string::npos);
    CHECK(run_story(stories[2], layout, 1).find("the planner says") != std::string::npos);
}

TEST_CASE("stories: cells are split at the commas between them") {
    CHECK(test::split_cells("(a, \"b, c\", [1, 2],  NULL )") ==
          std::vector<std::string>{"a", "\"b, c\"", "[1, 2]", "NULL"});
}

}  // namespace
}  // namespace thalweg
