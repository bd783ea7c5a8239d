// simulate [SEED [COUNT]] [--trace]: COUNT simulated queries, from SEED on. With neither, the 200
// that every change must pass, which must also meet every rare branch at least once.

#include "tests/support/simulation.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using thalweg::test::kSightingCount;
using thalweg::test::Plant;
using thalweg::test::Sighting;
using thalweg::test::SimOutcome;

constexpr std::uint64_t kDefaultCount = 200;
constexpr std::uint64_t kRepeatEvery = 10;  // Of the seeds: run twice, with the same trace.

struct Arguments {
    std::uint64_t seed = 1;
    std::uint64_t count = kDefaultCount;
    bool traces = false;
    bool must_see_all = true;
    bool is_valid = true;
};

Arguments read(const std::vector<std::string_view>& words) {
    Arguments arguments;
    std::vector<std::uint64_t> numbers;
    for (const std::string_view word : words) {
        if (word == "--trace") {
            arguments.traces = true;
            continue;
        }
        std::uint64_t number = 0;
        const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
        const bool is_whole = read.ec == std::errc() && read.ptr == word.data() + word.size();
        arguments.is_valid = arguments.is_valid && is_whole;
        numbers.push_back(number);
    }
    if (!numbers.empty()) arguments.seed = numbers[0];
    if (!numbers.empty()) arguments.count = numbers.size() > 1 ? numbers[1] : 1;
    arguments.must_see_all = arguments.count >= kDefaultCount;
    arguments.is_valid = arguments.is_valid && numbers.size() <= 2;
    return arguments;
}

// Returns whether all is well.
bool run_seed(std::uint64_t seed, bool traces, SimOutcome& outcome) {
    outcome = thalweg::test::simulate(seed, Plant::kNone, traces ? stdout : nullptr);
    std::string problem = outcome.problem;
    if (problem.empty() && seed % kRepeatEvery == 0) {
        const SimOutcome again = thalweg::test::simulate(seed);
        if (again.trace_hash != outcome.trace_hash)
            problem = "the same seed went another way the second time";
    }
    if (problem.empty()) return true;
    std::printf("seed %llu: %s\n%s\n%s\nto see it again: simulate %llu 1 --trace\n\n",
                static_cast<unsigned long long>(seed),
                problem.c_str(),
                outcome.scenario.c_str(),
                outcome.script.c_str(),
                static_cast<unsigned long long>(seed));
    return false;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments = read(std::vector<std::string_view>(words + 1, words + count));
    if (!arguments.is_valid) {
        std::fputs("usage: simulate [SEED [COUNT]] [--trace]\n", stderr);
        return 2;
    }
    std::array<std::uint64_t, kSightingCount> sightings{};
    std::uint64_t failures = 0;
    std::uint64_t steps = 0;
    std::uint64_t rows = 0;
    for (std::uint64_t i = 0; i < arguments.count; ++i) {
        SimOutcome outcome;
        if (!run_seed(arguments.seed + i, arguments.traces, outcome)) ++failures;
        for (std::size_t k = 0; k < kSightingCount; ++k)
            sightings[k] += outcome.sightings[k];
        steps += outcome.steps;
        rows += outcome.rows;
    }
    std::printf("%llu seeds, %llu steps, %llu rows out, %llu failures\n",
                static_cast<unsigned long long>(arguments.count),
                static_cast<unsigned long long>(steps),
                static_cast<unsigned long long>(rows),
                static_cast<unsigned long long>(failures));
    bool has_seen_all = true;
    for (std::size_t k = 0; k < kSightingCount; ++k) {
        const std::string_view name = name_of(static_cast<Sighting>(k));
        std::printf("%12llu %.*s\n",
                    static_cast<unsigned long long>(sightings[k]),
                    static_cast<int>(name.size()),
                    name.data());
        has_seen_all = has_seen_all && sightings[k] != 0;
    }
    if (arguments.must_see_all && !has_seen_all)
        std::puts("a branch was never met: the simulation has become tame");
    return failures == 0 && (has_seen_all || !arguments.must_see_all) ? EXIT_SUCCESS : EXIT_FAILURE;
}
