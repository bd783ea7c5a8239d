#include "engine/plan/changelog.h"
#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/state_size.h"
#include "ops/sort.h"
#include "ops/top_n.h"
#include "ops/window_top_n.h"

#include <algorithm>
#include <utility>

// Rows in an order: Top-N, deduplication, LIMIT, ORDER BY.

namespace thalweg::plan {

namespace {

std::string text_of(const Rank& node) {
    if (node.last == RankSpec::kNoLimit) return "rows from " + std::to_string(node.first) + " on";
    if (node.first >= node.last) return "row " + std::to_string(node.last);
    return "rows " + std::to_string(node.first) + " to " + std::to_string(node.last);
}

// "top 1 by dateTime DESC, keys bidder": what a Rank does, and what its state is known by.
std::string line_of(const Rank& node, const std::vector<std::string>& names) {
    constexpr std::string_view kKinds[] = {"", " by RANK", " by DENSE_RANK"};
    std::string line = node.window == nullptr ? "top " : "top of " + node.window->text + " ";
    line += text_of(node);
    line += kKinds[static_cast<std::size_t>(node.kind)];
    if (!node.partition.empty()) line += ", keys " + join_names(node.partition, names);
    if (!node.order.empty()) line += ", in the order of " + order_text(node.order, names);
    if (node.newest_first) line += ", newest first";
    if (node.has_number) line += ", numbered";
    return line;
}

RankSpec spec_of(const Rank& node, const HashSeed& seed) {
    RankSpec spec;
    spec.schema = schema_of(*node.input);
    spec.partition = node.partition;
    spec.order = node.order;
    spec.kind = node.kind;
    spec.first = node.first;
    spec.last = node.last;
    spec.has_number = node.has_number;
    spec.newest_first = node.newest_first;
    spec.is_changing = !changing_operator(*node.input).empty();
    spec.seed = seed;
    return spec;
}

}  // namespace

PhysicalPlanner::Stream PhysicalPlanner::gather_partitions(
    const Stream& input,
    SchemaPtr schema,
    const std::vector<std::size_t>& partition,
    const std::string& name) {
    Stream output;
    if (is_local(input, partition)) {
        output.stage = input.stage;
        output.partition = input.partition;
        return output;
    }
    output.stage = new_stage(Place::kShard, name);
    exchange(input, std::move(schema), partition, output.stage, 0);
    output.partition = partition;
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_rank(const Rel& rel, const Rank& node) {
    if (node.window != nullptr) return compile_window_rank(rel, node);
    const Stream input = compile(node.input);
    RankSpec spec = spec_of(node, options_.seed);
    spec.ttl_ns = options_.state_ttl_ns;
    const std::string line = line_of(node, names_of(*node.input));
    Stream output = gather_partitions(input, spec.schema, node.partition, "top");
    spec.route = places_of(output.partition, node.partition);
    output.lineage = lineage_of({input.lineage}, line);
    append_stateful(
        output.stage,
        [spec] { return make_top_n(spec); },
        line,
        "top " + output.lineage + " " + line + ttl_identity(spec.ttl_ns != 0),
        rel);
    const bool is_bounded = !spec.is_changing && spec.last != RankSpec::kNoLimit;
    notes_[output.stage].lines.push_back(std::string("    gives ") +
                                         (changing_operator(rel).empty() ? "insertions"
                                          : has_updates(spec)            ? "insertions and updates"
                                                              : "insertions and deletions"));
    notes_[output.stage].lines.push_back(
        (is_bounded ? "    state: of each key the rows that may be asked for, "
                    : "    state: all rows, ") +
        lifetime_text(spec.ttl_ns));
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_window_rank(const Rel& rel, const Rank& node) {
    const Stream input = compile(node.input);
    add_window(node.window->spec);
    WindowTopNSpec spec;
    spec.rank = spec_of(node, options_.seed);
    spec.start_column = node.start_column;
    spec.end_column = node.end_column;
    spec.zone = node.window->spec.zone;
    const std::string line = line_of(node, names_of(*node.input));
    Stream output = gather_partitions(input, spec.rank.schema, node.partition, "window top");
    spec.rank.route = places_of(output.partition, node.partition);
    output.lineage = lineage_of({input.lineage}, line);
    output.is_windowed = true;
    append_stateful(
        output.stage,
        [spec] { return make_window_top_n(spec); },
        line,
        "window top " + output.lineage + " " + line,
        rel);
    notes_[output.stage].lines.push_back(
        "    state: of each key the rows that may be asked for, until their window fires");
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_sort(const Rel& rel, const Sort& node) {
    const Stream input = compile(node.input);
    SortSpec spec;
    spec.schema = schema_of(*node.input);
    spec.order = node.order;
    spec.is_temporal = node.is_temporal;
    if (node.is_temporal) add_each_millisecond();
    const std::string line = std::string(node.is_temporal ? "sort with the watermark" : "sort") +
                             " by " + order_text(node.order, names_of(*node.input));
    Stream output;
    output.stage = new_stage(Place::kShard, "sort");
    exchange(input, spec.schema, {}, output.stage, 0);
    output.lineage = lineage_of({input.lineage}, line);
    append_stateful(
        output.stage,
        [spec] { return make_sort(spec); },
        line,
        "sort " + output.lineage + " " + line,
        rel);
    notes_[output.stage].lines.push_back(
        node.is_temporal ? "    state: the rows that the watermark has not passed"
                         : "    state: all rows, until the input ends");
    return output;
}

}  // namespace thalweg::plan
