#include "engine/plan/physical.h"

#include "engine/plan/bind_table.h"
#include "engine/plan/changelog.h"
#include "engine/plan/connectors.h"
#include "engine/plan/guarantees.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/plan_lookup.h"
#include "engine/plan/plan_source.h"
#include "engine/plan/state_size.h"
#include "ops/group_aggregate.h"
#include "ops/row_ops.h"
#include "ops/window_aggregate.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

bool is_identity(const Project& node) {
    if (node.expressions.size() != node.input->columns.size()) return false;
    for (std::size_t i = 0; i < node.expressions.size(); ++i) {
        const Expr& expr = *node.expressions[i];
        if (expr.kind != ExprKind::kColumn || expr.column != i) return false;
    }
    return true;
}

// Where the partition columns go through a projection; empty when one of them is lost.
std::vector<std::size_t> move_partition(const std::vector<std::size_t>& partition,
                                        const std::vector<ExprPtr>& expressions) {
    std::vector<std::size_t> moved;
    for (const std::size_t column : partition) {
        for (std::size_t i = 0; i < expressions.size(); ++i) {
            const Expr& expr = *expressions[i];
            if (expr.kind != ExprKind::kColumn || expr.column != column) continue;
            moved.push_back(i);
            break;
        }
    }
    return moved.size() == partition.size() ? moved : std::vector<std::size_t>{};
}

bool is_subset(const std::vector<std::size_t>& part, const std::vector<std::size_t>& whole) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [&](std::size_t column) {
        return std::find(whole.begin(), whole.end(), column) != whole.end();
    });
}

// The columns that an exchange can hash.
std::vector<std::size_t> hashable(const Rel& rel) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < rel.columns.size(); ++i) {
        const Physical physical = rel.columns[i].type.physical();
        if (physical != Physical::kList && physical != Physical::kRow) columns.push_back(i);
    }
    return columns;
}

StageId stage_id(std::size_t index) {
    return {static_cast<std::uint32_t>(index)};
}

}  // namespace

std::size_t PhysicalPlanner::new_stage(Place place, std::string name) {
    Stage stage;
    stage.name = std::move(name);
    stage.place = place;
    topology_.stages.push_back(std::move(stage));
    notes_.emplace_back();
    return topology_.stages.size() - 1;
}

void PhysicalPlanner::append(std::size_t stage, OpFactory op, std::string line, const Rel& rel) {
    topology_.stages[stage].ops.push_back(std::move(op));
    if (options_.shows_changes) line += ", changelogMode=" + changelog_mode(rel);
    notes_[stage].lines.push_back(std::move(line));
    notes_[stage].columns = names_of(rel);
}

void PhysicalPlanner::append_stateful(
    std::size_t stage, OpFactory op, std::string line, std::string identity, const Rel& rel) {
    op.set_identity(std::move(identity));
    append(stage, std::move(op), std::move(line), rel);
}

void PhysicalPlanner::warn_without_ttl(const std::string& what) {
    if (options_.state_ttl_ns == 0) return;
    warnings_.push_back("'table.exec.state.ttl' has no effect on the state of " + what +
                        ": it is kept for as long as EXPLAIN says");
}

void PhysicalPlanner::connect(std::size_t from, SchemaPtr schema, Output output) {
    Stage& stage = topology_.stages[from];
    ASSERT(stage.output_schema == nullptr || *stage.output_schema == *schema);
    if (stage.output_schema == nullptr) stage.output_schema = std::move(schema);
    stage.outputs.push_back(std::move(output));
}

// Whether all rows that are equal in `keys` are on one shard already.
bool PhysicalPlanner::is_local(const Stream& stream, const std::vector<std::size_t>& keys) const {
    return topology_.stages[stream.stage].place == Place::kShard &&
           is_subset(stream.partition, keys);
}

void PhysicalPlanner::add_window(const WindowSpec& spec) {
    if (spec.is_event_time) windows_.push_back(spec);
}

void PhysicalPlanner::add_each_millisecond() {
    WindowSpec window;
    window.size_ns = window.slide_ns = kNanosPerMilli;
    add_window(window);
}

