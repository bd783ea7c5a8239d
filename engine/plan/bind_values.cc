#include "engine/plan/bind_query.h"
#include "state/base/assertion.h"

#include <memory>
#include <string>
#include <utility>

// VALUES: a generated table counts the rows, and each column is chosen by the count.
//
//     scan VALUES: 0, 1, ... -> project CASE row WHEN 0 THEN .. WHEN 1 THEN .. END, ...
//
// So it is a bounded input like any other: it is read once, survives a restart, and ends.

namespace thalweg::plan {

using sql::SqlError;

namespace {

constexpr std::size_t kValuesMax = 10'000;

// What a scan of generated rows points to, with what that points to.
struct Counted {
    TableDefinition definition;
    BoundTable table;
};

RelPtr count_rows(std::string name, std::size_t count) {
    const Type type = Type::integer().not_null();
    auto counted = std::make_shared<Counted>();
    TableDefinition& definition = counted->definition;
    definition.name = std::move(name);
    TableColumn column;
    column.name = "row";
    column.type = type;
    definition.columns.push_back(std::move(column));
    definition.options = {{"connector", "datagen"},
                          {"rows-per-second", "1000000000"},
                          {"fields.row.kind", "sequence"},
                          {"fields.row.start", "0"},
                          {"fields.row.end", std::to_string(count - 1)}};
    for (const auto& [key, value] : definition.options)
        definition.option_locations[key];
    counted->table.definition = &definition;
    counted->table.columns = {{"row", type, Role::kPlain, nullptr}};
    counted->table.values = {make_column(0, type)};
    std::vector<ColumnInfo> columns = counted->table.columns;
    const BoundTable* const table = &counted->table;
    return make_rel(std::move(columns),
                    Scan{std::shared_ptr<const BoundTable>(std::move(counted), table), {{0, {}}}});
}

// CASE row WHEN 0 THEN cells[0] WHEN 1 THEN cells[1] ... END
ExprPtr choose(const std::vector<ExprPtr>& cells, const ExprSettings& settings) {
    if (cells.size() == 1) return cells[0];
    const ExprPtr row = make_column(0, Type::integer().not_null());
    std::vector<ExprPtr> branches;
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
        const ExprPtr number =
            make_literal({static_cast<std::int64_t>(i)}, Type::integer().not_null());
        auto is_row = make_call("=", {row, number}, settings);
        ASSERT(is_row.has_value());
        branches.push_back(*std::move(is_row));
        branches.push_back(cells[i]);
    }
    branches.push_back(cells.back());
    auto chosen = make_call("CASE", std::move(branches), settings);
    ASSERT(chosen.has_value());
    return *std::move(chosen);
}

}  // namespace

// Each is an input of its own, and has its own name.
std::string QueryBinder::values_name() {
    ++values_count_;
    return values_count_ == 1 ? "VALUES" : "VALUES " + std::to_string(values_count_);
}

RelPtr QueryBinder::one_row() {
    return count_rows(values_name(), 1);
}

RelPtr QueryBinder::bind_values(const sql::Values& values, sql::Location at) {
    if (values.rows.size() > kValuesMax)
        throw SqlError(at, "VALUES has at most " + std::to_string(kValuesMax) + " rows");
    const std::size_t width = values.rows[0].size();
    const Scope nothing;
    ExpressionBinder binder(nothing, expr_settings_);
    std::vector<std::vector<ExprPtr>> columns(width);
    for (const std::vector<sql::ExprPtr>& row : values.rows) {
        if (row.size() != width)
            throw SqlError(row.empty() ? at : row[0]->location,
                           "VALUES has rows of " + std::to_string(width) + " and of " +
                               std::to_string(row.size()) + " values");
        for (std::size_t i = 0; i < width; ++i)
            columns[i].push_back(binder.bind(*row[i]));
    }
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < width; ++i) {
        std::vector<Type> types;
        for (const ExprPtr& cell : columns[i])
            types.push_back(cell->type);
        auto type = common_type(types);
        if (!type)
            throw SqlError(
                at, "column " + std::to_string(i + 1) + " of VALUES: " + type.error().message);
        for (ExprPtr& cell : columns[i]) {
            if (!same_but_null(cell->type, *type))
                cell = cast_or_throw(cell, *type, CastMode::kImplicit, expr_settings_, at);
        }
        expressions.push_back(choose(columns[i], expr_settings_));
        names.push_back("EXPR$" + std::to_string(i));
    }
    RelPtr rows = count_rows(values_name(), values.rows.size());
    return make_project_rel(std::move(rows), std::move(expressions), std::move(names));
}

}  // namespace thalweg::plan
