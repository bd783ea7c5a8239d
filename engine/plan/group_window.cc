#include "engine/plan/group_window.h"

#include "engine/plan/bind_window.h"
#include "engine/plan/catalog.h"
#include "engine/sql/children.h"
#include "engine/sql/token.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg::plan {

using sql::SqlError;

namespace {

std::optional<WindowKind> kind_of(std::string_view name) {
    if (name == "TUMBLE") return WindowKind::kTumble;
    if (name == "HOP") return WindowKind::kHop;
    if (name == "SESSION") return WindowKind::kSession;
    return std::nullopt;
}

// Reads TUMBLE(ts, size), HOP(ts, slide, size), SESSION(ts, gap), or what asks about such a one:
// all but its time.
WindowSpec read_window(WindowKind kind, const sql::Call& call, sql::Location at) {
    const std::size_t count = kind == WindowKind::kHop ? 3 : 2;
    if (call.arguments.size() != count) {
        constexpr std::string_view kHop = "a time attribute, the slide and the size";
        throw SqlError(
            at,
            sql::to_upper(last_part(call.name)) + " takes " +
                std::string(kind == WindowKind::kHop       ? kHop
                            : kind == WindowKind::kSession ? "a time attribute and the gap"
                                                           : "a time attribute and the size"));
    }
    WindowSpec spec;
    spec.kind = kind;
    const sql::Expr& size = *call.arguments.back().value;
    spec.size_ns = bind_interval(size, kind == WindowKind::kSession ? "GAP" : "SIZE", false);
    spec.slide_ns = kind == WindowKind::kHop
                        ? bind_interval(*call.arguments[1].value, "SLIDE", false)
                        : spec.size_ns;
    check_overlap(spec, size.location);
    return spec;
}

std::size_t bind_time(const sql::Expr& expr, const Scope& scope, const ExprSettings& settings) {
    ExpressionBinder binder(scope, settings);
    const ExprPtr bound = binder.bind(expr);
    if (bound->kind != ExprKind::kColumn)
        throw SqlError(expr.location,
                       "a window follows a column, a time attribute",
                       "a column AS PROCTIME(), or one with a WATERMARK");
    return bound->column;
}

// The window among the keys, and the keys beside it.
struct Keys {
    const sql::Expr* window = nullptr;
    const sql::GroupingElement* sets = nullptr;  // GROUPING SETS, ROLLUP or CUBE, if there are any.
    std::vector<const sql::Expr*> others;
};

Keys keys_of(const sql::Select& select) {
    Keys keys;
    for (const sql::GroupingElement& element : select.group_by) {
        const bool has_sets = element.kind == sql::GroupingKind::kGroupingSets ||
                              element.kind == sql::GroupingKind::kRollup ||
                              element.kind == sql::GroupingKind::kCube;
        if (has_sets) keys.sets = &element;
        for (const auto& set : element.sets) {
            for (const sql::ExprPtr& expr : set) {
                if (!is_group_window(*expr)) {
                    keys.others.push_back(expr.get());
                    continue;
                }
                if (keys.window != nullptr)
                    throw SqlError(expr->location, "GROUP BY has two windows");
                keys.window = expr.get();
            }
        }
    }
    return keys;
}

// The keys whose sessions they are, as columns, behind those of the input where they are computed.
std::vector<std::size_t> session_keys(const std::vector<const sql::Expr*>& keys,
                                      const ExprSettings& settings,
                                      GroupedInput& input,
                                      std::vector<GroupWindow::ComputedKey>& computed) {
    std::vector<ExprPtr> columns = identity(*input.rel);
    std::vector<std::size_t> partition;
    for (const sql::Expr* const key : keys) {
        ExpressionBinder binder(input.scope, settings);
        ExprPtr bound = binder.bind(*key);
        check_comparable(bound->type, "GROUP BY", key->location);
        if (bound->kind == ExprKind::kLiteral) continue;
        const std::size_t column = position_of(columns, bound);
        if (bound->kind != ExprKind::kColumn) computed.push_back({std::move(bound), column});
        if (std::find(partition.begin(), partition.end(), column) == partition.end())
            partition.push_back(column);
    }
    const std::size_t known = input.rel->columns.size();
    input.rel = with_columns(input.rel, std::move(columns));
    for (std::size_t i = known; i < input.rel->columns.size(); ++i)
        input.scope.columns.push_back(input.rel->columns[i]);
    return partition;
}

// Of TUMBLE_START(..) and its like: which of START, END, ROWTIME and PROCTIME it is.
std::optional<std::size_t> asked_part(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call == nullptr) return std::nullopt;
    const std::string name = sql::to_upper(last_part(call->name));
    const std::size_t line = name.find('_');
    if (line == std::string::npos || !kind_of(name.substr(0, line))) return std::nullopt;
    constexpr std::array<std::string_view, 4> kQuestions = {"START", "END", "ROWTIME", "PROCTIME"};
    const auto* const asked =
        std::find(kQuestions.begin(), kQuestions.end(), std::string_view(name).substr(line + 1));
    if (asked == kQuestions.end()) return std::nullopt;
    return static_cast<std::size_t>(asked - kQuestions.begin());
}

}  // namespace

