#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/state_size.h"
#include "ops/session_aggregate.h"
#include "ops/session_window.h"
#include "ops/window_settle.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

// Sessions, and windows of rows that change.

namespace thalweg::plan {

namespace {

// Whether it matters in which order rows came.
bool has_order(const Aggregate& node) {
    return std::any_of(node.calls.begin(), node.calls.end(), [](const AggregateCall& call) {
        return call.kind == AggregateKind::kFirstValue || call.kind == AggregateKind::kLastValue ||
               call.kind == AggregateKind::kListAgg;
    });
}

}  // namespace

PhysicalPlanner::Stream PhysicalPlanner::compile_session(const Rel& rel, const AssignWindow& node) {
    const Stream input = compile(node.input);
    SessionWindowSpec spec;
    spec.schema = schema_of(*node.input);
    spec.window = node.window->spec;
    spec.window.start_column = node.time_column;
    spec.keys = node.partition;
    spec.seed = options_.seed;
    add_window(spec.window);
    std::string line = "assign " + node.window->text;
    if (!spec.keys.empty()) line += ", keys " + join_names(spec.keys, names_of(*node.input));
    Stream output = gather_partitions(input, spec.schema, spec.keys, "session");
    spec.partition = output.partition;
    output.lineage = lineage_of({input.lineage}, line);
    output.is_windowed = true;
    append_stateful(
        output.stage,
        [spec] { return make_session_window(spec); },
        line,
        "session " + output.lineage + " " + line,
        rel);
    notes_[output.stage].lines.emplace_back("    state: the rows of open sessions");
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::settle_windows(const Stream& input,
                                                        const Aggregate& node) {
    ASSERT(node.is_attached && node.window->spec.is_event_time);
    const Rel& rel = *node.input;
    WindowSettleSpec spec;
    spec.schema = schema_of(rel);
    spec.start_column = node.start_column;
    spec.end_column = node.end_column;
    spec.keeps_order = has_order(node);
    spec.zone = node.window->spec.zone;
    spec.seed = options_.seed;
    std::string line = "settle " + node.window->text;
    if (!node.keys.empty()) line += ", keys " + join_names(node.keys, names_of(rel));
    Stream output = gather_partitions(input, spec.schema, node.keys, "settle");
    spec.partition = output.partition;
    output.lineage = lineage_of({input.lineage}, line);
    output.is_windowed = true;
    append_stateful(
        output.stage,
        [spec] { return make_window_settle(spec); },
        line,
        "settle " + output.lineage + " " + line + (spec.keeps_order ? ", in order" : ""),
        rel);
    notes_[output.stage].lines.emplace_back("    gives insertions, when a window fires");
    notes_[output.stage].lines.emplace_back(spec.keeps_order
                                                ? "    state: the rows of open windows, in order"
                                                : "    state: the rows of open windows");
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_session_aggregate(const Rel& rel,
                                                                   const Aggregate& node) {
    const Stream input = compile(node.input);
    SessionAggregateSpec spec;
    spec.window = node.window->spec;
    spec.window.start_column = node.time_column;
    spec.keys = node.keys;
    for (const std::size_t key : node.keys)
        spec.key_types.push_back(node.input->columns[key].type);
    spec.calls = node.calls;
    spec.seed = options_.seed;
    add_window(spec.window);
    const std::string line =
        "aggregate " + node.window->text + aggregate_text(node, ", ", names_of(*node.input));
    Stream output = gather_partitions(input, schema_of(*node.input), node.keys, "session");
    spec.partition = places_of(output.partition, node.keys);
    output.partition = spec.partition;
    output.lineage = lineage_of({input.lineage}, line);
    output.is_windowed = true;
    append_stateful(
        output.stage,
        [spec] { return make_session_aggregate(spec); },
        line,
        "session " + output.lineage + " " + line,
        rel);
    notes_[output.stage].lines.push_back(
        "    state: " + state_size_text(spec.key_types, spec.calls, "open session"));
    return output;
}

}  // namespace thalweg::plan
