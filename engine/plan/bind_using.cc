#include "engine/plan/bind_query.h"

#include <algorithm>
#include <utility>

// JOIN ... USING (a, b) and NATURAL JOIN: an equality for each shared column, which then is one
// column, without the name of a table, in front of all others.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// The columns that a name without a table may mean.
std::vector<std::size_t> columns_of(const Scope& scope, const std::string& name) {
    std::vector<std::size_t> found;
    for (const Scope::Relation& relation : scope.relations) {
        if (relation.is_named_only) continue;
        for (std::size_t i = relation.first; i < relation.first + relation.count; ++i) {
            if (scope.columns[i].name == name) found.push_back(i);
        }
    }
    return found;
}

std::size_t only_column(const Scope& scope, const sql::Name& name, std::string_view side) {
    const std::vector<std::size_t> found = columns_of(scope, name.text);
    if (found.size() == 1) return found[0];
    std::string message = "USING: '" + name.text + "' is ";
    message += found.empty() ? "no column" : "more than one column";
    throw SqlError(name.location, message + " of the " + std::string(side) + " side");
}

}  // namespace

std::vector<QueryBinder::Shared> QueryBinder::shared_columns(const sql::Join& join,
                                                             const Scope& left,
                                                             const Scope& right) {
    std::vector<Shared> shared;
    for (const sql::Name& name : join.using_columns) {
        for (const Shared& column : shared) {
            if (column.name == name.text)
                throw SqlError(name.location, "USING names '" + name.text + "' twice");
        }
        shared.push_back(
            {name.text, only_column(left, name, "left"), only_column(right, name, "right")});
    }
    if (!join.natural) return shared;
    for (std::size_t i = 0; i < left.columns.size(); ++i) {
        const std::string& name = left.columns[i].name;
        const std::vector<std::size_t> in_left = columns_of(left, name);
        if (std::find(in_left.begin(), in_left.end(), i) == in_left.end()) continue;
        if (columns_of(right, name).empty()) continue;
        const sql::Name written{name, join.right->location};
        shared.push_back(
            {name, only_column(left, written, "left"), only_column(right, written, "right")});
    }
    return shared;
}

std::vector<ExprPtr> QueryBinder::shared_conditions(const std::vector<Shared>& shared,
                                                    const Scope& left,
                                                    const Scope& right,
                                                    sql::Location at) {
    std::vector<ExprPtr> conditions;
    for (const Shared& column : shared) {
        auto equal = make_call(
            "=",
            {make_column(column.left, left.columns[column.left].type),
             make_column(left.columns.size() + column.right, right.columns[column.right].type)},
            expr_settings_);
        if (!equal) throw SqlError(at, "'" + column.name + "': " + equal.error().message);
        conditions.push_back(*std::move(equal));
    }
    return conditions;
}

QueryBinder::From QueryBinder::merge_shared(From joined,
                                            std::size_t left_count,
                                            const std::vector<Shared>& shared,
                                            const sql::Join& join) {
    const std::vector<ColumnInfo>& columns = joined.scope.columns;
    std::vector<bool> is_shared(columns.size(), false);
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (const Shared& column : shared) {
        const ExprPtr left = make_column(column.left, columns[column.left].type);
        const std::size_t at = left_count + column.right;
        const ExprPtr right = make_column(at, columns[at].type);
        is_shared[column.left] = is_shared[at] = true;
        names.push_back(column.name);
        if (join.kind == sql::JoinKind::kFull) {
            auto either = make_call("COALESCE", {left, right}, expr_settings_);
            if (!either)
                throw SqlError(join.right->location,
                               "'" + column.name + "': " + either.error().message);
            expressions.push_back(*std::move(either));
        } else {
            expressions.push_back(join.kind == sql::JoinKind::kRight ? right : left);
        }
    }
    Scope scope;
    scope.relations.push_back({"", 0, shared.size(), false, true});
    // The columns of a relation that are shared, for who names it, and those that are not.
    for (const Scope::Relation& relation : joined.scope.relations) {
        for (const bool of_shared : {true, false}) {
            Scope::Relation moved = relation;
            moved.first = expressions.size();
            moved.count = 0;
            moved.is_named_only = relation.is_named_only || of_shared;
            for (std::size_t i = relation.first; i < relation.first + relation.count; ++i) {
                if (is_shared[i] != of_shared) continue;
                expressions.push_back(make_column(i, columns[i].type));
                names.push_back(columns[i].name);
                ++moved.count;
            }
            if (moved.count > 0) scope.relations.push_back(std::move(moved));
        }
    }
    RelPtr rel = make_project_rel(joined.rel, std::move(expressions), std::move(names));
    scope.columns = rel->columns;
    return {std::move(rel), std::move(scope)};
}

}  // namespace thalweg::plan