PhysicalPlanner::Stream PhysicalPlanner::compile(const RelPtr& rel) {
    if (const auto* node = std::get_if<Scan>(&rel->node))
        return keep_latest(*rel, *node, compile_scan(*rel, *node));
    if (const auto* node = std::get_if<Aggregate>(&rel->node)) {
        return node->window == nullptr ? compile_group_aggregate(*rel, *node)
                                       : compile_aggregate(*rel, *node);
    }
    if (const auto* node = std::get_if<WindowJoin>(&rel->node)) return compile_join(*rel, *node);
    if (const auto* node = std::get_if<StreamJoin>(&rel->node))
        return compile_stream_join(*rel, *node);
    if (const auto* node = std::get_if<LookupJoin>(&rel->node)) return compile_lookup(*rel, *node);
    if (const auto* node = std::get_if<UnionAll>(&rel->node)) return compile_union(*rel, *node);
    if (const auto* node = std::get_if<Rank>(&rel->node)) return compile_rank(*rel, *node);
    if (const auto* node = std::get_if<Sort>(&rel->node)) return compile_sort(*rel, *node);
    if (const auto* node = std::get_if<Over>(&rel->node)) return compile_over(*rel, *node);
    if (const auto* node = std::get_if<Match>(&rel->node)) return compile_match(*rel, *node);
    if (const auto* node = std::get_if<Filter>(&rel->node)) {
        Stream stream = compile(node->input);
        const auto* scan = std::get_if<Scan>(&node->input->node);
        if (scan != nullptr && change_keys(*scan).empty()) scans_.back().filter = node->condition;
        std::string line = "filter " + to_string(*node->condition, names_of(*node->input));
        stream.lineage = lineage_of({stream.lineage}, line);
        append(
            stream.stage,
            [condition = node->condition] { return make_filter(condition); },
            std::move(line),
            *rel);
        return stream;
    }
    if (const auto* node = std::get_if<Project>(&rel->node)) {
        Stream stream = compile(node->input);
        if (is_identity(*node)) return stream;
        std::vector<std::string> parts;
        const std::vector<std::string> names = names_of(*node->input);
        for (const ExprPtr& expr : node->expressions)
            parts.push_back(to_string(*expr, names));
        stream.lineage = lineage_of({stream.lineage}, "project " + join_texts(parts));
        append(
            stream.stage,
            [expressions = node->expressions] { return make_project(expressions); },
            "project " + join_texts(parts),
            *rel);
        stream.partition = move_partition(stream.partition, node->expressions);
        return stream;
    }
    if (const auto* node = std::get_if<AssignWindow>(&rel->node)) {
        if (is_session(*node)) return compile_session(*rel, *node);
        Stream stream = compile(node->input);
        WindowSpec spec = node->window->spec;
        spec.start_column = node->time_column;
        stream.lineage = lineage_of({stream.lineage}, "assign " + node->window->text);
        append(
            stream.stage,
            [spec, schema = schema_of(*node->input)] { return make_assign_windows(spec, schema); },
            "assign " + node->window->text,
            *rel);
        return stream;
    }
    if (const auto* node = std::get_if<Expand>(&rel->node)) return compile_expand(*rel, *node);
    const auto& node = std::get<Unnest>(rel->node);
    Stream stream = compile(node.input);
    stream.lineage =
        lineage_of({stream.lineage}, "unnest " + to_string(*node.list, names_of(*node.input)));
    append(
        stream.stage,
        [spec =
             UnnestSpec{node.list, schema_of(*node.input), node.keep_empty, node.has_ordinality}] {
            return make_unnest(spec);
        },
        "unnest " + to_string(*node.list, names_of(*node.input)),
        *rel);
    return stream;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_expand(const Rel& rel, const Expand& node) {
    Stream stream = compile(node.input);
    const std::vector<std::string> names = names_of(*node.input);
    std::vector<std::string> sets;
    for (const std::vector<bool>& has : node.spec.has) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < has.size(); ++i) {
            if (has[i]) keys.push_back(names[node.spec.keys[i]]);
        }
        sets.push_back("(" + join_texts(keys) + ")");
    }
    const std::string line = "expand to sets " + join_texts(sets);
    stream.lineage = lineage_of({stream.lineage}, line);
    append(
        stream.stage,
        [spec = node.spec, schema = schema_of(*node.input)] { return make_expand(spec, schema); },
        line,
        rel);
    return stream;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_scan(const Rel& rel, const Scan& node) {
    const std::size_t stage = new_stage(Place::kIngest, "scan " + node.table->definition->name);
    notes_[stage].columns = names_of(rel);
    scans_.push_back({node.table, node.outputs, stage, nullptr});
    std::vector<std::string> columns;
    for (const ColumnInfo& column : node.table->columns)
        columns.push_back(column.name);
    std::string what = "scan " + node.table->definition->name;
    for (const ScanColumn& output : node.outputs) {
        const Expr& value = *node.table->values[output.column];
        what += "\n" + to_string(value, columns) + " " + value.type.to_string();
        for (const std::string& field : output.path)
            what += "." + field;
    }
    return {stage, {}, false, lineage_of({}, what)};
}

