#pragma once

#include "engine/run/execution.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_query.h"
#include "tests/support/sim_source.h"

#include <cstdint>
#include <string>
#include <vector>

// What must hold when a simulated query has ended.

namespace thalweg::test {

enum class SimLevel : std::uint8_t { kOneOrder, kNothingLate, kAnything };

// What a sink was given.
struct SimResults {
    std::vector<Row> rows;
    std::uint64_t refusals = 0;
    bool is_closed = false;
    std::string problem;
};

struct SimFacts {
    SimLevel level = SimLevel::kOneOrder;
    std::int64_t delay_ms = 0;  // Of the watermark behind the rows.
    bool is_drained = false;    // What is open at the end fires.
    bool is_stopped_early = false;
    bool has_holes = false;  // Splits may have been left out for being silent.
    std::uint64_t rows_before_stop = 0;
    QueryTotals totals;
};

struct SimEvidence {
    const SimQuery& query;
    const SimFacts& facts;
    const SimNetwork& network;
    const std::vector<SimNote>& notes;
    const std::vector<SimResults>& results;
};

// A record as the oracle has it, with the watermark in force before it.
[[nodiscard]] OracleRow row_of(const SimEvent& event, Watermark before);

// What is left of rows that were given and taken back, in any order, where no two that are left are
// the same: one that was taken back as often as it was given is there an even number of times.
[[nodiscard]] std::vector<Row> left_of(std::vector<Row> rows);

// What differs, in words; empty when both have the same rows, each as often.
[[nodiscard]] std::string check_rows(const std::vector<Row>& expected,
                                     const std::vector<Row>& found);

// The first thing that is wrong; empty when all is well.
[[nodiscard]] std::string find_problem(const SimEvidence& evidence);

}  // namespace thalweg::test
