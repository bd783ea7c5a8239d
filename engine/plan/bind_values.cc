#include "engine/plan/bind_query.h"
#include "state/base/assertion.h"

#include <memory>
#include <span>
#include <string>
#include <utility>

// VALUES: a generated table counts the rows, and each column is chosen by the count.
//
//     scan VALUES: 0, 1, ... -> project CASE WHEN row < 1 THEN .. ELSE .. END, ...
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

// The cell of each row: CASE WHEN row < middle THEN (the first half) ELSE (the other) END.
ExprPtr choose(std::span<const ExprPtr> cells, std::size_t first, const ExprSettings& settings) {
    if (cells.size() == 1) return cells[0];
    const std::size_t half = cells.size() / 2;
    const Type type = Type::integer().not_null();
    const ExprPtr middle = make_literal({static_cast<std::int64_t>(first + half)}, type);
    auto is_before = make_call("<", {make_column(0, type), middle}, settings);
    ASSERT(is_before.has_value());
    auto chosen = make_call("CASE",
                            {*std::move(is_before),
                             choose(cells.first(half), first, settings),
                             choose(cells.subspan(half), first + half, settings)},
                            settings);
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
        expressions.push_back(choose(columns[i], 0, expr_settings_));
        names.push_back("EXPR$" + std::to_string(i));
    }
    RelPtr rows = count_rows(values_name(), values.rows.size());
    return make_project_rel(std::move(rows), std::move(expressions), std::move(names));
}

}  // namespace thalweg::plan
