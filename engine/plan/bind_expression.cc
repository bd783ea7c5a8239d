#include "engine/plan/bind_expression.h"

#include "engine/plan/bind_json.h"
#include "engine/plan/catalog.h"
#include "engine/plan/flink_functions.h"
#include "engine/plan/grouping_sets.h"
#include "engine/sql/suggest.h"
#include "engine/sql/token.h"
#include "engine/sql/unparse.h"
#include "state/text/decimal.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <utility>

namespace thalweg::plan {

namespace {

using sql::SqlError;

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};

SqlError cannot_read(sql::Location at, std::string_view what, const std::string& text) {
    return SqlError(at, "'" + text + "' is not a " + std::string(what));
}

ExprPtr exact_literal(const std::string& text, sql::Location at) {
    const std::size_t point = text.find('.');
    if (point == std::string::npos) {
        if (const auto value = parse_int64(text)) {
            const bool small = *value <= 2'147'483'647 && *value >= -2'147'483'647 - 1;
            return make_literal({*value}, (small ? Type::integer() : Type::bigint()).not_null());
        }
    }
    const std::size_t scale = point == std::string::npos ? 0 : text.size() - point - 1;
    std::size_t whole = point == std::string::npos ? text.size() : point;
    const std::size_t zeros = text.find_first_not_of('0');
    whole -= std::min(whole, zeros == std::string::npos ? whole : zeros);
    const std::size_t digits = std::max<std::size_t>(whole + scale, 1);
    if (digits > 38) throw SqlError(at, "the number " + text + " has more than 38 digits");
    const auto precision = static_cast<std::int32_t>(digits);
    const auto value = parse_decimal(text, precision, static_cast<std::int32_t>(scale));
    if (!value) throw cannot_read(at, "number", text);
    return make_literal({*value},
                        Type::decimal(precision, static_cast<std::int32_t>(scale)).not_null());
}

std::int32_t fraction_digits(const std::string& text) {
    const std::size_t point = text.find('.');
    return point == std::string::npos
               ? 0
               : static_cast<std::int32_t>(std::min<std::size_t>(text.size() - point - 1, 9));
}

std::string alias_list(const Scope& scope, std::size_t column) {
    for (const Scope::Relation& relation : scope.relations) {
        if (column < relation.first || column >= relation.first + relation.count) continue;
        return relation.alias.empty() ? "" : relation.alias + ".";
    }
    return "";
}

// Binary operators by their name in make_call.
std::string_view name_of(sql::BinaryOp op) {
    switch (op) {
        case sql::BinaryOp::kOr: return "OR";
        case sql::BinaryOp::kAnd: return "AND";
        case sql::BinaryOp::kEqual: return "=";
        case sql::BinaryOp::kNotEqual: return "<>";
        case sql::BinaryOp::kLess: return "<";
        case sql::BinaryOp::kLessOrEqual: return "<=";
        case sql::BinaryOp::kGreater: return ">";
        case sql::BinaryOp::kGreaterOrEqual: return ">=";
        case sql::BinaryOp::kIsDistinctFrom: return "IS DISTINCT FROM";
        case sql::BinaryOp::kIsNotDistinctFrom: return "IS NOT DISTINCT FROM";
        case sql::BinaryOp::kAdd: return "+";
        case sql::BinaryOp::kSubtract: return "-";
        case sql::BinaryOp::kConcatenate: return "||";
        case sql::BinaryOp::kMultiply: return "*";
        case sql::BinaryOp::kDivide: return "/";
        case sql::BinaryOp::kModulo: return "%";
        case sql::BinaryOp::kOverlaps: break;
    }
    return "OVERLAPS";
}

// The sides of OVERLAPS: each a moment and another one, or how long it lasts.
struct Periods {
    std::vector<ExprPtr> left;
    std::vector<ExprPtr> right;
};

// Whether the later end of each side is not before the earlier one of the other.
template <class MakeCall>
ExprPtr overlap(const Periods& periods, MakeCall make) {
    struct Ends {
        ExprPtr first;
        ExprPtr last;
    };

    const auto in_order = [&](const std::vector<ExprPtr>& side) -> Ends {
        const ExprPtr& start = side[0];
        const ExprPtr end = side[1]->type.is_interval() ? make("+", {start, side[1]}) : side[1];
        const ExprPtr is_ordered = make("<=", {start, end});
        return {make("CASE", {is_ordered, start, end}), make("CASE", {is_ordered, end, start})};
    };
    const Ends left = in_order(periods.left);
    const Ends right = in_order(periods.right);
    return make("AND",
                {make(">=", {left.last, right.first}), make(">=", {right.last, left.first})});
}

bool any_of(const std::vector<sql::ExprPtr>& expressions) {
    return std::any_of(expressions.begin(), expressions.end(), [](const sql::ExprPtr& expr) {
        return contains_aggregate(*expr);
    });
}

bool contains(const sql::ExprPtr& expr) {
    return expr != nullptr && contains_aggregate(*expr);
}

}  // namespace

