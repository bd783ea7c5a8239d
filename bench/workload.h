#pragma once

#include "bench/figures.h"
#include "state/base/status.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

// What `thalweg bench` can run. A family of workloads is one file in bench/workloads/, with one
// function that lists its variants; bench/workload.cc asks all of them.

namespace thalweg::bench {

struct MeasureOptions {
    double seconds = 1;    // Of processor time in a run, at least; whole passes over the input.
    std::size_t runs = 5;  // Of each side, in turn; figures are medians.
    bool is_tiny = false;  // Milliseconds: asks only whether results are right.
    std::string traces;    // The folder with the traces; "": the excerpts beside the source.
};

// One line of the table.
struct Workload {
    std::string bench;    // What it is called on the command line.
    std::string variant;  // "10 k keys"
    std::function<Result<Figures>(const MeasureOptions& options)>
        measure;  // Fails on a wrong result.
};

// All of them, in the order in which they are run and printed.
[[nodiscard]] std::vector<Workload> workloads(const MeasureOptions& options);

}  // namespace thalweg::bench
