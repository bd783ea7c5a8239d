#include "engine/plan/bind_query.h"

#include <functional>
#include <string_view>
#include <utility>

// UNION, INTERSECT and EXCEPT. The latter two as a GROUP BY over the rows of both sides, each with
// a mark of its side:
//
//     project a's columns, TRUE, NULL  `
//                                       union all -> GROUP BY all columns: MAX of both marks
//     project b's columns, NULL, TRUE  '               -> filter: a's is there, b's is (not) there
//
// With ALL the marks are counted, and a group becomes as many rows as the counts say: the lesser of
// both, or what a's has more.

namespace thalweg::plan {

using sql::SqlError;

namespace {

std::string_view name_of(sql::SetOp op) {
    switch (op) {
        case sql::SetOp::kUnion: return "UNION";
        case sql::SetOp::kIntersect: return "INTERSECT";
        case sql::SetOp::kExcept: break;
    }
    return "EXCEPT";
}

RelPtr cast_to(RelPtr rel,
               const std::vector<Type>& types,
               const ExprSettings& settings,
               sql::Location at) {
    std::vector<ExprPtr> expressions = identity(*rel);
    std::vector<std::string> names;
    bool changed = false;
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        names.push_back(rel->columns[i].name);
        if (same_but_null(expressions[i]->type, types[i])) continue;
        expressions[i] = cast_or_throw(expressions[i], types[i], CastMode::kImplicit, settings, at);
        changed = true;
    }
    if (!changed) return rel;
    return make_project_rel(std::move(rel), std::move(expressions), std::move(names));
}

// `rel` with two more columns, of which one is TRUE and the other NULL.
RelPtr with_marks(RelPtr rel, bool is_left) {
    std::vector<ExprPtr> expressions = identity(*rel);
    std::vector<std::string> names;
    for (const ColumnInfo& column : rel->columns)
        names.push_back(column.name);
    for (const bool is_marked : {is_left, !is_left}) {
        expressions.push_back(
            make_literal(is_marked ? Value{true} : Value{}, Type::boolean().with_nullable(true)));
    }
    names.insert(names.end(), {"is_left", "is_right"});
    return make_project_rel(std::move(rel), std::move(expressions), std::move(names));
}

}  // namespace

RelPtr QueryBinder::bind_set_operation(const sql::SetOperation& operation) {
    const std::string name(name_of(operation.op));
    const sql::Location at = operation.op_location;
    const bool is_union = operation.op == sql::SetOp::kUnion;
    RelPtr left = bind_body(*operation.left);
    RelPtr right = bind_body(*operation.right);
    if (left->columns.size() != right->columns.size()) {
        throw SqlError(at,
                       name + " of " + std::to_string(left->columns.size()) + " and " +
                           std::to_string(right->columns.size()) + " columns");
    }
    std::vector<Type> types;
    for (std::size_t i = 0; i < left->columns.size(); ++i) {
        auto type = common_type({left->columns[i].type, right->columns[i].type});
        if (!type)
            throw SqlError(
                at,
                "column " + std::to_string(i + 1) + " of " + name + ": " + type.error().message);
        types.push_back(*std::move(type));
    }
    left = cast_to(std::move(left), types, expr_settings_, at);
    right = cast_to(std::move(right), types, expr_settings_, at);
    if (!is_union && operation.all)
        return bind_matching_all(std::move(left), std::move(right), operation);
    if (!is_union) return bind_matching(std::move(left), std::move(right), operation);
    RelPtr all = make_union(std::move(left), std::move(right));
    return operation.all ? all : bind_distinct(std::move(all), name, at);
}

// Both sides have columns of the same types.
RelPtr QueryBinder::make_union(RelPtr left, RelPtr right) {
    std::vector<ColumnInfo> columns = left->columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const ColumnInfo& other = right->columns[i];
        columns[i].type =
            columns[i].type.with_nullable(left->columns[i].type.nullable || other.type.nullable);
        if (columns[i].role == other.role && same_window(columns[i].window, other.window)) continue;
        columns[i].role = Role::kPlain;
        columns[i].window = nullptr;
    }
    std::vector<RelPtr> inputs;
    for (RelPtr& side : {std::ref(left), std::ref(right)}) {
        const auto* nested = std::get_if<UnionAll>(&side->node);
        if (nested == nullptr) {
            inputs.push_back(side);
        } else {
            inputs.insert(inputs.end(), nested->inputs.begin(), nested->inputs.end());
        }
    }
    return make_rel(std::move(columns), UnionAll{std::move(inputs)});
}

