#include "tests/fuzz_sql/fuzz_run.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

// Whether the fuzzer of queries sees: there must be queries whose answer each fault of the oracle
// changes, and the first of them must be found to go wrong; without a fault it goes well.

namespace thalweg::fuzz {
namespace {

constexpr std::uint64_t kSeeds = 3000;

bool is_changed_by(Fault fault, const FuzzCase& fuzz_case) {
    const Tables tables = tables_after(fuzz_case.arrivals, fuzz_case.arrivals.size());
    const Relation& relation = fuzz_case.relations[0];
    const std::optional<Rows> right = answer(relation, tables);
    return right && answer(relation, tables, fault) != right &&
           run_case(fuzz_case).verdict == Verdict::kRight;
}

// The first seed with a query that it changes, 0 if there is none.
std::uint64_t changed_by(Fault fault) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        if (is_changed_by(fault, random_case(seed))) return seed;
    }
    return 0;
}

TEST_CASE("planted_query_fault: every one is found") {
    for (const Fault fault : {Fault::kNullsMeet,
                              Fault::kUnknownIsFalse,
                              Fault::kOneCopy,
                              Fault::kNoHaving,
                              Fault::kOneMore}) {
        CAPTURE(static_cast<int>(fault));
        const std::uint64_t seed = changed_by(fault);
        REQUIRE(seed != 0);
        CHECK(run_case(random_case(seed), fault).verdict == Verdict::kWrong);
        MESSAGE("fault ", static_cast<int>(fault), " found by seed ", seed);
    }
}

}  // namespace
}  // namespace thalweg::fuzz
