#include "engine/plan/bind_table.h"

#include "engine/plan/bind_expression.h"
#include "ingest/format.h"
#include "state/text/duration.h"

#include <utility>

namespace thalweg::plan {

namespace {

bool is_proctime(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call == nullptr || !call->arguments.empty()) return false;
    const std::string& name = last_part(call->name);
    constexpr std::string_view kName = "PROCTIME";
    if (name.size() != kName.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if ((name[i] & ~0x20) != kName[i]) return false;
    }
    return true;
}

void bind_computed(const TableDefinition& definition,
                   const ExprSettings& settings,
                   BoundTable& table) {
    // A computed column sees the physical and metadata columns, and computed ones before it.
    for (std::size_t i = 0; i < definition.columns.size(); ++i) {
        const TableColumn& column = definition.columns[i];
        if (column.source != ColumnSource::kComputed) continue;
        Scope scope;
        std::vector<ExprPtr> visible;
        for (std::size_t k = 0; k < definition.columns.size(); ++k) {
            if (table.values[k] == nullptr) continue;
            scope.columns.push_back(table.columns[k]);
            visible.push_back(table.values[k]);
        }
        scope.relations.push_back({definition.name, 0, scope.columns.size()});
        ExpressionBinder binder(scope, settings);
        table.values[i] = substitute(binder.bind(*column.expression), visible);
        table.columns[i].type = table.values[i]->type;
        if (is_proctime(*column.expression)) table.columns[i].role = Role::kProctime;
    }
}

void bind_watermark(const TableDefinition& definition,
                    const Settings& settings,
                    const ExprSettings& expr_settings,
                    BoundTable& table) {
    if (definition.watermark == nullptr) return;
    ColumnInfo& rowtime = table.columns[definition.watermark_column];
    const sql::Location at = definition.watermark->location;
    if (!rowtime.type.is_timestamp()) {
        throw sql::SqlError(at,
                            "the row time '" + rowtime.name + "' must be a TIMESTAMP or " +
                                "TIMESTAMP_LTZ, it is " + rowtime.type.to_string());
    }
    const Scope scope{table.columns, {{definition.name, 0, table.columns.size()}}};
    ExpressionBinder binder(scope, expr_settings);
    table.watermark = binder.bind(*definition.watermark);
    if (table.watermark->type.kind != rowtime.type.kind) {
        throw sql::SqlError(at,
                            "the watermark is " + table.watermark->type.to_string() +
                                ", the row time '" + rowtime.name + "' is " +
                                rowtime.type.to_string());
    }
    rowtime.role = Role::kRowtime;
    table.rowtime = definition.watermark_column;
    table.idle_timeout_ns = settings.idle_timeout_ns();
    if (const std::string* text = definition.option("scan.watermark.idle-timeout")) {
        const auto duration = parse_duration_ns(*text);
        if (!duration) {
            throw sql::SqlError(definition.option_locations.at("scan.watermark.idle-timeout").value,
                                "expected a duration such as '30 s', found '" + *text + "'");
        }
        table.idle_timeout_ns = *duration;
    }
}

// The latest row of each key is found by the key's value.
void check_change_key(const TableDefinition& definition, const BoundTable& table) {
    if (!has_row_kinds(definition.format())) return;
    for (const std::size_t key : definition.primary_key) {
        const Type& type = table.columns[key].type;
        const Physical physical = type.physical();
        if (physical != Physical::kList && physical != Physical::kRow) continue;
        throw sql::SqlError(definition.columns[key].location,
                            "column '" + table.columns[key].name + "' is " + type.to_string() +
                                " and cannot be in the PRIMARY KEY of a table that changes (" +
                                definition.format() + ")");
    }
}

}  // namespace

std::shared_ptr<const BoundTable> bind_table(const TableDefinition& definition,
                                             const Settings& settings) {
    BoundTable table;
    table.definition = &definition;
    const std::size_t count = definition.columns.size();
    table.columns.resize(count);
    table.values.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const TableColumn& column = definition.columns[i];
        table.columns[i].name = column.name;
        if (column.source == ColumnSource::kComputed) continue;
        if (column.source == ColumnSource::kNumber)
            throw sql::SqlError(
                column.location,
                "column '" + column.name + "' is filled in by a sink, and this table is read");
        table.columns[i].type = column.type;
        table.values[i] = make_column(i, column.type);
    }
    const ExprSettings expr_settings{settings.zone()};
    bind_computed(definition, expr_settings, table);
    check_change_key(definition, table);
    bind_watermark(definition, settings, expr_settings, table);
    return std::make_shared<const BoundTable>(std::move(table));
}

}  // namespace thalweg::plan