bool contains_aggregate(const sql::Expr& expr) {
    return std::visit(
        Overloaded{
            [](const sql::Call& call) {
                const std::string& name = last_part(call.name);
                if (call.over == nullptr && (find_aggregate(name) || find_grouping_call(name)))
                    return true;
                return std::any_of(call.arguments.begin(),
                                   call.arguments.end(),
                                   [](const sql::Argument& a) { return contains(a.value); });
            },
            [](const sql::Unary& node) { return contains(node.operand); },
            [](const sql::Binary& node) { return contains(node.left) || contains(node.right); },
            [](const sql::IsTest& node) { return contains(node.operand); },
            [](const sql::Between& node) {
                return contains(node.operand) || contains(node.low) || contains(node.high);
            },
            [](const sql::InList& node) { return contains(node.operand) || any_of(node.items); },
            [](const sql::InQuery& node) { return contains(node.operand); },
            [](const sql::Like& node) { return contains(node.operand) || contains(node.pattern); },
            [](const sql::Case& node) {
                if (contains(node.operand) || contains(node.otherwise)) return true;
                return std::any_of(
                    node.branches.begin(), node.branches.end(), [](const sql::CaseBranch& b) {
                        return contains(b.when) || contains(b.then);
                    });
            },
            [](const sql::Cast& node) { return contains(node.operand); },
            [](const sql::ArrayConstructor& node) { return any_of(node.items); },
            [](const sql::MapConstructor& node) { return any_of(node.items); },
            [](const sql::RowConstructor& node) { return any_of(node.items); },
            [](const sql::Subscript& node) {
                return contains(node.operand) || contains(node.index);
            },
            [](const sql::FieldAccess& node) { return contains(node.operand); },
            [](const auto&) { return false; }},
        expr.node);
}

Scope Scope::side_by_side(const Scope& left, const Scope& right) {
    Scope both = left;
    both.columns.insert(both.columns.end(), right.columns.begin(), right.columns.end());
    for (Relation relation : right.relations) {
        relation.first += left.columns.size();
        both.relations.push_back(std::move(relation));
    }
    for (const auto& [query, column] : right.scalars)
        both.scalars.emplace_back(query, column + left.columns.size());
    return both;
}

