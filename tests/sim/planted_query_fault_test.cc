#include "tests/fuzz_sql/fuzz_run.h"

#include <doctest/doctest.h>

#include <cstdint>

// Whether the fuzzer of queries sees: each fault of the oracle must be found within some seeds, and
// the same seeds without it must be clean.

namespace thalweg::fuzz {
namespace {

constexpr std::uint64_t kSeeds = 400;

// The first seed that finds it, 0 if none does.
std::uint64_t found_by(Fault fault, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        if (run_case(random_case(seed), fault).verdict == Verdict::kWrong) return seed;
    }
    return 0;
}

TEST_CASE("planted_query_fault: every one is found, and nothing where there is none") {
    CHECK(found_by(Fault::kNone, 20) == 0);
    for (const Fault fault : {Fault::kNullsMeet,
                              Fault::kUnknownIsFalse,
                              Fault::kOneCopy,
                              Fault::kNoHaving,
                              Fault::kOneMore}) {
        CAPTURE(static_cast<int>(fault));
        const std::uint64_t seed = found_by(fault, kSeeds);
        CHECK(seed != 0);
        MESSAGE("fault ", static_cast<int>(fault), " found by seed ", seed);
    }
}

}  // namespace
}  // namespace thalweg::fuzz
