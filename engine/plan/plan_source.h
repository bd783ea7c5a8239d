#pragma once

#include "engine/plan/bind_table.h"
#include "engine/plan/logical.h"
#include "engine/run/topology.h"

#include <cstddef>
#include <string>
#include <vector>

namespace thalweg::plan {

// The head of a plan: what a source decodes, and what is computed from it before anything else.
struct PlannedSource {
    SourceStage stage;                // Without `stage` and `windows`, which the topology decides.
    SchemaPtr schema;                 // Of stage.columns.
    std::vector<ScanColumn> columns;  // What each of them is.
    std::vector<std::string> lines;   // For EXPLAIN.

    // The position of a column that was asked for.
    [[nodiscard]] std::size_t find(const ScanColumn& column) const;

    // All rows go to one filter, over these columns, and nowhere else: what is wanted for neither
    // the filter nor the watermark nor anything computed may wait for it.
    void let_wait_behind(const Expr& filter);
};

// Plans to decode no more than `wanted` and the watermark need: of a ROW only the fields that are
// read, unless all of it is.
[[nodiscard]] PlannedSource plan_source(const BoundTable& table,
                                        const std::vector<ScanColumn>& wanted,
                                        const TimeZonePtr& zone);

}  // namespace thalweg::plan
