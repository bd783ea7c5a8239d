#include "engine/plan/row_fields.h"

#include "ops/expr/functions.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

// A scan that grows a column for each path that is asked of it.
class GrowingScan {
  public:
    GrowingScan(const Rel& rel, const Scan& scan) : columns_(rel.columns), scan_(scan) {}

    ExprPtr column_of(const FieldPath& path) {
        ScanColumn wanted = scan_.outputs[path.column];
        wanted.path.insert(wanted.path.end(), path.path.begin(), path.path.end());
        const auto found = std::find(scan_.outputs.begin(), scan_.outputs.end(), wanted);
        const auto index = static_cast<std::size_t>(found - scan_.outputs.begin());
        if (found == scan_.outputs.end()) {
            std::string name = columns_[path.column].name;
            for (const std::string& field : path.path)
                name.append(".").append(field);
            scan_.outputs.push_back(std::move(wanted));
            columns_.push_back({std::move(name), path.type, Role::kPlain, nullptr});
        }
        return make_column(index, path.type);
    }

    [[nodiscard]] RelPtr finish() { return make_rel(std::move(columns_), std::move(scan_)); }

  private:
    std::vector<ColumnInfo> columns_;
    Scan scan_;
};

// Project(Filter*(Scan)): the only shape that filters pushed down and projections merged leave.
RelPtr extract(const Rel& rel, const Project& project) {
    std::vector<ExprPtr> conditions;
    RelPtr below = project.input;
    while (const auto* filter = std::get_if<Filter>(&below->node)) {
        conditions.push_back(filter->condition);
        below = filter->input;
    }
    const auto* scan = std::get_if<Scan>(&below->node);
    if (scan == nullptr) {
        Project copy = project;
        copy.input = extract_fields(project.input);
        return make_rel(rel.columns, std::move(copy));
    }
    GrowingScan growing(*below, *scan);
    const ReplacePath replace = [&](const FieldPath& path) { return growing.column_of(path); };
    std::vector<ExprPtr> expressions;
    for (const ExprPtr& expr : project.expressions)
        expressions.push_back(replace_paths(expr, replace));
    for (ExprPtr& condition : conditions)
        condition = replace_paths(condition, replace);
    RelPtr input = growing.finish();
    for (auto condition = conditions.rbegin(); condition != conditions.rend(); ++condition)
        input = make_filter_rel(std::move(input), *condition);
    return make_rel(rel.columns, Project{std::move(input), std::move(expressions)});
}

}  // namespace

std::optional<FieldPath> field_path(const Expr& expr) {
    FieldPath path;
    path.type = expr.type;
    const Expr* at = &expr;
    while (at->kind == ExprKind::kCall && at->function->name == "FIELD") {
        path.path.push_back(std::get<std::string>(at->arguments[1]->literal.data));
        at = at->arguments[0].get();
    }
    if (at->kind != ExprKind::kColumn || path.path.empty()) return std::nullopt;
    path.column = at->column;
    std::reverse(path.path.begin(), path.path.end());
    return path;
}

ExprPtr replace_paths(const ExprPtr& expr, const ReplacePath& replace) {
    if (const auto path = field_path(*expr)) {
        ExprPtr replaced = replace(*path);
        return replaced == nullptr ? expr : replaced;
    }
    if (expr->arguments.empty()) return expr;
    Expr copy = *expr;
    bool is_same = true;
    for (ExprPtr& argument : copy.arguments) {
        ExprPtr replaced = replace_paths(argument, replace);
        is_same = is_same && replaced == argument;
        argument = std::move(replaced);
    }
    return is_same ? expr : std::make_shared<const Expr>(std::move(copy));
}

ExprPtr make_path(ExprPtr expr, const std::vector<std::string>& path) {
    for (const std::string& field : path) {
        auto call = make_call(
            "FIELD", {std::move(expr), make_literal({field}, Type::string().not_null())}, {});
        ASSERT(call.has_value());
        expr = *std::move(call);
    }
    return expr;
}

RelPtr extract_fields(const RelPtr& rel) {
    return std::visit(
        [&](const auto& node) -> RelPtr {
            using Node = std::decay_t<decltype(node)>;
            if constexpr (std::is_same_v<Node, Scan>) {
                return rel;
            } else if constexpr (std::is_same_v<Node, Project>) {
                return extract(*rel, node);
            } else {
                Node copy = node;
                if constexpr (std::is_same_v<Node, UnionAll>) {
                    for (RelPtr& input : copy.inputs)
                        input = extract_fields(input);
                } else if constexpr (std::is_same_v<Node, WindowJoin> ||
                                     std::is_same_v<Node, StreamJoin>) {
                    copy.left = extract_fields(copy.left);
                    copy.right = extract_fields(copy.right);
                } else if constexpr (std::is_same_v<Node, LookupJoin>) {
                    copy.input = extract_fields(copy.input);
                    copy.table = extract_fields(copy.table);
                } else {
                    copy.input = extract_fields(copy.input);
                }
                return make_rel(rel->columns, std::move(copy));
            }
        },
        rel->node);
}

}  // namespace thalweg::plan
