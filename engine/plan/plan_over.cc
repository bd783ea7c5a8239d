#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/rank_rules.h"
#include "engine/plan/state_size.h"
#include "ops/over_aggregate.h"

#include <utility>

// OVER: in the order of time, which gives each row once, or in any other, whose results change.

namespace thalweg::plan {

namespace {

// "over keys k, in the order of ts: SUM(v) OVER w": its state is known by it.
std::string line_of(const Rel& rel, const Over& node, const std::vector<std::string>& names) {
    std::string line = "over";
    if (!node.partition.empty()) line += " keys " + join_names(node.partition, names);
    if (!node.partition.empty() && !node.order.empty()) line += ",";
    if (!node.order.empty()) line += " in the order of " + order_text(node.order, names);
    std::vector<std::string> calls;
    for (std::size_t i = node.input->columns.size(); i < rel.columns.size(); ++i)
        calls.push_back(rel.columns[i].name);
    return line + ": " + join_texts(calls);
}

}  // namespace

PhysicalPlanner::Stream PhysicalPlanner::compile_over(const Rel& rel, const Over& node) {
    const Stream input = compile(node.input);
    OverSpec spec;
    spec.schema = schema_of(*node.input);
    spec.partition = node.partition;
    spec.order = node.order;
    spec.calls = node.calls;
    spec.seed = options_.seed;
    const bool has_time = is_by_time(node);
    if (has_time) {
        warn_without_ttl("OVER in the order of time");
    } else {
        spec.ttl_ns = options_.state_ttl_ns;
    }
    spec.is_by_arrival =
        has_time && node.input->columns[node.order[0].column].role == Role::kProctime;
    if (has_time && !spec.is_by_arrival) add_each_millisecond();
    const std::string line = line_of(rel, node, names_of(*node.input));
    Stream output = gather_partitions(input, spec.schema, node.partition, "over");
    spec.route = places_of(output.partition, node.partition);
    output.lineage = lineage_of({input.lineage}, line);
    OpFactory factory = [spec, has_time] {
        return has_time ? make_over_aggregate(spec) : make_over_changes(spec);
    };
    append_stateful(output.stage,
                    std::move(factory),
                    line,
                    "over " + output.lineage + line + ttl_identity(spec.ttl_ns != 0),
                    rel);
    notes_[output.stage].lines.push_back(has_time ? "    gives insertions"
                                                  : "    gives insertions and updates");
    notes_[output.stage].lines.push_back(
        has_time ? "    state: of each key its aggregates, unbounded, and the rows that frames hold"
                 : "    state: all rows and their results, " + lifetime_text(spec.ttl_ns));
    return output;
}

}  // namespace thalweg::plan
