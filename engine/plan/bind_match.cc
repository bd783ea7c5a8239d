#include "engine/plan/bind_match.h"

#include "engine/plan/bind_over.h"
#include "engine/plan/catalog.h"
#include "engine/plan/gathering.h"
#include "engine/sql/token.h"
#include "engine/sql/unparse.h"

#include <algorithm>
#include <limits>

namespace thalweg::plan {

using sql::SqlError;

namespace {

constexpr std::size_t kReferencesMax = 1'000;

// The fields that stand behind a column's name.
ExprPtr field_of(ExprPtr expr,
                 const sql::QualifiedName& name,
                 std::size_t first,
                 const ExprSettings& settings) {
    for (std::size_t i = first; i < name.parts.size(); ++i) {
        const sql::Name& field = name.parts[i];
        auto result =
            make_call("FIELD",
                      {std::move(expr), make_literal({field.text}, Type::string().not_null())},
                      settings);
        if (!result) throw SqlError(field.location, result.error().message);
        expr = *std::move(result);
    }
    return expr;
}

void check_aggregate(const sql::Call& call, AggregateKind kind, sql::Location at) {
    if (is_distinct(call) && minds_repetition(kind))
        throw sql::not_supported(at, "DISTINCT in an aggregate of MATCH_RECOGNIZE");
    if (!call.within_group.empty()) throw sql::not_supported(at, "WITHIN GROUP");
    if (call.arguments.size() > (kind == AggregateKind::kListAgg ? 2U : 1U))
        throw SqlError(at, last_part(call.name) + " takes one argument");
}

}  // namespace

ExprPtr MatchBinder::bind_condition(const sql::Expr& expr, std::uint32_t variable) {
    defined_ = variable;
    ExpressionBinder binder(scope_, settings_);
    binder.set_intercept([this](const sql::Expr& each) { return intercept(each); });
    ExprPtr bound = binder.bind_condition(expr, "DEFINE");
    defined_.reset();
    return bound;
}

std::pair<ExprPtr, Role> MatchBinder::bind_measure(const sql::Expr& expr) {
    ExprPtr bound = bind(expr);
    Role role = Role::kPlain;
    if (const auto* call = std::get_if<sql::Call>(&expr.node)) {
        const std::string name = sql::to_upper(last_part(call->name));
        if (name == "MATCH_ROWTIME") role = Role::kRowtime;
        if (name == "MATCH_PROCTIME") role = Role::kProctime;
    }
    return {std::move(bound), role};
}

ExprPtr MatchBinder::partition_column(std::size_t column) {
    MatchReference first;
    first.is_first = true;
    return make_reference(first, column);
}

MatchExpressions MatchBinder::finish(const std::vector<ExprPtr>& bound) const {
    MatchExpressions result{references_, aggregates_, {}};
    const std::size_t width = inputs_.size();
    std::vector<ExprPtr> columns;
    for (const Entry& entry : entries_) {
        const std::size_t column = entry.kind == Entry::Kind::kReference
                                       ? result.reference_column(entry.index, entry.column, width)
                                   : entry.kind == Entry::Kind::kAggregate
                                       ? result.aggregate_column(entry.index, width)
                                       : result.time_column(width);
        columns.push_back(make_column(column, entry.type));
    }
    for (const ExprPtr& expr : bound)
        result.expressions.push_back(expr == nullptr ? nullptr : substitute(expr, columns));
    return result;
}

ExprPtr MatchBinder::bind(const sql::Expr& expr) {
    ExpressionBinder binder(scope_, settings_);
    binder.set_intercept([this](const sql::Expr& each) { return intercept(each); });
    return binder.bind(expr);
}

std::optional<ExprPtr> MatchBinder::intercept(const sql::Expr& expr) {
    if (const auto* identifier = std::get_if<sql::Identifier>(&expr.node))
        return bind_column(*identifier, expr.location);
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call == nullptr || call->over != nullptr) return std::nullopt;
    return bind_function(*call, expr);
}