Resolved resolve(const Scope& scope, const sql::QualifiedName& name) {
    std::vector<std::size_t> found;
    std::size_t parts = 1;
    const auto find_in = [&](const Scope::Relation& relation, const std::string& column) {
        for (std::size_t i = relation.first; i < relation.first + relation.count; ++i) {
            if (scope.columns[i].name == column) found.push_back(i);
        }
    };
    if (name.parts.size() > 1) {
        for (const Scope::Relation& relation : scope.relations) {
            if (relation.alias == name.parts[0].text) find_in(relation, name.parts[1].text);
        }
        // Of a subquery without a name the names of its own tables are as good as any.
        for (const Scope::Relation& relation : scope.relations) {
            if (found.empty() && relation.alias.empty() && !relation.is_shared)
                find_in(relation, name.parts[1].text);
        }
        parts = 2;
    }
    if (found.empty()) {
        parts = 1;
        for (const Scope::Relation& relation : scope.relations) {
            if (!relation.is_named_only) find_in(relation, name.parts[0].text);
        }
    }
    const auto is_outer = [&](std::size_t column) { return column < scope.inner_first; };
    if (!std::all_of(found.begin(), found.end(), is_outer)) std::erase_if(found, is_outer);
    if (found.size() == 1) return {found[0], parts};
    if (found.size() > 1) {
        throw SqlError(name.location,
                       "column '" + name.parts[parts - 1].text + "' is ambiguous",
                       "write " + alias_list(scope, found[0]) + name.parts[parts - 1].text +
                           " or " + alias_list(scope, found[1]) + name.parts[parts - 1].text);
    }
    std::vector<std::string> names;
    for (const ColumnInfo& column : scope.columns)
        names.push_back(column.name);
    throw SqlError(name.location,
                   "there is no column '" + sql::to_sql(name) + "'",
                   sql::did_you_mean(sql::nearest(name.parts.back().text, names)));
}

ExprPtr cast_or_throw(
    ExprPtr expr, const Type& type, CastMode mode, const ExprSettings& settings, sql::Location at) {
    auto result = make_cast(std::move(expr), type, mode, settings);
    if (!result) throw SqlError(at, result.error().message);
    return *std::move(result);
}

ExprPtr ExpressionBinder::bind(const sql::Expr& expr) {
    if (intercept_) {
        if (auto replaced = intercept_(expr)) return *std::move(replaced);
    }
    return bind_node(expr);
}

ExprPtr ExpressionBinder::bind_condition(const sql::Expr& expr, std::string_view what) {
    ExprPtr bound = bind(expr);
    if (bound->type.kind == TypeKind::kNull)
        return cast_or_throw(bound, Type::boolean(), CastMode::kImplicit, settings_, expr.location);
    if (bound->type.kind != TypeKind::kBoolean) {
        throw SqlError(expr.location,
                       std::string(what) + " expects a BOOLEAN, found " +
                           bound->type.with_nullable(true).to_string());
    }
    return bound;
}

ExprPtr ExpressionBinder::call(std::string_view name,
                               std::vector<ExprPtr> arguments,
                               sql::Location at) {
    auto result = make_call(name, std::move(arguments), settings_);
    if (!result) throw SqlError(at, result.error().message);
    return *std::move(result);
}

ExprPtr ExpressionBinder::negate_if(bool negated, ExprPtr expr, sql::Location at) {
    return negated ? call("NOT", {std::move(expr)}, at) : expr;
}

std::vector<ExprPtr> ExpressionBinder::bind_all(const std::vector<sql::ExprPtr>& expressions) {
    std::vector<ExprPtr> bound;
    bound.reserve(expressions.size());
    for (const sql::ExprPtr& expr : expressions)
        bound.push_back(bind(*expr));
    return bound;
}

