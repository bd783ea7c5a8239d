#pragma once

#include "engine/plan/settings.h"
#include "engine/run/topology.h"
#include "engine/sql/sql_error.h"

#include <tl/expected.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The door of the planner: a script in, a topology out.

namespace thalweg::plan {

struct PlanOptions {
    // What runs around the plan: decides whether aggregates are split in two phases.
    bool is_fused = false;
    HashSeed seed = HashSeed::from(0);
    std::map<std::string, std::string> settings;  // As SET before the first statement.
};

struct Plan {
    // Null when the script starts nothing: only CREATE, SET, EXPLAIN.
    std::shared_ptr<const Topology> topology;
    std::string explained;  // What EXPLAIN statements of the script printed.
    std::vector<std::string> warnings;
    Settings settings;
};

// Parses, binds, plans and checks the connectors' options; opens nothing. All INSERTs and SELECTs
// of a script run together as one statement set. Fails at the first error, with its place in
// `script`.
[[nodiscard]] tl::expected<Plan, sql::SqlError> plan_script(std::string_view script,
                                                            const PlanOptions& options);

}  // namespace thalweg::plan
