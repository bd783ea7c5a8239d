#pragma once

#include "engine/run/topology.h"

#include <string>
#include <vector>

namespace thalweg::plan {

// What a query promises for each source and each sink that its records reach, when its process or
// the power goes and it is started again on its state directory: lines of EXPLAIN.
[[nodiscard]] std::vector<std::string> guarantee_lines(const Topology& topology);

}  // namespace thalweg::plan
