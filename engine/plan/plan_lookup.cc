#include "engine/plan/plan_lookup.h"

#include "engine/plan/bind_table.h"
#include "engine/plan/connectors.h"
#include "engine/plan/plan_source.h"
#include "ops/row_ops.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

std::vector<std::string> names_of(const Rel& rel) {
    std::vector<std::string> names;
    for (const ColumnInfo& column : rel.columns)
        names.push_back(column.name);
    return names;
}

void read_scan(const Scan& scan, const TimeZonePtr& zone, PlannedLookup& planned) {
    PlannedSource source = plan_source(*scan.table, scan.outputs, zone);
    planned.lines = std::move(source.lines);
    planned.lines.front() = "lookup table " + scan.table->definition->name + " (" +
                            describe(source.stage.source) + ") of '" +
                            scan.table->definition->path() + "'";
    for (const ScanColumn& output : scan.outputs)
        planned.source.columns.push_back(source.stage.columns[source.find(output)]);
    planned.source.source = std::move(source.stage.source);
}

// The table below filters and projections; returns its name.
std::string read_table(const Rel& rel, const TimeZonePtr& zone, PlannedLookup& planned) {
    if (const auto* scan = std::get_if<Scan>(&rel.node)) {
        read_scan(*scan, zone, planned);
        return scan->table->definition->name;
    }
    if (const auto* filter = std::get_if<Filter>(&rel.node)) {
        std::string name = read_table(*filter->input, zone, planned);
        planned.source.ops.emplace_back(
            [condition = filter->condition] { return make_filter(condition); });
        planned.lines.push_back("    filter " +
                                to_string(*filter->condition, names_of(*filter->input)));
        return name;
    }
    const auto& project = std::get<Project>(rel.node);
    std::string name = read_table(*project.input, zone, planned);
    planned.source.ops.emplace_back(
        [expressions = project.expressions] { return make_project(expressions); });
    std::string text;
    for (const ExprPtr& expr : project.expressions)
        text += (text.empty() ? "" : ", ") + to_string(*expr, names_of(*project.input));
    planned.lines.push_back("    project " + text);
    return name;
}

// Which columns of the table are gathered, and the residual condition over them.
void plan_columns(const LookupJoin& node, LookupJoinSpec& join) {
    const std::size_t input_count = node.input->columns.size();
    const std::size_t table_count = node.table->columns.size();
    join.columns = node.shown;
    join.shown_count = node.shown.size();
    if (node.residual == nullptr) return;
    std::vector<bool> read(input_count + table_count, false);
    mark_columns(*node.residual, read);
    std::vector<ExprPtr> moved = identity(*node.input);
    for (std::size_t i = 0; i < table_count; ++i) {
        auto found = std::find(join.columns.begin(), join.columns.end(), i);
        if (found == join.columns.end() && read[input_count + i])
            found = join.columns.insert(found, i);
        const auto place = static_cast<std::size_t>(found - join.columns.begin());
        moved.push_back(make_column(input_count + place, node.table->columns[i].type));
    }
    join.residual = substitute(node.residual, moved);
}

std::string text_of(const LookupJoin& node,
                    const std::vector<std::string>& input_names,
                    const std::string& table) {
    std::vector<std::string> names = input_names;
    for (const ColumnInfo& column : node.table->columns) {
        const bool is_computed = column.name.find('(') != std::string::npos;
        names.push_back(is_computed ? column.name : table + "." + column.name);
    }
    std::string text = node.kind == JoinKind::kLeft ? "left lookup join " : "lookup join ";
    text += table;
    std::string keys;
    for (const JoinKey& key : node.keys) {
        keys += keys.empty() ? " on " : ", ";
        keys += names[key.left] + " = " + names[input_names.size() + key.right];
    }
    text += keys;
    if (node.residual != nullptr) text += " if " + to_string(*node.residual, names);
    return text;
}

}  // namespace

PlannedLookup plan_lookup(const LookupJoin& node,
                          const std::vector<std::string>& input_names,
                          const TimeZonePtr& zone,
                          const HashSeed& seed) {
    PlannedLookup planned;
    const std::string name = read_table(*node.table, zone, planned);
    planned.lines.push_back("    read whole before the first row; what changes later is not seen");
    planned.source.table.schema = schema_of(*node.table);
    planned.source.table.seed = seed;
    planned.join.kind = node.kind;
    planned.join.input = schema_of(*node.input);
    for (const JoinKey& key : node.keys) {
        planned.join.keys.push_back(key.left);
        planned.source.table.keys.push_back(key.right);
    }
    plan_columns(node, planned.join);
    planned.line = text_of(node, input_names, name);
    return planned;
}

}  // namespace thalweg::plan
