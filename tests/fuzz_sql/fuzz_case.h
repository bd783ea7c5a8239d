#pragma once

#include "state/base/random.h"
#include "tests/fuzz_sql/relation_oracle.h"

#include <cstdint>
#include <string>
#include <vector>

// A query and what arrives while it runs.

namespace thalweg::fuzz {

struct Arrival {
    std::size_t table = 0;
    std::size_t split = 1;
    std::string kind;  // "+I", "-U", "+U" or "-D"; of t0 nothing.
    Row row;
    bool rests = false;     // What has come out is compared when this one has arrived.
    bool restarts = false;  // Another process goes on behind it.
};

struct FuzzCase {
    std::vector<Relation> relations;  // One, or two that run together.
    std::vector<Arrival> arrivals;
    std::uint64_t layout_seed = 0;
};

// Each seed has one.
[[nodiscard]] FuzzCase random_case(std::uint64_t seed);

// What is in the tables when the first `count` have arrived.
[[nodiscard]] Tables tables_after(const std::vector<Arrival>& arrivals, std::size_t count);

// Whether every row that goes has been there.
[[nodiscard]] bool are_valid(const std::vector<Arrival>& arrivals);

}  // namespace thalweg::fuzz