std::optional<ExprPtr> MatchBinder::bind_function(const sql::Call& call, const sql::Expr& expr) {
    const std::string name = sql::to_upper(last_part(call.name));
    const sql::Location at = expr.location;
    if (name == "FIRST" || name == "LAST") return bind_logical(call, name == "FIRST", at);
    if (name == "PREV") return bind_previous(call, at);
    if (name == "MATCH_ROWTIME") return bind_time(call, at);
    if (name == "NEXT") {
        throw SqlError(at,
                       "NEXT looks at rows that have not come yet, and is not supported",
                       "a variable behind it in PATTERN takes the next row: PATTERN (A B)");
    }
    if (name == "CLASSIFIER" || name == "MATCH_NUMBER") throw sql::not_supported(at, name);
    if (name == "MATCH_PROCTIME") {
        if (!call.arguments.empty()) throw SqlError(at, "MATCH_PROCTIME takes no argument");
        auto result = make_call("PROCTIME", {}, settings_);
        if (!result) throw SqlError(at, result.error().message);
        return *std::move(result);
    }
    if (const auto kind = find_aggregate(name)) return bind_aggregate(call, *kind, expr);
    return std::nullopt;
}

std::optional<std::uint32_t> MatchBinder::variable_of(const sql::QualifiedName& name) const {
    if (name.parts.size() < 2) return std::nullopt;
    const auto found = std::find(variables_.begin(), variables_.end(), name.parts[0].text);
    if (found == variables_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - variables_.begin());
}

ExprPtr MatchBinder::bind_column(const sql::Identifier& identifier, sql::Location at) {
    const std::optional<std::uint32_t> variable = variable_of(identifier.name);
    sql::QualifiedName name = identifier.name;
    if (variable) name.parts.erase(name.parts.begin());
    if (place_.has_column && place_.variable != variable && place_.is_logical)
        throw SqlError(at, "FIRST and LAST take columns of one pattern variable");
    place_.has_column = true;
    place_.variable = variable;
    const Resolved resolved = resolve(scope_, name);
    MatchReference reference;
    reference.variable = variable;
    reference.is_first = place_.is_first;
    reference.offset = place_.offset;
    reference.rows_back = place_.rows_back;
    const bool is_last = !reference.is_first && reference.offset == 0;
    if (defined_ && variable == defined_ && is_last) reference.variable.reset();
    ExprPtr bound = make_reference(reference, resolved.column);
    if (references_.size() > kReferencesMax)
        throw SqlError(at, "MATCH_RECOGNIZE looks at too many rows");
    return field_of(std::move(bound), name, resolved.parts, settings_);
}

ExprPtr MatchBinder::make_reference(const MatchReference& reference, std::size_t column) {
    const auto found = std::find(references_.begin(), references_.end(), reference);
    const auto index = static_cast<std::size_t>(found - references_.begin());
    if (found == references_.end()) references_.push_back(reference);
    const bool is_certain =
        !reference.variable && reference.offset == 0 && reference.rows_back == 0;
    Type type = scope_.columns[column].type;
    if (!is_certain) type.nullable = true;
    return make_entry({Entry::Kind::kReference, index, column, std::move(type)});
}

ExprPtr MatchBinder::make_entry(Entry entry) {
    Type type = entry.type;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry& other = entries_[i];
        if (other.kind == entry.kind && other.index == entry.index && other.column == entry.column)
            return make_column(i, std::move(type));
    }
    entries_.push_back(std::move(entry));
    return make_column(entries_.size() - 1, std::move(type));
}

ExprPtr MatchBinder::bind_logical(const sql::Call& call, bool is_first, sql::Location at) {
    const std::string name = is_first ? "FIRST" : "LAST";
    if (place_.is_logical) throw SqlError(at, "FIRST and LAST may not stand in each other");
    if (call.arguments.empty() || call.arguments.size() > 2)
        throw SqlError(at, name + " takes an expression, and perhaps how many rows away");
    const Place outer = place_;
    place_.is_logical = true;
    place_.is_first = is_first;
    place_.offset = bind_count(call, 0);
    place_.has_column = false;
    ExprPtr bound = bind(*call.arguments[0].value);
    if (!place_.has_column) throw SqlError(at, name + " needs a column in its expression");
    place_ = outer;
    return bound;
}

