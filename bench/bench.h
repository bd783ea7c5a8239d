#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace thalweg {

// Reports the one number that composes across stages: time per record. Stages add up; throughputs
// do not. Google Benchmark prints it with its unit, as in `per_record=1.16ns`.
inline void report_per_record(benchmark::State& state, std::int64_t records_per_iteration) {
    state.SetItemsProcessed(state.iterations() * records_per_iteration);
    state.counters["per_record"] = benchmark::Counter(
        static_cast<double>(records_per_iteration),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Whether this is the run of ctest, which asks only that the bench works: each bench has two sizes
// for whatever takes time, and the small one takes none.
[[nodiscard]] inline bool is_tiny_run() {
    return std::getenv("THALWEG_BENCH_TINY") != nullptr;
}

[[nodiscard]] inline std::int64_t bench_size(std::int64_t canonical, std::int64_t tiny) {
    return is_tiny_run() ? tiny : canonical;
}

// A bench compares its result with a reference before it is timed; a wrong one is not worth timing.
inline void require_equal(std::uint64_t found, std::uint64_t expected, const char* what) {
    if (found == expected) return;
    std::fprintf(stderr,
                 "%s: found %llu, expected %llu\n",
                 what,
                 static_cast<unsigned long long>(found),
                 static_cast<unsigned long long>(expected));
    std::abort();
}

}  // namespace thalweg