ExprPtr ExpressionBinder::bind_node(const sql::Expr& expr) {
    const sql::Location at = expr.location;
    for (const auto& [query, column] : scope_.scalars) {
        if (query == &expr) return make_column(column, scope_.columns[column].type);
    }
    return std::visit(
        Overloaded{
            [&](const sql::Literal& node) { return bind_literal(node, at); },
            [&](const sql::IntervalLiteral& node) {
                const TypeKind kind = node.is_year_month() ? TypeKind::kIntervalYearMonth
                                                           : TypeKind::kIntervalDaySecond;
                return make_literal({node.value}, Type::of(kind).not_null());
            },
            [&](const sql::Identifier& node) { return bind_identifier(node, at); },
            [&](const sql::Call& node) { return bind_call(node, at); },
            [&](const sql::Keyword& node) {
                return make_literal({node.text}, Type::string().not_null());
            },
            [&](const sql::Unary& node) -> ExprPtr {
                ExprPtr operand = bind(*node.operand);
                if (node.op == sql::UnaryOp::kPlus) return operand;
                return call(node.op == sql::UnaryOp::kNot ? "NOT" : "-", {std::move(operand)}, at);
            },
            [&](const sql::Binary& node) { return bind_binary(node, at); },
            [&](const sql::IsTest& node) { return bind_is(node, at); },
            [&](const sql::Between& node) { return bind_between(node, at); },
            [&](const sql::InList& node) { return bind_in(node, at); },
            [&](const sql::Like& node) { return bind_like(node, at); },
            [&](const sql::Case& node) { return bind_case(node, at); },
            [&](const sql::Cast& node) {
                return cast_or_throw(bind(*node.operand),
                                     bind_type(node.type),
                                     node.is_try ? CastMode::kTryCast : CastMode::kCast,
                                     settings_,
                                     at);
            },
            [&](const sql::ArrayConstructor& node) {
                return call("ARRAY", bind_all(node.items), at);
            },
            [&](const sql::MapConstructor& node) { return call("MAP", bind_all(node.items), at); },
            [&](const sql::RowConstructor& node) { return call("ROW", bind_all(node.items), at); },
            [&](const sql::Subscript& node) {
                return call("ITEM", {bind(*node.operand), bind(*node.index)}, at);
            },
            [&](const sql::FieldAccess& node) {
                return call("FIELD",
                            {bind(*node.operand),
                             make_literal({node.field.text}, Type::string().not_null())},
                            at);
            },
            [&](const sql::Star&) -> ExprPtr {
                throw SqlError(at, "* is not an expression", "it may stand alone in a select list");
            },
            [&](const sql::TableArgument&) -> ExprPtr {
                throw SqlError(at, "a table is not an expression");
            },
            [&](const sql::Descriptor&) -> ExprPtr {
                throw SqlError(at, "DESCRIPTOR may only stand in a window table function");
            },
            [&](const sql::InQuery&) -> ExprPtr {
                throw sql::not_supported(at, "IN (SELECT ...) here");
            },
            [&](const sql::Exists&) -> ExprPtr { throw sql::not_supported(at, "EXISTS here"); },
            [&](const sql::ScalarQuery&) -> ExprPtr {
                throw sql::not_supported(at, "a scalar subquery here");
            }},
        expr.node);
}

ExprPtr ExpressionBinder::bind_literal(const sql::Literal& literal, sql::Location at) {
    const std::string& text = literal.text;
    switch (literal.kind) {
        case sql::LiteralKind::kNull: return make_literal({}, Type::of(TypeKind::kNull));
        case sql::LiteralKind::kBoolean:
            if (text == "UNKNOWN") return make_literal({}, Type::boolean());
            return make_literal({text == "TRUE"}, Type::boolean().not_null());
        case sql::LiteralKind::kExact: return exact_literal(text, at);
        case sql::LiteralKind::kApproximate: {
            const auto value = parse_double(text);
            if (!value) throw cannot_read(at, "number", text);
            return make_literal({*value}, Type::double_precision().not_null());
        }
        case sql::LiteralKind::kString: return make_literal({text}, Type::string().not_null());
        case sql::LiteralKind::kBinary: return make_literal({text}, Type::bytes().not_null());
        case sql::LiteralKind::kDate: {
            const auto days = parse_date(text);
            if (!days) throw cannot_read(at, "DATE", text);
            return make_literal({std::int64_t{*days}}, Type::of(TypeKind::kDate).not_null());
        }
        case sql::LiteralKind::kTime: {
            const auto millis = parse_time(text);
            if (!millis) throw cannot_read(at, "TIME", text);
            return make_literal({std::int64_t{*millis}}, Type::of(TypeKind::kTime).not_null());
        }
        case sql::LiteralKind::kTimestamp:
        case sql::LiteralKind::kTimestampLtz: break;
    }
    const auto nanos = parse_timestamp(text);
    if (!nanos) throw cannot_read(at, "TIMESTAMP", text);
    if (literal.kind == sql::LiteralKind::kTimestamp)
        return make_literal({*nanos}, Type::timestamp(fraction_digits(text)).not_null());
    return make_literal({settings_.zone->to_utc(*nanos)},
                        Type::timestamp_ltz(fraction_digits(text)).not_null());
}

