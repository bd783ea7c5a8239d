#include "engine/plan/bind_table.h"
#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/state_size.h"
#include "ingest/format.h"
#include "ops/latest_by_key.h"

#include <algorithm>
#include <utility>

// Tables whose rows come as changes and have a PRIMARY KEY: behind the scan stands the latest row
// of each key.

namespace thalweg::plan {

std::vector<std::size_t> change_keys(const Scan& scan) {
    const TableDefinition& table = *scan.table->definition;
    return has_row_kinds(table.format()) ? table.primary_key : std::vector<std::size_t>{};
}

PhysicalPlanner::Stream PhysicalPlanner::keep_latest(const Rel& rel,
                                                     const Scan& node,
                                                     Stream scan) {
    LatestByKeySpec spec;
    for (const std::size_t key : change_keys(node)) {
        const auto found = std::find(node.outputs.begin(), node.outputs.end(), ScanColumn{key, {}});
        ASSERT(found != node.outputs.end());
        spec.keys.push_back(static_cast<std::size_t>(found - node.outputs.begin()));
    }
    if (spec.keys.empty()) return scan;
    spec.schema = schema_of(rel);
    spec.seed = options_.seed;
    spec.ttl_ns = options_.state_ttl_ns;
    const std::string line = "latest row by " + join_names(spec.keys, names_of(rel));
    Stream output;
    output.stage = new_stage(Place::kShard, "latest " + node.table->definition->name);
    output.lineage = lineage_of({scan.lineage}, line);
    output.partition = spec.keys;
    exchange(scan, spec.schema, spec.keys, output.stage, 0);
    append_stateful(
        output.stage,
        [spec] { return make_latest_by_key(spec); },
        line,
        "latest " + output.lineage + " " + line + ttl_identity(spec.ttl_ns != 0),
        rel);
    notes_[output.stage].lines.push_back("    gives insertions, updates and deletions");
    notes_[output.stage].lines.push_back(
        "    state: the latest row of each key, until it is deleted, " +
        lifetime_text(spec.ttl_ns));
    return output;
}

}  // namespace thalweg::plan