void PhysicalPlanner::exchange(const Stream& stream,
                               SchemaPtr schema,
                               std::vector<std::size_t> keys,
                               std::size_t target,
                               std::size_t port) {
    Output output;
    output.target = stage_id(target);
    output.port = port;
    output.exchange = keys.empty() ? Exchange::kSingleton : Exchange::kHash;
    output.keys = std::move(keys);
    connect(stream.stage, std::move(schema), std::move(output));
}

// By the clock a session is over when its rows come: where they come in pieces, over an exchange,
// so would the groups made of them.
void PhysicalPlanner::check_session_is_whole(const Stream& input, const Aggregate& node) const {
    const WindowSpec& window = node.window->spec;
    if (!node.is_attached || window.kind != WindowKind::kSession || window.is_event_time) return;
    if (is_local(input, node.keys)) return;
    throw sql::not_supported(at_,
                             "a GROUP BY over SESSION of processing time with other keys than "
                             "those of the sessions, or with DISTINCT and no keys,");
}

PhysicalPlanner::Stream PhysicalPlanner::compile_aggregate(const Rel& rel, const Aggregate& node) {
    if (!node.is_attached && node.window->spec.kind == WindowKind::kSession)
        return compile_session_aggregate(rel, node);
    Stream input = compile(node.input);
    if (!changing_operator(*node.input).empty()) input = settle_windows(input, node);
    check_session_is_whole(input, node);
    WindowAggregateSpec spec;
    spec.window = node.window->spec;
    add_window(spec.window);
    if (node.is_attached) {
        spec.window.kind = WindowKind::kAttached;
        spec.window.start_column = node.start_column;
        spec.window.end_column = node.end_column;
    } else {
        spec.window.start_column = node.time_column;
    }
    spec.keys = node.keys;
    for (const std::size_t key : node.keys)
        spec.key_types.push_back(node.input->columns[key].type);
    spec.calls = node.calls;
    spec.seed = options_.seed;

    const std::vector<std::string> names = names_of(*node.input);
    const std::string what = node.window->text + (node.is_attached ? " attached" : "") +
                             aggregate_text(node, ", ", names);
    const std::string state =
        "state: " + state_size_text(spec.key_types, spec.calls, "key and slice");
    const std::string lineage = lineage_of({input.lineage}, "aggregate " + what);
    const std::string identity = "aggregate " + lineage + " " + what;

    Stream output;
    output.is_windowed = true;
    output.lineage = lineage;
    if (is_local(input, node.keys)) {
        spec.partition = places_of(input.partition, node.keys);
        output.stage = input.stage;
        output.partition = spec.partition;
        append_stateful(
            output.stage,
            [spec] { return make_window_aggregate(spec); },
            "aggregate " + what,
            identity,
            rel);
        notes_[output.stage].lines.push_back("    " + state);
        return output;
    }
    for (std::size_t i = 0; i < node.keys.size(); ++i)
        output.partition.push_back(i);
    const bool two_phases = !options_.is_fused && options_.phases != AggregatePhases::kOne &&
                            spec.window.is_event_time && can_split(spec.calls);
    output.stage = new_stage(Place::kShard, "aggregate " + rel.columns.front().name);
    if (!two_phases) {
        exchange(input, schema_of(*node.input), node.keys, output.stage, 0);
        append_stateful(
            output.stage,
            [spec] { return make_window_aggregate(spec); },
            "aggregate " + what,
            identity,
            rel);
    } else {
        const SchemaPtr between = partial_schema(spec);
        WindowAggregateSpec partial = spec;
        partial.phase = AggregatePhase::kPartial;
        partial.passes_rows = !node.keys.empty();
        append(
            input.stage,
            [partial] { return make_window_aggregate(partial); },
            "aggregate locally " + what,
            rel);
        std::vector<std::size_t> keys;
        notes_[input.stage].columns_aside = names;
        notes_[input.stage].columns.clear();
        for (std::size_t i = 0; i < node.keys.size(); ++i) {
            keys.push_back(i);
            notes_[input.stage].columns.push_back(names[node.keys[i]]);
        }
        exchange(input, between, keys, output.stage, 0);
        if (partial.passes_rows) {
            exchange(input, between, node.keys, output.stage, 1);
            Output& aside = topology_.stages[input.stage].outputs.back();
            aside.is_aside = true;
            aside.schema = schema_of(*node.input);
            topology_.stages[output.stage].port_count = 2;
        }
        WindowAggregateSpec final_spec = spec;
        final_spec.phase = AggregatePhase::kFinal;
        append_stateful(
            output.stage,
            [final_spec] { return make_window_aggregate(final_spec); },
            "merge aggregates " + what,
            identity,
            rel);
    }
    notes_[output.stage].lines.push_back("    " + state);
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_group_aggregate(const Rel& rel,
                                                                 const Aggregate& node) {
    const Stream input = compile(node.input);
    GroupAggregateSpec spec;
    spec.keys = node.keys;
    for (const std::size_t key : node.keys)
        spec.key_types.push_back(node.input->columns[key].type);
    spec.calls = node.calls;
    spec.seed = options_.seed;
    spec.takes_changes = !changing_operator(*node.input).empty();
    spec.ttl_ns = node.ttl_ns.value_or(options_.state_ttl_ns);
    const std::string what = std::string("aggregate for all time") +
                             (spec.takes_changes ? " over changes" : "") +
                             aggregate_text(node, ", ", names_of(*node.input));
    Stream output;
    output.lineage = lineage_of({input.lineage}, what);
    if (is_local(input, node.keys)) {
        spec.partition = places_of(input.partition, node.keys);
        output.stage = input.stage;
        output.partition = spec.partition;
    } else {
        output.stage = new_stage(
            Place::kShard, "aggregate " + (rel.columns.empty() ? "" : rel.columns.front().name));
        exchange(input, schema_of(*node.input), node.keys, output.stage, 0);
        for (std::size_t i = 0; i < node.keys.size(); ++i)
            output.partition.push_back(i);
    }
    append_stateful(
        output.stage,
        [spec] { return make_group_aggregate(spec); },
        what,
        "aggregate " + output.lineage + " " + what + ttl_identity(spec.ttl_ns != 0),
        rel);
    notes_[output.stage].lines.push_back(std::string("    gives ") +
                                         (spec.takes_changes   ? "insertions, updates and deletions"
                                          : node.calls.empty() ? "insertions"
                                                               : "insertions and updates"));
    notes_[output.stage].lines.push_back(
        "    state: " +
        (is_retracting(spec) ? retraction_size_text(spec.key_types, spec.calls)
                             : state_size_text(spec.key_types, spec.calls, "key")) +
        (spec.takes_changes ? ", while it has rows, " : ", ") + lifetime_text(spec.ttl_ns));
    return output;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_join(const Rel& rel, const WindowJoin& node) {
    const Stream left = compile(node.left);
    const Stream right = compile(node.right);
    add_window(node.window->spec);
    WindowJoinSpec spec;
    spec.kind = node.kind;
    spec.left = schema_of(*node.left);
    spec.right = schema_of(*node.right);
    spec.left_start = node.left_start;
    spec.left_end = node.left_end;
    spec.right_start = node.right_start;
    spec.right_end = node.right_end;
    spec.keys = node.keys;
    spec.residual = node.residual;
    spec.zone = node.window->spec.zone;
    spec.seed = options_.seed;
    const std::size_t stage = new_stage(Place::kShard, "window join");
    topology_.stages[stage].port_count = 2;
    std::vector<std::size_t> left_keys;
    std::vector<std::size_t> right_keys;
    std::vector<std::string> equalities;
    const std::vector<std::string> names = names_of_sides(*node.left, *node.right);
    for (const JoinKey& key : node.keys) {
        left_keys.push_back(key.left);
        right_keys.push_back(key.right);
        equalities.push_back(names[key.left] +
                             (key.null_is_equal ? " IS NOT DISTINCT FROM " : " = ") +
                             names[node.left->columns.size() + key.right]);
    }
    exchange(left, spec.left, left_keys, stage, 0);
    exchange(right, spec.right, right_keys, stage, 1);
    const std::string_view before = node.kind == JoinKind::kSemi   ? "semi "
                                    : node.kind == JoinKind::kAnti ? "anti "
                                                                   : "";
    std::string line = std::string(before) + "window join " + node.window->text;
    if (!equalities.empty()) line += " on " + join_texts(equalities);
    if (node.residual != nullptr) line += " if " + to_string(*node.residual, names);
    Stream output;
    output.lineage = lineage_of({left.lineage, right.lineage}, line);
    append_stateful(
        stage,
        [spec] { return make_window_join(spec); },
        line,
        "window join " + output.lineage + " " + line,
        rel);
    notes_[stage].lines.push_back("    state: the rows of both sides until their window fires");
    output.stage = stage;
    output.is_windowed = true;
    // Only where every row has its left key is the output partitioned by it.
    const bool has_left = node.kind != JoinKind::kRight && node.kind != JoinKind::kFull;
    if (has_left) output.partition = left_keys;
    return output;
}

// Each row by itself, so it stays where it is.
PhysicalPlanner::Stream PhysicalPlanner::compile_lookup(const Rel& rel, const LookupJoin& node) {
    Stream stream = compile(node.input);
    PlannedLookup planned = plan_lookup(node, names_of(*node.input), options_.zone, options_.seed);
    stream.lineage = lineage_of({stream.lineage}, planned.line);
    append(
        stream.stage,
        [spec = std::move(planned.join), table = topology_.lookups.size()](
            const LookupTables& tables) { return make_lookup_join(spec, tables[table]); },
        std::move(planned.line),
        rel);
    topology_.lookups.push_back(std::move(planned.source));
    lookup_lines_.push_back(std::move(planned.lines));
    return stream;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_union(const Rel& rel, const UnionAll& node) {
    std::vector<Stream> inputs;
    for (const RelPtr& input : node.inputs)
        inputs.push_back(compile(input));
    const std::size_t stage = new_stage(Place::kShard, "union");
    notes_[stage].lines.push_back("union all");
    notes_[stage].columns = names_of(rel);
    std::vector<std::string> lineages;
    for (const Stream& input : inputs)
        lineages.push_back(input.lineage);
    Stream output{stage, {}, true, lineage_of(lineages, "union all")};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        output.is_windowed = output.is_windowed && inputs[i].is_windowed;
        const bool at_shard = topology_.stages[inputs[i].stage].place == Place::kShard;
        if (!at_shard && !changing_operator(*node.inputs[i]).empty()) {
            // A row and what takes it back go the same way, so that they do not change places.
            exchange(inputs[i], schema_of(*node.inputs[i]), hashable(*node.inputs[i]), stage, 0);
            continue;
        }
        Output edge;
        edge.exchange = at_shard ? Exchange::kForward : Exchange::kSpread;
        edge.target = stage_id(stage);
        connect(inputs[i].stage, schema_of(*node.inputs[i]), std::move(edge));
    }
    return output;
}

void PhysicalPlanner::add(const RelPtr& rel,
                          SinkSpec sink,
                          const TableDefinition* target,
                          sql::Location at) {
    at_ = at;
    const Stream stream = compile(rel);
    auto found = sink_stages_.find(target);
    if (target == nullptr || found == sink_stages_.end()) {
        const std::string& name = sink.name;
        const std::size_t stage = new_stage(Place::kMerge, "sink " + name);
        notes_[stage].lines.push_back("write " + name + " (" + describe(sink) + ")");
        notes_[stage].columns = names_of(*rel);
        Output output;
        output.exchange = Exchange::kSink;
        output.sink = topology_.sinks.size();
        connect(stage, schema_of(*rel), std::move(output));
        topology_.sinks.push_back(std::move(sink));
        found = sink_stages_.insert_or_assign(target, stage).first;
    }
    Output output;
    output.exchange = Exchange::kGather;
    output.target = stage_id(found->second);
    output.is_ordered = stream.is_windowed;
    connect(stream.stage, schema_of(*rel), std::move(output));
}

void PhysicalPlanner::finish_source(const std::shared_ptr<const BoundTable>& table,
                                    const std::vector<const ScanUse*>& uses) {
    std::vector<ScanColumn> wanted;
    for (const ScanUse* use : uses)
        wanted.insert(wanted.end(), use->outputs.begin(), use->outputs.end());
    PlannedSource planned = plan_source(*table, wanted, options_.zone);
    if (planned.stage.event_time) planned.stage.windows = windows_;
    // One stage in front of all readers; each selects its columns.
    const std::size_t head = new_stage(Place::kIngest, "source " + table->definition->name);
    planned.stage.stage = stage_id(head);
    topology_.stages[head].output_schema = planned.schema;
    for (const ScanUse* use : uses) {
        std::vector<ExprPtr> select;
        bool is_prefix = true;
        for (const ScanColumn& output : use->outputs) {
            const std::size_t column = planned.find(output);
            is_prefix = is_prefix && column == select.size();
            select.push_back(make_column(column, (*planned.schema)[column].type));
        }
        // A filter that is the only reader goes first, so that columns may wait for it.
        const bool is_first = uses.size() == 1 && is_prefix && use->filter != nullptr;
        if (is_first) planned.let_wait_behind(*use->filter);
        std::vector<OpFactory>& ops = topology_.stages[use->stage].ops;
        if (!is_prefix || select.size() != planned.schema->size())
            ops.insert(ops.begin() + (is_first ? 1 : 0), [select] { return make_project(select); });
        Output output;
        output.target = stage_id(use->stage);
        topology_.stages[head].outputs.push_back(std::move(output));
    }
    source_lines_.push_back(std::move(planned.lines));
    topology_.sources.push_back(std::move(planned.stage));
}

Topology PhysicalPlanner::finish() {
    std::vector<std::shared_ptr<const BoundTable>> tables;
    for (const ScanUse& use : scans_) {
        if (std::find(tables.begin(), tables.end(), use.table) == tables.end())
            tables.push_back(use.table);
    }
    for (const auto& table : tables) {
        std::vector<const ScanUse*> uses;
        for (const ScanUse& use : scans_) {
            if (use.table == table) uses.push_back(&use);
        }
        finish_source(table, uses);
    }
    // A filter that stands at once behind a scan has been pushed into it: say so.
    for (const ScanUse& use : scans_) {
        for (std::string& line : notes_[use.stage].lines) {
            if (!line.starts_with("filter ")) break;
            line = "pushed into the source: " + line;
        }
    }
    topology_.seed = options_.seed;
    topology_.explain = explain();
    return std::move(topology_);
}

std::string PhysicalPlanner::explain() const {
    std::string text;
    const auto add_line = [&](const std::string& line) { text += line + "\n"; };
    for (std::size_t i = 0; i < topology_.sources.size(); ++i) {
        for (const std::string& line : source_lines_[i])
            add_line(line);
        const Stage& head = topology_.stages[topology_.sources[i].stage.value];
        for (const Output& output : head.outputs)
            add_line("    -> stage " + std::to_string(output.target.value));
    }
    for (const std::vector<std::string>& lines : lookup_lines_)
        std::for_each(lines.begin(), lines.end(), add_line);
    constexpr std::string_view kPlaces[] = {"on every ingest agent", "on every shard", "merge"};
    for (std::size_t i = 0; i < topology_.stages.size(); ++i) {
        const Stage& stage = topology_.stages[i];
        const bool is_head = std::any_of(topology_.sources.begin(),
                                         topology_.sources.end(),
                                         [&](const SourceStage& s) { return s.stage.value == i; });
        if (is_head) continue;
        add_line("stage " + std::to_string(i) + ", " +
                 std::string(kPlaces[static_cast<std::size_t>(stage.place)]));
        for (const std::string& line : notes_[i].lines)
            add_line("    " + line);
        for (const Output& output : stage.outputs) {
            const std::string target =
                "stage " + std::to_string(output.target.value) +
                (output.port == 0 ? "" : " port " + std::to_string(output.port));
            switch (output.exchange) {
                case Exchange::kForward: add_line("    -> " + target); break;
                case Exchange::kHash: {
                    const StageNotes& notes = notes_[i];
                    const bool is_aside = output.is_aside;
                    std::string line =
                        is_aside ? "    -> rows that hardly share keys, " : "    -> ";
                    line += "by hash of ";
                    line += join_names(output.keys, is_aside ? notes.columns_aside : notes.columns);
                    add_line(line + " to " + target);
                    break;
                }
                case Exchange::kSingleton: add_line("    -> to one shard, " + target); break;
                case Exchange::kSpread: add_line("    -> in turn to " + target); break;
                case Exchange::kGather:
                    add_line("    -> gathered" +
                             std::string(output.is_ordered ? " in order of windows" : "") + " by " +
                             target);
                    break;
                case Exchange::kSink: break;
            }
        }
    }
    for (const std::string& line : guarantee_lines(topology_))
        add_line(line);
    return text;
}

}  // namespace thalweg::plan