ExprPtr MatchBinder::bind_previous(const sql::Call& call, sql::Location at) {
    if (place_.is_physical || place_.is_logical)
        throw SqlError(at, "PREV may not stand in PREV, FIRST or LAST", "PREV(LAST(A.x, 1), 2)");
    if (call.arguments.empty() || call.arguments.size() > 2)
        throw SqlError(at, "PREV takes an expression, and perhaps how many rows back");
    const Place outer = place_;
    place_.is_physical = true;
    place_.rows_back = bind_count(call, 1);
    place_.has_column = false;
    ExprPtr bound = bind(*call.arguments[0].value);
    place_ = outer;
    return bound;
}

std::uint32_t MatchBinder::bind_count(const sql::Call& call, std::uint32_t otherwise) {
    constexpr std::int64_t kMost = 1'000'000;
    if (call.arguments.size() < 2) return otherwise;
    const sql::Expr& expr = *call.arguments[1].value;
    const Scope nothing;
    ExpressionBinder binder(nothing, settings_);
    const ExprPtr bound = binder.bind(expr);
    const auto* const value = std::get_if<std::int64_t>(&bound->literal.data);
    if (bound->kind != ExprKind::kLiteral || value == nullptr || *value < 0 || *value > kMost) {
        throw SqlError(expr.location,
                       last_part(call.name) + " expects a literal number of rows, up to " +
                           std::to_string(kMost));
    }
    return static_cast<std::uint32_t>(*value);
}

ExprPtr MatchBinder::bind_time(const sql::Call& call, sql::Location at) {
    if (defined_) throw SqlError(at, "MATCH_ROWTIME stands in MEASURES only");
    const ColumnInfo& time = scope_.columns[time_column_];
    if (time.role == Role::kProctime) {
        throw SqlError(at,
                       "MATCH_ROWTIME needs ORDER BY a row time",
                       "MATCH_PROCTIME() is the time of a match by processing time");
    }
    if (call.arguments.size() > 1) throw SqlError(at, "MATCH_ROWTIME takes one argument at most");
    if (!call.arguments.empty()) {
        const sql::Expr& argument = *call.arguments[0].value;
        const auto* const identifier = std::get_if<sql::Identifier>(&argument.node);
        if (identifier == nullptr || resolve(scope_, identifier->name).column != time_column_)
            throw SqlError(
                argument.location,
                "the argument of MATCH_ROWTIME is the row time of ORDER BY, '" + time.name + "'");
    }
    return make_entry({Entry::Kind::kTime, 0, 0, time.type.not_null()});
}

ExprPtr MatchBinder::bind_aggregate(const sql::Call& call,
                                    AggregateKind kind,
                                    const sql::Expr& expr) {
    const sql::Location at = expr.location;
    if (place_.is_logical || place_.is_physical)
        throw SqlError(at, "an aggregate may not stand in FIRST, LAST or PREV");
    MatchAggregate aggregate;
    aggregate.text = sql::to_sql(expr);
    if (is_gathering(call)) return bind_gathered(call, at, std::move(aggregate));
    check_aggregate(call, kind, at);
    aggregate.call.kind = kind;
    if (kind == AggregateKind::kListAgg) aggregate.call.separator = bind_separator(call, at);
    bool has_column = false;
    const bool is_star =
        call.arguments.empty() || std::holds_alternative<sql::Star>(call.arguments[0].value->node);
    if (is_star) {
        bind_star(call, at, aggregate);
    } else {
        ExprPtr value = bind_argument(*call.arguments[0].value, aggregate.variable, has_column);
        auto type = aggregate_result_type(kind, value->type);
        if (!type) throw SqlError(at, type.error().message);
        const bool is_count = kind == AggregateKind::kCount;
        aggregate.call.argument_type = value->type;
        aggregate.call.result_type = is_count ? *type : type->with_nullable(true);
        aggregate.call.argument = input_of(std::move(value));
    }
    return add_aggregate(call, at, std::move(aggregate), has_column);
}

