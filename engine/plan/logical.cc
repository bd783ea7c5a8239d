#include "engine/plan/logical.h"

#include "ops/expr/functions.h"
#include "state/base/assertion.h"

#include <utility>

namespace thalweg::plan {

bool same_window(const WindowPtr& a, const WindowPtr& b) {
    if (a == b) return true;
    if (a == nullptr || b == nullptr) return false;
    const WindowSpec& x = a->spec;
    const WindowSpec& y = b->spec;
    return x.kind == y.kind && x.size_ns == y.size_ns && x.slide_ns == y.slide_ns &&
           x.offset_ns == y.offset_ns && x.is_event_time == y.is_event_time &&
           (x.zone == nullptr) == (y.zone == nullptr);
}

bool is_session(const AssignWindow& node) {
    return node.window->spec.kind == WindowKind::kSession;
}

std::vector<RelPtr> inputs_of(const Rel& rel) {
    return std::visit(
        [](const auto& node) -> std::vector<RelPtr> {
            using Node = std::decay_t<decltype(node)>;
            if constexpr (std::is_same_v<Node, Scan>) {
                return {};
            } else if constexpr (std::is_same_v<Node, UnionAll>) {
                return node.inputs;
            } else if constexpr (std::is_same_v<Node, WindowJoin> ||
                                 std::is_same_v<Node, StreamJoin>) {
                return {node.left, node.right};
            } else if constexpr (std::is_same_v<Node, LookupJoin>) {
                return {node.input, node.table};
            } else {
                return {node.input};
            }
        },
        rel.node);
}

SchemaPtr schema_of(const Rel& rel) {
    std::vector<Field> fields;
    fields.reserve(rel.columns.size());
    for (const ColumnInfo& column : rel.columns)
        fields.push_back({column.name, column.type});
    return make_schema(std::move(fields));
}

std::vector<ExprPtr> identity(const Rel& rel) {
    std::vector<ExprPtr> expressions;
    expressions.reserve(rel.columns.size());
    for (std::size_t i = 0; i < rel.columns.size(); ++i)
        expressions.push_back(make_column(i, rel.columns[i].type));
    return expressions;
}

RelPtr make_filter_rel(RelPtr input, ExprPtr condition) {
    std::vector<ColumnInfo> columns = input->columns;
    return make_rel(std::move(columns), Filter{std::move(input), std::move(condition)});
}

namespace {

bool is_proctime(const Expr& expr) {
    return expr.kind == ExprKind::kCall && expr.function->name == "PROCTIME";
}

}  // namespace

RelPtr make_project_rel(RelPtr input,
                        std::vector<ExprPtr> expressions,
                        std::vector<std::string> names) {
    std::vector<ColumnInfo> columns;
    columns.reserve(expressions.size());
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        ColumnInfo column;
        if (expressions[i]->kind == ExprKind::kColumn)
            column = input->columns[expressions[i]->column];
        if (is_proctime(*expressions[i])) column.role = Role::kProctime;
        column.name = std::move(names[i]);
        column.type = expressions[i]->type;
        columns.push_back(std::move(column));
    }
    return make_rel(std::move(columns), Project{std::move(input), std::move(expressions)});
}

RelPtr with_ttl(const RelPtr& rel, std::optional<std::int64_t> ttl_ns) {
    if (!ttl_ns) return rel;
    Aggregate node = std::get<Aggregate>(rel->node);
    ASSERT(node.window == nullptr);
    node.ttl_ns = ttl_ns;
    return make_rel(rel->columns, std::move(node));
}

std::size_t position_of(std::vector<ExprPtr>& columns, ExprPtr expr) {
    if (expr->kind == ExprKind::kColumn) return expr->column;
    columns.push_back(std::move(expr));
    return columns.size() - 1;
}

RelPtr with_columns(const RelPtr& rel, std::vector<ExprPtr> columns) {
    if (columns.size() == rel->columns.size()) return rel;
    std::vector<std::string> names;
    for (const ColumnInfo& column : rel->columns)
        names.push_back(column.name);
    for (std::size_t i = names.size(); i < columns.size(); ++i)
        names.push_back(to_string(*columns[i], names));
    return make_project_rel(rel, std::move(columns), std::move(names));
}

std::vector<ColumnInfo> window_columns(const WindowPtr& window) {
    const Type bound = Type::timestamp(3).not_null();
    const Type time = window->spec.zone == nullptr ? bound : Type::timestamp_ltz(3).not_null();
    return {{"window_start", bound, Role::kWindowStart, window},
            {"window_end", bound, Role::kWindowEnd, window},
            {"window_time", time, Role::kWindowTime, window}};
}

}  // namespace thalweg::plan
