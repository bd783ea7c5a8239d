// simulate_crashes [SEED [COUNT]] [--trace] [--journal]: COUNT simulated queries that die and
// recover, from SEED on; with tables that have a journal, or producers that send again. With
// neither, those that every change must pass, which must also meet every rare branch.

#include "tests/support/durable_simulation.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using thalweg::test::CrashOptions;
using thalweg::test::CrashOutcome;
using thalweg::test::CrashSighting;
using thalweg::test::kCrashSightingCount;

constexpr std::uint64_t kDefaultCount = 5000;
constexpr std::uint64_t kRepeatEvery = 50;  // Of the seeds: run twice, with the same trace.

struct Arguments {
    std::uint64_t seed = 1;
    std::uint64_t count = kDefaultCount;
    bool traces = false;
    bool has_journal = false;
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
        if (word == "--journal") {
            arguments.has_journal = true;
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
    arguments.is_valid = arguments.is_valid && numbers.size() <= 2;
    return arguments;
}

struct Sum {
    std::uint64_t failures = 0;
    std::uint64_t steps = 0;
    std::uint64_t lives = 0;
    std::uint64_t epochs = 0;
    std::uint64_t rows = 0;
    std::array<std::uint64_t, kCrashSightingCount> sightings{};
};

void run_seed(std::uint64_t seed, const Arguments& arguments, Sum& sum) {
    CrashOptions options;
    options.has_journal = arguments.has_journal;
    options.trace = arguments.traces ? stdout : nullptr;
    const CrashOutcome outcome = thalweg::test::simulate_crashes(seed, options);
    sum.steps += outcome.steps;
    sum.lives += outcome.lives;
    sum.epochs += outcome.epochs;
    sum.rows += outcome.rows;
    for (std::size_t k = 0; k < kCrashSightingCount; ++k)
        sum.sightings[k] += outcome.sightings[k];
    std::string problem = outcome.problem;
    if (problem.empty() && seed % kRepeatEvery == 0) {
        options.trace = nullptr;
        const CrashOutcome again = thalweg::test::simulate_crashes(seed, options);
        if (again.trace_hash != outcome.trace_hash)
            problem = "the same seed went another way the second time";
    }
    if (problem.empty()) return;
    ++sum.failures;
    std::printf(
        "seed %llu: %s\n%s, %llu lives\n%s\nto see it again: simulate_crashes %llu 1 --trace%s\n\n",
        static_cast<unsigned long long>(seed),
        problem.c_str(),
        outcome.scenario.c_str(),
        static_cast<unsigned long long>(outcome.lives),
        outcome.script.c_str(),
        static_cast<unsigned long long>(seed),
        arguments.has_journal ? " --journal" : "");
}

// Returns whether every branch was met.
bool print(const Sum& sum, std::uint64_t seeds, bool has_journal) {
    std::printf("%llu seeds, %llu lives, %llu steps, %llu epochs, %llu rows out, %llu failures\n",
                static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(sum.lives),
                static_cast<unsigned long long>(sum.steps),
                static_cast<unsigned long long>(sum.epochs),
                static_cast<unsigned long long>(sum.rows),
                static_cast<unsigned long long>(sum.failures));
    bool has_seen_all = true;
    for (std::size_t k = 0; k < kCrashSightingCount; ++k) {
        const std::string_view name = name_of(static_cast<CrashSighting>(k));
        std::printf("%12llu %.*s\n",
                    static_cast<unsigned long long>(sum.sightings[k]),
                    static_cast<int>(name.size()),
                    name.data());
        // What a journal has is not sent again.
        const bool is_possible =
            has_journal ? k != static_cast<std::size_t>(CrashSighting::kResendTrimmed)
                        : k < static_cast<std::size_t>(CrashSighting::kJournalReplayed);
        has_seen_all = has_seen_all && (sum.sightings[k] != 0 || !is_possible);
    }
    return has_seen_all;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments = read(std::vector<std::string_view>(words + 1, words + count));
    if (!arguments.is_valid) {
        std::fputs("usage: simulate_crashes [SEED [COUNT]] [--trace] [--journal]\n", stderr);
        return 2;
    }
    Sum sum;
    for (std::uint64_t i = 0; i < arguments.count; ++i)
        run_seed(arguments.seed + i, arguments, sum);
    const bool has_seen_all = print(sum, arguments.count, arguments.has_journal);
    const bool is_tame = arguments.count >= kDefaultCount && !has_seen_all;
    if (is_tame) std::puts("a branch was never met: the simulation has become tame");
    return sum.failures == 0 && !is_tame ? EXIT_SUCCESS : EXIT_FAILURE;
}