// ARRAY_AGG and its like.
ExprPtr MatchBinder::bind_gathered(const sql::Call& call,
                                   sql::Location at,
                                   MatchAggregate aggregate) {
    if (call.distinct) throw sql::not_supported(at, "DISTINCT in an aggregate of MATCH_RECOGNIZE");
    bool has_column = false;
    const auto bind = [&](const sql::Expr& expr) {
        return bind_argument(expr, aggregate.variable, has_column);
    };
    Gathering gathering = bind_gathering(call, bind, settings_, at);
    aggregate.call = std::move(gathering.call);
    aggregate.call.argument = input_of(std::move(gathering.element));
    return gathering.finish(add_aggregate(call, at, std::move(aggregate), has_column));
}

// Takes the filter and gives what stands for the result.
ExprPtr MatchBinder::add_aggregate(const sql::Call& call,
                                   sql::Location at,
                                   MatchAggregate aggregate,
                                   bool has_column) {
    if (call.filter != nullptr) {
        ExprPtr filter = bind_argument(*call.filter, aggregate.variable, has_column);
        if (filter->type.kind != TypeKind::kBoolean)
            throw SqlError(call.filter->location, "FILTER expects a BOOLEAN");
        aggregate.call.filter = input_of(std::move(filter));
    }
    if (aggregates_.size() == kAggregatesMax)
        throw SqlError(at, "at most " + std::to_string(kAggregatesMax) + " aggregates in a clause");
    const Type type = aggregate.call.result_type;
    aggregates_.push_back(std::move(aggregate));
    return make_entry({Entry::Kind::kAggregate, aggregates_.size() - 1, 0, type});
}

// COUNT(*), of all rows of the match.
void MatchBinder::bind_star(const sql::Call& call, sql::Location at, MatchAggregate& aggregate) {
    if (aggregate.call.kind != AggregateKind::kCount || call.distinct)
        throw SqlError(at, last_part(call.name) + "(*) is not an aggregate, only COUNT(*) is");
    aggregate.call.kind = AggregateKind::kCountStar;
    aggregate.call.result_type = Type::bigint().not_null();
}

// LISTAGG's second argument, a literal; without one a comma.
std::string MatchBinder::bind_separator(const sql::Call& call, sql::Location at) {
    if (call.arguments.size() < 2) return ",";
    const ExprPtr separator = bind(*call.arguments[1].value);
    const auto* const text = std::get_if<std::string>(&separator->literal.data);
    if (separator->kind != ExprKind::kLiteral || text == nullptr)
        throw SqlError(at, "LISTAGG's separator must be a string literal");
    return *text;
}

// What an aggregate reads of each row, over the columns of the input.
ExprPtr MatchBinder::bind_argument(const sql::Expr& expr,
                                   std::optional<std::uint32_t>& variable,
                                   bool& has_column) {
    ExpressionBinder binder(scope_, settings_);
    binder.set_intercept([&](const sql::Expr& each) -> std::optional<ExprPtr> {
        if (const auto* call = std::get_if<sql::Call>(&each.node)) {
            const std::string name = sql::to_upper(last_part(call->name));
            if (name == "FIRST" || name == "LAST" || name == "PREV" || find_aggregate(name))
                throw SqlError(each.location, name + " may not stand in an aggregate");
        }
        const auto* const identifier = std::get_if<sql::Identifier>(&each.node);
        if (identifier == nullptr) return std::nullopt;
        const std::optional<std::uint32_t> of = variable_of(identifier->name);
        sql::QualifiedName name = identifier->name;
        if (of) name.parts.erase(name.parts.begin());
        if (has_column && of != variable)
            throw SqlError(each.location, "an aggregate is over the rows of one pattern variable");
        has_column = true;
        variable = of;
        const Resolved resolved = resolve(scope_, name);
        return field_of(make_column(resolved.column, scope_.columns[resolved.column].type),
                        name,
                        resolved.parts,
                        settings_);
    });
    return binder.bind(expr);
}

std::size_t MatchBinder::input_of(ExprPtr expr) {
    const auto found = std::find_if(
        inputs_.begin(), inputs_.end(), [&](const ExprPtr& each) { return equal(*each, *expr); });
    if (found != inputs_.end()) return static_cast<std::size_t>(found - inputs_.begin());
    inputs_.push_back(std::move(expr));
    return inputs_.size() - 1;
}

}  // namespace thalweg::plan