ExprPtr ExpressionBinder::bind_identifier(const sql::Identifier& identifier, sql::Location at) {
    const Resolved resolved = resolve(scope_, identifier.name);
    ExprPtr expr = make_column(resolved.column, scope_.columns[resolved.column].type);
    for (std::size_t i = resolved.parts; i < identifier.name.parts.size(); ++i) {
        const sql::Name& field = identifier.name.parts[i];
        if (expr->type.kind != TypeKind::kRow) {
            throw SqlError(field.location,
                           "'" + identifier.name.parts[i - 1].text + "' is " +
                               expr->type.with_nullable(true).to_string() + ", it has no field '" +
                               field.text + "'");
        }
        expr = call("FIELD",
                    {std::move(expr), make_literal({field.text}, Type::string().not_null())},
                    field.location);
    }
    static_cast<void>(at);
    return expr;
}

ExprPtr ExpressionBinder::bind_call(const sql::Call& node, sql::Location at) {
    const std::string& name = last_part(node.name);
    if (node.over != nullptr) {
        throw SqlError(at,
                       "OVER may not stand here",
                       "OVER stands in the select list and ORDER BY; a query around it may filter "
                       "what it gives");
    }
    if (!node.within_group.empty()) throw sql::not_supported(at, "WITHIN GROUP");
    if (find_aggregate(name) || find_grouping_call(name)) {
        throw SqlError(node.name.location,
                       "the aggregate " + name + " may not stand here",
                       "aggregates stand in the select list and HAVING of a GROUP BY");
    }
    if (node.filter != nullptr || node.distinct) {
        throw SqlError(at, "DISTINCT and FILTER are for aggregates, " + name + " is none");
    }
    std::string upper = sql::to_upper(name);
    std::vector<ExprPtr> arguments;
    if (is_json_form(upper)) {
        arguments = json_arguments(
            upper, node, [this](const sql::Expr& expr) { return bind(expr); }, settings_);
    }
    for (const sql::Argument& argument : node.arguments) {
        if (is_json_form(upper)) break;
        if (argument.name) {
            throw SqlError(argument.name->location,
                           "arguments of " + name + " are given by position, not by name");
        }
        arguments.push_back(bind(*argument.value));
    }
    auto result = make_call(name, std::move(arguments), settings_);
    if (result) return *std::move(result);
    std::vector<std::string> names = function_names();
    const std::vector<std::string> aggregates = aggregate_names();
    names.insert(names.end(), aggregates.begin(), aggregates.end());
    const bool is_known = std::find(names.begin(), names.end(), upper) != names.end();
    if (is_known) throw SqlError(at, result.error().message);
    if (is_flink_function(upper)) throw sql::not_supported(node.name.location, upper);
    throw SqlError(node.name.location,
                   "there is no function '" + name + "'",
                   sql::did_you_mean(sql::nearest(name, names)));
}

ExprPtr ExpressionBinder::bind_binary(const sql::Binary& binary, sql::Location at) {
    if (binary.op == sql::BinaryOp::kOverlaps) {
        const Periods periods = {
            .left = bind_all(std::get<sql::RowConstructor>(binary.left->node).items),
            .right = bind_all(std::get<sql::RowConstructor>(binary.right->node).items)};
        return overlap(periods, [&](std::string_view name, std::vector<ExprPtr> arguments) {
            return call(name, std::move(arguments), at);
        });
    }
    ExprPtr left = bind(*binary.left);
    ExprPtr right = bind(*binary.right);
    return call(name_of(binary.op), {std::move(left), std::move(right)}, at);
}

