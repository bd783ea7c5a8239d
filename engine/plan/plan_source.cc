#include "engine/plan/plan_source.h"

#include "engine/plan/connectors.h"
#include "engine/plan/row_fields.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

std::string dotted(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& part : path) {
        if (!text.empty()) text += ".";
        text += part;
    }
    return text;
}

// Collects what a decoder shall yield, and rewrites expressions over a table's raw columns to read
// it.
class Decoded {
  public:
    explicit Decoded(const TableDefinition& definition) : definition_(definition) {}

    // First of all expressions: whole columns are wanted where no field path is taken.
    void note_whole(const Expr& expr) {
        whole_.resize(definition_.columns.size(), false);
        mark_whole(expr);
    }

    ExprPtr rewrite(const ExprPtr& expr) {
        // A field of a column that is decoded whole anyway is taken from it.
        const ExprPtr fields = replace_paths(expr, [&](const FieldPath& path) -> ExprPtr {
            if (whole_[path.column]) return nullptr;
            std::vector<std::string> full = {definition_.columns[path.column].name};
            full.insert(full.end(), path.path.begin(), path.path.end());
            return marked(add({std::move(full), path.type, Metadata::kNone}), path.type);
        });
        std::vector<ExprPtr> columns(definition_.columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!whole_[i]) continue;
            const TableColumn& column = definition_.columns[i];
            const std::size_t index = add({{column.name}, column.type, column.metadata});
            columns[i] = make_column(index, column.type);
        }
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            columns.push_back(make_column(i, wanted_[i].type));
        return substitute(fields, columns);
    }

    [[nodiscard]] std::vector<WantedColumn> take() { return std::move(wanted_); }

  private:
    // A decoded column beside raw ones, while an expression is rewritten: behind all of them.
    [[nodiscard]] ExprPtr marked(std::size_t index, const Type& type) const {
        return make_column(definition_.columns.size() + index, type);
    }

    void mark_whole(const Expr& expr) {
        if (field_path(expr)) return;
        if (expr.kind == ExprKind::kColumn) whole_[expr.column] = true;
        for (const ExprPtr& argument : expr.arguments)
            mark_whole(*argument);
    }

    std::size_t add(WantedColumn column) {
        const auto found =
            std::find_if(wanted_.begin(), wanted_.end(), [&](const WantedColumn& other) {
                return other.path == column.path && other.metadata == column.metadata;
            });
        if (found != wanted_.end()) return static_cast<std::size_t>(found - wanted_.begin());
        wanted_.push_back(std::move(column));
        return wanted_.size() - 1;
    }

    const TableDefinition& definition_;
    std::vector<bool> whole_;
    std::vector<WantedColumn> wanted_;
};

// Every column once: those wanted, the row time, and what the watermark reads.
std::vector<ScanColumn> all_columns(const BoundTable& table,
                                    const std::vector<ScanColumn>& wanted) {
    std::vector<ScanColumn> columns;
    const auto add = [&](const ScanColumn& column) {
        if (std::find(columns.begin(), columns.end(), column) == columns.end())
            columns.push_back(column);
    };
    for (const ScanColumn& column : wanted)
        add(column);
    if (table.watermark == nullptr) return columns;
    add({table.rowtime, {}});
    std::vector<bool> read(table.columns.size(), false);
    mark_columns(*table.watermark, read);
    for (std::size_t i = 0; i < read.size(); ++i) {
        if (read[i]) add({i, {}});
    }
    return columns;
}

// A row of no columns could not be counted: a table that only computes decodes its first column.
void decode_something(const TableDefinition& definition, std::vector<WantedColumn>& wanted) {
    if (!wanted.empty()) return;
    for (const TableColumn& column : definition.columns) {
        if (column.source != ColumnSource::kPhysical) continue;
        wanted.push_back({{column.name}, column.type, Metadata::kNone});
        return;
    }
}

}  // namespace

std::size_t PlannedSource::find(const ScanColumn& column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    ASSERT(found != columns.end());
    return static_cast<std::size_t>(found - columns.begin());
}

void PlannedSource::let_wait_behind(const Expr& filter) {
    std::vector<bool> is_read(columns.size(), false);
    mark_columns(filter, is_read);
    if (stage.event_time) {
        is_read[stage.event_time->column] = true;
        mark_columns(*stage.event_time->watermark, is_read);
    }
    std::vector<WantedColumn>& wanted = stage.source.format.wanted;
    std::vector<bool> is_urgent(wanted.size(), false);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Expr& value = *stage.columns[i];
        if (is_read[i] || value.kind != ExprKind::kColumn) mark_columns(value, is_urgent);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i].may_wait = !is_urgent[i] && wanted[i].metadata != Metadata::kRowKind;
}

PlannedSource plan_source(const BoundTable& table,
                          const std::vector<ScanColumn>& wanted,
                          const TimeZonePtr& zone) {
    const TableDefinition& definition = *table.definition;
    PlannedSource planned;
    planned.columns = all_columns(table, wanted);
    std::vector<ExprPtr> values;
    Schema schema;
    Decoded decoded(definition);
    for (const ScanColumn& column : planned.columns) {
        values.push_back(make_path(table.values[column.column], column.path));
        decoded.note_whole(*values.back());
        std::string name = table.columns[column.column].name;
        if (!column.path.empty()) name += "." + dotted(column.path);
        schema.fields.push_back({std::move(name), values.back()->type});
    }
    for (const ExprPtr& value : values)
        planned.stage.columns.push_back(decoded.rewrite(value));
    planned.schema = std::make_shared<const Schema>(std::move(schema));
    planned.stage.source = source_spec(definition, zone);
    std::vector<WantedColumn>& fields = planned.stage.source.format.wanted;
    fields = decoded.take();
    decode_something(definition, fields);
    if (has_row_kinds(definition.format())) fields.push_back(row_kind_column(definition.format()));

    std::string names;
    for (const WantedColumn& field : fields)
        names += (names.empty() ? "" : ", ") + dotted(field.path);
    planned.lines = {
        "source " + definition.name + " (" + describe(planned.stage.source) + ")",
        "    decodes " + names + " (of " + std::to_string(definition.columns.size()) + " columns)"};
    if (table.watermark == nullptr) return planned;
    std::vector<ExprPtr> positions(table.columns.size());
    std::vector<std::string> column_names;
    for (std::size_t i = 0; i < planned.columns.size(); ++i) {
        if (planned.columns[i].path.empty())
            positions[planned.columns[i].column] = make_column(i, values[i]->type);
    }
    for (const ColumnInfo& column : table.columns)
        column_names.push_back(column.name);
    planned.stage.event_time = EventTime{planned.find({table.rowtime, {}}),
                                         substitute(table.watermark, positions),
                                         table.idle_timeout_ns};
    planned.lines.push_back("    watermark for " + table.columns[table.rowtime].name + " as " +
                            to_string(*table.watermark, column_names));
    return planned;
}

}  // namespace thalweg::plan
