#pragma once

#include "bench/figures.h"
#include "state/base/status.h"

#include <span>
#include <string>
#include <vector>

// Curves of figures, drawn by gnuplot into PNG files.

namespace thalweg::bench {

// Whether there is a gnuplot; if not, the error says where one comes from. To be asked before
// minutes are spent on measuring.
[[nodiscard]] Result<void> check_plotter();

// What gnuplot is told to draw, one script a picture.
struct Picture {
    std::string name;  // "ratio": of the file, without its extension.
    std::string script;
};

// throughput  records/s by the number of keys, a line for each bench that was run with several
// ratio       to the loop by hand, a bar for each variant that has one
// latency     percentiles of each variant that has them
//
// Those of which there is something to see.
[[nodiscard]] std::vector<Picture> pictures_of(std::span<const Figures> figures);

// Draws them into the folder, which is made where it is missing; returns the paths of the files.
[[nodiscard]] Result<std::vector<std::string>> plot(std::span<const Figures> figures,
                                                    const std::string& folder);

}  // namespace thalweg::bench
