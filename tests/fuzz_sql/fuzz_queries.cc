// fuzz_queries [FIRST LAST] [--seconds N] [--verbose] [--print]: random queries over random rows,
// each compared with the oracle. With nothing, the seeds that every change must pass; with
// --seconds from FIRST on, for so long, and LAST means nothing. --verbose prints what the planner
// refuses, --print every case.
//
// Exits with 1 at the first difference, which it prints as small as it can make it, when the
// planner refuses more than a fifth of the queries, or when more than half have no rows to give.

#include "tests/fuzz_sql/fuzz_run.h"
#include "tests/fuzz_sql/relation_sql.h"
#include "tests/fuzz_sql/shrink.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using thalweg::fuzz::FuzzCase;
using thalweg::fuzz::Outcome;
using thalweg::fuzz::Verdict;

constexpr std::uint64_t kDefaultLast = 300;
constexpr std::size_t kShrinkTriesMax = 3000;

struct Arguments {
    std::uint64_t first = 1;
    std::uint64_t last = kDefaultLast;
    std::uint64_t seconds = 0;
    bool is_verbose = false;
    bool prints = false;
};

std::optional<std::uint64_t> number(std::string_view word) {
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (code != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
}

std::optional<Arguments> read(const std::vector<std::string_view>& words) {
    Arguments arguments;
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--verbose") {
            arguments.is_verbose = true;
            continue;
        }
        if (words[i] == "--print") {
            arguments.prints = true;
            continue;
        }
        const bool is_time = words[i] == "--seconds" && i + 1 < words.size();
        const auto value = number(words[is_time ? ++i : i]);
        if (!value) return std::nullopt;
        if (is_time) {
            arguments.seconds = *value;
        } else {
            numbers.push_back(*value);
        }
    }
    if (numbers.size() == 1 || numbers.size() > 2) return std::nullopt;
    if (!numbers.empty()) arguments.first = numbers[0];
    if (!numbers.empty()) arguments.last = numbers[1];
    if (arguments.seconds != 0) arguments.last = ~std::uint64_t{0};
    return arguments;
}

void print_difference(std::uint64_t seed, const FuzzCase& found) {
    const auto is_wrong = [](const FuzzCase& smaller) {
        return run_case(smaller).verdict == Verdict::kWrong;
    };
    // At once: what comes now may take long, or the program down.
    std::printf("seed %llu goes wrong:\n%s\n",
                static_cast<unsigned long long>(seed),
                script_of(found.relations).c_str());
    std::fflush(stdout);
    const FuzzCase smallest = shrink(found, is_wrong, kShrinkTriesMax);
    std::printf("as small as it gets:\n%s\n%s\n",
                text_of(smallest).c_str(),
                run_case(smallest).problem.c_str());
}

struct Counts {
    std::uint64_t all = 0;
    std::uint64_t refused = 0;
    std::uint64_t unknown = 0;
    std::uint64_t empty = 0;
};

// Whether the engine and the oracle agree.
bool run_seed(std::uint64_t seed, const Arguments& arguments, Counts& counts) {
    const FuzzCase made = thalweg::fuzz::random_case(seed);
    if (arguments.prints) std::puts(text_of(made).c_str());
    const Outcome outcome = run_case(made);
    ++counts.all;
    if (outcome.verdict == Verdict::kUnknown) ++counts.unknown;
    if (outcome.verdict == Verdict::kRefused) {
        ++counts.refused;
        if (arguments.is_verbose)
            std::printf(
                "seed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.problem.c_str());
    }
    if (outcome.verdict == Verdict::kRight && !outcome.has_rows) ++counts.empty;
    if (outcome.verdict != Verdict::kWrong) return true;
    print_difference(seed, made);
    return false;
}

}  // namespace

int main(int count, char** words) {
    const auto arguments = read(std::vector<std::string_view>(words + 1, words + count));
    if (!arguments) {
        std::fputs("usage: fuzz_queries [FIRST LAST] [--seconds N] [--verbose] [--print]\n",
                   stderr);
        return 2;
    }
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    Counts counts;
    bool is_right = true;
    for (std::uint64_t seed = arguments->first; is_right && seed <= arguments->last; ++seed) {
        is_right = run_seed(seed, *arguments, counts);
        const auto limit = static_cast<double>(arguments->seconds);
        if (arguments->seconds != 0 && elapsed() > limit) break;
    }
    std::printf("%llu queries in %.1f s, %llu refused, %llu without an answer, %llu empty%s\n",
                static_cast<unsigned long long>(counts.all),
                elapsed(),
                static_cast<unsigned long long>(counts.refused),
                static_cast<unsigned long long>(counts.unknown),
                static_cast<unsigned long long>(counts.empty),
                is_right ? ", no difference" : "");
    const bool is_tame =
        counts.all >= 100 && (counts.refused * 5 > counts.all || counts.empty * 2 > counts.all);
    if (is_tame) std::puts("too many of them are refused, or have no rows");
    return is_right && !is_tame ? EXIT_SUCCESS : EXIT_FAILURE;
}