bool is_group_window(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    return call != nullptr && kind_of(sql::to_upper(last_part(call->name))).has_value();
}

std::optional<GroupWindow> assign_group_window(const sql::Select& select,
                                               const ExprSettings& settings,
                                               const TimeZonePtr& zone,
                                               GroupedInput& input) {
    const Keys keys = keys_of(select);
    if (keys.window == nullptr) return std::nullopt;
    const auto& call = std::get<sql::Call>(keys.window->node);
    WindowSpec spec =
        read_window(*kind_of(sql::to_upper(last_part(call.name))), call, keys.window->location);
    const sql::Expr& time = *call.arguments.front().value;
    GroupWindow found;
    found.time_column = bind_time(time, input.scope, settings);
    const ColumnInfo& column = input.scope.columns[found.time_column];
    check_time(column, column.name, time.location);
    set_time(spec, column, zone);
    found.window = make_window(spec);
    std::vector<std::size_t> partition;
    if (spec.kind == WindowKind::kSession) {
        if (keys.sets != nullptr)
            throw sql::not_supported(keys.sets->location,
                                     "SESSION(..) in a GROUP BY with several sets of keys");
        partition = session_keys(keys.others, settings, input, found.computed_keys);
    }
    std::vector<ColumnInfo> columns = input.rel->columns;
    hide_times(columns);
    hide_times(input.scope.columns);
    found.start_column = columns.size();
    for (ColumnInfo& each : window_columns(found.window)) {
        input.scope.columns.push_back(each);
        columns.push_back(std::move(each));
    }
    AssignWindow node{input.rel, found.window, found.time_column, std::move(partition)};
    input.rel = make_rel(std::move(columns), std::move(node));
    return found;
}

bool asks_about_window(const sql::Expr& expr) {
    bool found = asked_part(expr).has_value();
    sql::for_each_child(
        expr,
        [&](const sql::Expr& child) { found = found || asks_about_window(child); },
        [](const sql::Query&) {});
    return found;
}

std::optional<WindowQuestion> window_question(const sql::Expr& expr,
                                              const std::optional<GroupWindow>& window,
                                              const Scope& scope,
                                              const ExprSettings& settings) {
    const std::optional<std::size_t> column = asked_part(expr);
    if (!column) return std::nullopt;
    const auto* call = std::get_if<sql::Call>(&expr.node);
    const std::string name = sql::to_upper(last_part(call->name));
    const std::size_t line = name.find('_');
    const auto kind = kind_of(name.substr(0, line));
    const std::string call_text = name.substr(0, line) + "(..)";
    if (!window)
        throw SqlError(expr.location,
                       name + " asks about the window of GROUP BY " + call_text +
                           ", which this query has not");
    const WindowSpec& spec = window->window->spec;
    const WindowSpec read = read_window(*kind, *call, expr.location);
    const bool is_same =
        read.kind == spec.kind && read.size_ns == spec.size_ns && read.slide_ns == spec.slide_ns &&
        bind_time(*call->arguments.front().value, scope, settings) == window->time_column;
    if (!is_same)
        throw SqlError(expr.location,
                       name + " asks about another window than that of GROUP BY",
                       "give it the same arguments");
    if (*column == 2 && !spec.is_event_time)
        throw SqlError(expr.location,
                       name + " needs a window of event time",
                       name.substr(0, line) + "_PROCTIME is the time of processing");
    return WindowQuestion{*column};
}

}  // namespace thalweg::plan
