#pragma once

#include "tests/fuzz_sql/fuzz_case.h"

#include <cstdint>
#include <string>

// Runs a case in the engine and compares what comes out with the oracle.

namespace thalweg::fuzz {

enum class Verdict : std::uint8_t {
    kRight,
    kRefused,  // By the planner.
    kUnknown,  // The oracle has no answer.
    kWrong,
};

struct Outcome {
    Verdict verdict = Verdict::kRight;
    std::string problem;    // Of kRefused and kWrong.
    bool has_rows = false;  // Of kRight: at the end of the input.
};

// Tells the case as a story (tests/support/story.h), in two layouts of the case's own choice: after
// every row that rests, if the query is live, and at the end of the input. The oracle may have a
// fault.
[[nodiscard]] Outcome run_case(const FuzzCase& fuzz_case, Fault fault = Fault::kNone);

// The case as a file of tests/sql would have it, without what it expects.
[[nodiscard]] std::string text_of(const FuzzCase& fuzz_case);

}  // namespace thalweg::fuzz
