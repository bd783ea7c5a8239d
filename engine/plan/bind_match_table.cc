#include "engine/plan/bind_match.h"
#include "engine/plan/bind_over.h"
#include "engine/plan/bind_query.h"

#include <algorithm>
#include <set>
#include <utility>

// The clauses of MATCH_RECOGNIZE around its expressions.

namespace thalweg::plan {

using sql::SqlError;

namespace {

constexpr std::size_t kVariablesMax = 1'000;

// The pattern, and the variables that it has in the order of their coming.
MatchPattern bind_pattern(const sql::Pattern& pattern, std::vector<std::string>& variables) {
    MatchPattern bound;
    bound.minimum = pattern.minimum;
    bound.maximum = pattern.maximum;
    bound.is_reluctant = pattern.reluctant;
    switch (pattern.kind) {
        case sql::PatternKind::kVariable: {
            const std::string& name = pattern.variable.text;
            const auto found = std::find(variables.begin(), variables.end(), name);
            bound.variable = static_cast<std::uint32_t>(found - variables.begin());
            if (found == variables.end()) variables.push_back(name);
            if (variables.size() > kVariablesMax)
                throw SqlError(pattern.location, "the pattern has too many variables");
            return bound;
        }
        case sql::PatternKind::kSequence: bound.kind = MatchPattern::Kind::kSequence; break;
        case sql::PatternKind::kAlternation: bound.kind = MatchPattern::Kind::kAlternation; break;
        case sql::PatternKind::kPermutation:
            throw SqlError(
                pattern.location, "PERMUTE is not supported yet", "(A B) | (B A) is PERMUTE(A, B)");
        case sql::PatternKind::kExclusion: throw sql::not_supported(pattern.location, "{- -}");
        case sql::PatternKind::kStart: throw sql::not_supported(pattern.location, "^ in PATTERN");
        case sql::PatternKind::kEnd: throw sql::not_supported(pattern.location, "$ in PATTERN");
    }
    for (const sql::Pattern& child : pattern.children) {
        MatchPattern part = bind_pattern(child, variables);
        // (A B) C is A B C.
        const bool is_flat = bound.kind == MatchPattern::Kind::kSequence &&
                             part.kind == MatchPattern::Kind::kSequence && part.minimum == 1 &&
                             part.maximum == 1U;
        if (is_flat) {
            std::move(
                part.children.begin(), part.children.end(), std::back_inserter(bound.children));
        } else {
            bound.children.push_back(std::move(part));
        }
    }
    return bound;
}

void check_pattern(const MatchPattern& pattern, sql::Location at) {
    if (step_count(pattern) > MatchProgram::kStepsMax)
        throw SqlError(at, "the pattern has too many repetitions");
    if (is_plain(pattern) && ends_greedily(pattern)) {
        throw SqlError(at,
                       "a greedy quantifier may not be the last element of a pattern: nothing "
                       "tells where it ends",
                       "end the pattern with a variable, or with a reluctant quantifier: B+?");
    }
    const MatchProgram program(pattern);
    if (program.can_end(program.start())) {
        throw SqlError(at,
                       "the pattern may match no row at all",
                       "at least one of its variables must not be optional");
    }
}

std::uint32_t find_variable(const sql::Name& name, const std::vector<std::string>& variables) {
    const auto found = std::find(variables.begin(), variables.end(), name.text);
    if (found == variables.end())
        throw SqlError(name.location, "there is no variable '" + name.text + "' in PATTERN");
    return static_cast<std::uint32_t>(found - variables.begin());
}

void bind_skip(const sql::MatchRecognize& match, MatchSpec& spec) {
    switch (match.skip) {
        case sql::SkipKind::kPastLastRow: spec.skip = MatchSkip::kPastLastRow; return;
        case sql::SkipKind::kDefault:
        case sql::SkipKind::kToNextRow: spec.skip = MatchSkip::kToNextRow; return;
        case sql::SkipKind::kToFirst: spec.skip = MatchSkip::kToFirst; break;
        case sql::SkipKind::kToLast: spec.skip = MatchSkip::kToLast; break;
    }
    spec.skip_variable = find_variable(*match.skip_variable, spec.variables);
}

void bind_within(const sql::MatchRecognize& match, const ExprSettings& settings, MatchSpec& spec) {
    if (match.within == nullptr) return;
    const Scope nothing;
    ExpressionBinder binder(nothing, settings);
    const ExprPtr bound = binder.bind(*match.within);
    const auto* const value = std::get_if<std::int64_t>(&bound->literal.data);
    const bool is_interval = bound->kind == ExprKind::kLiteral &&
                             bound->type.kind == TypeKind::kIntervalDaySecond && value != nullptr;
    if (!is_interval || *value <= 0)
        throw SqlError(match.within->location,
                       "WITHIN must be a constant interval of days to seconds, and positive",
                       "such as INTERVAL '10' MINUTE");
    spec.within_ns = *value;
}

void refuse(const sql::MatchRecognize& match, sql::Location at) {
    if (match.all_rows_per_match)
        throw SqlError(at, "ALL ROWS PER MATCH is not supported yet", "ONE ROW PER MATCH");
    if (!match.subsets.empty()) throw sql::not_supported(match.subsets[0].name.location, "SUBSET");
    if (match.measures.empty()) throw SqlError(at, "MATCH_RECOGNIZE needs MEASURES");
}

void bind_time_order(const sql::MatchRecognize& match,
                     const Scope& scope,
                     const ExprSettings& settings,
                     sql::Location at,
                     MatchSpec& spec) {
    ExpressionBinder binder(scope, settings);
    const auto is_time = [&](std::size_t column) {
        const Role role = scope.columns[column].role;
        return role == Role::kRowtime || role == Role::kWindowTime || role == Role::kProctime;
    };
    for (const sql::OrderItem& item : match.order_by) {
        const ExprPtr bound = binder.bind(*item.expr);
        if (bound->kind != ExprKind::kColumn)
            throw sql::not_supported(item.expr->location, "ORDER BY an expression in a pattern");
        check_sortable(bound->type, "ORDER BY", item.expr->location);
        SortItem sorted = sort_item(item);
        sorted.column = bound->column;
        if (spec.order.empty() && is_time(bound->column) && item.descending)
            throw SqlError(item.expr->location,
                           "the order of MATCH_RECOGNIZE must be ascending in time");
        spec.order.push_back(sorted);
    }
    if (spec.order.empty() || !is_time(spec.order[0].column)) {
        throw SqlError(match.order_by.empty() ? at : match.order_by[0].expr->location,
                       "MATCH_RECOGNIZE must be ordered by a row time or processing time first",
                       "a table has one by WATERMARK FOR or PROCTIME()");
    }
    spec.is_event_time = scope.columns[spec.order[0].column].role != Role::kProctime;
    // No two rows arrive at once: further columns decide nothing.
    if (!spec.is_event_time) spec.order.resize(1);
}

// The columns of PARTITION BY.
void bind_partition(const sql::MatchRecognize& match,
                    const Scope& scope,
                    const ExprSettings& settings,
                    MatchSpec& spec) {
    ExpressionBinder binder(scope, settings);
    for (const sql::ExprPtr& expr : match.partition_by) {
        const ExprPtr bound = binder.bind(*expr);
        if (bound->kind != ExprKind::kColumn)
            throw SqlError(expr->location,
                           "PARTITION BY of MATCH_RECOGNIZE takes columns",
                           "a subquery before it may compute them");
        check_sortable(bound->type, "PARTITION BY", expr->location);
        if (std::find(spec.partition.begin(), spec.partition.end(), bound->column) ==
            spec.partition.end())
            spec.partition.push_back(bound->column);
    }
}

std::vector<ExprPtr> bind_defines(const sql::MatchRecognize& match,
                                  const std::vector<std::string>& variables,
                                  MatchBinder& binder) {
    std::vector<ExprPtr> conditions(variables.size());
    for (const sql::NamedExpr& define : match.defines) {
        const std::uint32_t variable = find_variable(define.name, variables);
        if (conditions[variable] != nullptr)
            throw SqlError(define.name.location,
                           "the variable '" + define.name.text + "' is defined twice");
        conditions[variable] = binder.bind_condition(*define.expr, variable);
    }
    return conditions;
}

}  // namespace

QueryBinder::From QueryBinder::bind_match(const sql::MatchRecognize& match,
                                          const sql::TableRef& ref) {
    refuse(match, ref.location);
    From input = bind_from(*match.input);
    Match node;
    MatchSpec& spec = node.spec;
    spec.pattern = bind_pattern(match.pattern, spec.variables);
    check_pattern(spec.pattern, match.pattern.location);
    bind_partition(match, input.scope, expr_settings_, spec);
    bind_time_order(match, input.scope, expr_settings_, ref.location, spec);
    bind_skip(match, spec);
    bind_within(match, expr_settings_, spec);

    std::vector<ExprPtr> inputs = identity(*input.rel);
    const std::size_t time = spec.order[0].column;
    MatchBinder defines(input.scope, expr_settings_, spec.variables, inputs, time);
    defines.use_current_row();
    const std::vector<ExprPtr> conditions = bind_defines(match, spec.variables, defines);
    MatchBinder measures(input.scope, expr_settings_, spec.variables, inputs, time);
    std::vector<ExprPtr> shown;
    std::vector<ColumnInfo> columns;
    for (const std::size_t column : spec.partition) {
        shown.push_back(measures.partition_column(column));
        columns.push_back(
            {input.scope.columns[column].name, shown.back()->type, Role::kPlain, nullptr});
    }
    for (const sql::NamedExpr& measure : match.measures) {
        auto [expr, role] = measures.bind_measure(*measure.expr);
        columns.push_back({measure.name.text, expr->type, role, nullptr});
        shown.push_back(std::move(expr));
    }
    spec.defines = defines.finish(conditions);
    spec.measures = measures.finish(shown);
    node.input = with_columns(input.rel, std::move(inputs));
    return aliased(make_rel(std::move(columns), std::move(node)), ref, "");
}

}  // namespace thalweg::plan