ExprPtr ExpressionBinder::bind_is(const sql::IsTest& test, sql::Location at) {
    std::string_view name;
    switch (test.kind) {
        case sql::IsKind::kNull: name = test.negated ? "IS NOT NULL" : "IS NULL"; break;
        case sql::IsKind::kTrue: name = test.negated ? "IS NOT TRUE" : "IS TRUE"; break;
        case sql::IsKind::kFalse: name = test.negated ? "IS NOT FALSE" : "IS FALSE"; break;
        case sql::IsKind::kUnknown: name = test.negated ? "IS NOT UNKNOWN" : "IS UNKNOWN"; break;
        case sql::IsKind::kJsonValue: name = "IS JSON VALUE"; break;
        case sql::IsKind::kJsonObject: name = "IS JSON OBJECT"; break;
        case sql::IsKind::kJsonArray: name = "IS JSON ARRAY"; break;
        case sql::IsKind::kJsonScalar: name = "IS JSON SCALAR"; break;
    }
    ExprPtr result = call(name, {bind(*test.operand)}, at);
    return negate_if(test.negated && test.kind >= sql::IsKind::kJsonValue, std::move(result), at);
}

ExprPtr ExpressionBinder::bind_between(const sql::Between& between, sql::Location at) {
    const ExprPtr operand = bind(*between.operand);
    const ExprPtr low = bind(*between.low);
    const ExprPtr high = bind(*between.high);
    ExprPtr result = call("BETWEEN", {operand, low, high}, at);
    if (between.symmetric)
        result = call("OR", {std::move(result), call("BETWEEN", {operand, high, low}, at)}, at);
    return negate_if(between.negated, std::move(result), at);
}

ExprPtr ExpressionBinder::bind_in(const sql::InList& in, sql::Location at) {
    std::vector<ExprPtr> arguments = {bind(*in.operand)};
    for (const sql::ExprPtr& item : in.items)
        arguments.push_back(bind(*item));
    return negate_if(in.negated, call("IN", std::move(arguments), at), at);
}

ExprPtr ExpressionBinder::bind_like(const sql::Like& like, sql::Location at) {
    std::vector<ExprPtr> arguments = {bind(*like.operand), bind(*like.pattern)};
    if (like.escape != nullptr) arguments.push_back(bind(*like.escape));
    const bool is_like = like.kind == sql::LikeKind::kLike;
    return negate_if(
        like.negated, call(is_like ? "LIKE" : "SIMILAR TO", std::move(arguments), at), at);
}

ExprPtr ExpressionBinder::bind_case(const sql::Case& branches, sql::Location at) {
    std::vector<ExprPtr> arguments;
    const ExprPtr operand = branches.operand == nullptr ? nullptr : bind(*branches.operand);
    for (const sql::CaseBranch& branch : branches.branches) {
        if (operand == nullptr) {
            arguments.push_back(bind_condition(*branch.when, "WHEN"));
        } else {
            arguments.push_back(call("=", {operand, bind(*branch.when)}, branch.when->location));
        }
        arguments.push_back(bind(*branch.then));
    }
    arguments.push_back(branches.otherwise == nullptr ? make_literal({}, Type::of(TypeKind::kNull))
                                                      : bind(*branches.otherwise));
    return call("CASE", std::move(arguments), at);
}

void check_comparable(const Type& type, std::string_view what, sql::Location at) {
    const Physical physical = type.physical();
    if (physical != Physical::kList && physical != Physical::kRow) return;
    throw sql::SqlError(
        at, std::string(what) + " needs values that can be compared, not " + type.to_string());
}

}  // namespace thalweg::plan