namespace {

// How many equal rows INTERSECT ALL or EXCEPT ALL has, of how many the sides have.
ExprPtr copies(const ExprPtr& left,
               const ExprPtr& right,
               bool is_except,
               const ExprSettings& settings) {
    if (!is_except) return *make_call("LEAST", {left, right}, settings);
    const ExprPtr zero = make_literal({std::int64_t{0}}, Type::bigint().not_null());
    return *make_call("GREATEST", {*make_call("-", {left, right}, settings), zero}, settings);
}

}  // namespace

// INTERSECT ALL and EXCEPT ALL.
RelPtr QueryBinder::bind_matching_all(RelPtr left,
                                      RelPtr right,
                                      const sql::SetOperation& operation) {
    const std::size_t width = left->columns.size();
    std::vector<std::string> names;
    for (const ColumnInfo& column : left->columns)
        names.push_back(column.name);
    const RelPtr both =
        make_union(with_marks(std::move(left), true), with_marks(std::move(right), false));
    const RelPtr grouped = bind_distinct(both, name_of(operation.op), operation.op_location);
    Aggregate node = std::get<Aggregate>(grouped->node);
    node.keys.resize(width);
    std::vector<ColumnInfo> columns(grouped->columns.begin(),
                                    grouped->columns.begin() + static_cast<std::ptrdiff_t>(width));
    const Type count = Type::bigint().not_null();
    for (std::size_t side = 0; side < 2; ++side) {
        const Type mark = Type::boolean().with_nullable(true);
        node.calls.push_back({AggregateKind::kCount, false, width + side, {}, mark, count});
        columns.push_back({side == 0 ? "left" : "right", count, Role::kPlain, nullptr});
    }
    RelPtr rel = make_rel(std::move(columns), std::move(node));
    const bool is_except = operation.op == sql::SetOp::kExcept;
    const ExprPtr number =
        copies(make_column(width, count), make_column(width + 1, count), is_except, expr_settings_);
    const ExprPtr list = *make_call("$COPIES", {number}, expr_settings_);
    columns = rel->columns;
    columns.push_back({"copy", Type::boolean(), Role::kPlain, nullptr});
    rel = make_rel(std::move(columns), Unnest{rel, list, false});
    std::vector<ExprPtr> kept = identity(*rel);
    kept.resize(width);
    return make_project_rel(std::move(rel), std::move(kept), std::move(names));
}

// INTERSECT and EXCEPT.
RelPtr QueryBinder::bind_matching(RelPtr left, RelPtr right, const sql::SetOperation& operation) {
    const std::string_view name = name_of(operation.op);
    const std::size_t width = left->columns.size();
    std::vector<std::string> names;
    for (const ColumnInfo& column : left->columns)
        names.push_back(column.name);
    RelPtr both =
        make_union(with_marks(std::move(left), true), with_marks(std::move(right), false));
    // Checks that the columns can be compared; of the marks nobody doubts it.
    RelPtr grouped = bind_distinct(both, name, operation.op_location);
    Aggregate node = std::get<Aggregate>(grouped->node);
    node.keys.resize(width);
    std::vector<ColumnInfo> columns(grouped->columns.begin(),
                                    grouped->columns.begin() + static_cast<std::ptrdiff_t>(width));
    for (std::size_t side = 0; side < 2; ++side) {
        const Type mark = Type::boolean().with_nullable(true);
        node.calls.push_back({AggregateKind::kMax, false, width + side, {}, mark, mark});
        columns.push_back({side == 0 ? "is_left" : "is_right", mark, Role::kPlain, nullptr});
    }
    RelPtr rel = make_rel(std::move(columns), std::move(node));
    const auto test = [&](std::string_view function, std::size_t side) {
        const ExprPtr mark = make_column(width + side, rel->columns[width + side].type);
        return *make_call(function, {mark}, expr_settings_);
    };
    const bool is_except = operation.op == sql::SetOp::kExcept;
    ExprPtr condition =
        *make_call("AND",
                   {test("IS NOT NULL", 0), test(is_except ? "IS NULL" : "IS NOT NULL", 1)},
                   expr_settings_);
    rel = make_filter_rel(std::move(rel), std::move(condition));
    std::vector<ExprPtr> kept = identity(*rel);
    kept.resize(width);
    return make_project_rel(std::move(rel), std::move(kept), std::move(names));
}

}  // namespace thalweg::plan
