#include "engine/plan/bind_window.h"

#include "engine/plan/bind_query.h"
#include "engine/sql/suggest.h"
#include "engine/sql/token.h"
#include "state/base/time.h"

#include <algorithm>
#include <array>
#include <utility>

// TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), size [, offset])), HOP(.., slide, size [, offset]) and
// CUMULATE(.., step, size [, offset]) and SESSION(TABLE t [PARTITION BY k], DESCRIPTOR(ts), gap),
// by position or by name.

namespace thalweg::plan {

using sql::SqlError;

namespace {

std::string duration_text(std::int64_t nanos) {
    struct Unit {
        std::int64_t nanos;
        std::string_view name;
    };

    constexpr std::array kUnits = {Unit{kNanosPerDay, " d"},
                                   Unit{kNanosPerHour, " h"},
                                   Unit{kNanosPerMinute, " min"},
                                   Unit{kNanosPerSecond, " s"},
                                   Unit{kNanosPerMilli, " ms"}};
    for (const Unit& unit : kUnits) {
        if (nanos % unit.nanos == 0)
            return std::to_string(nanos / unit.nanos) + std::string(unit.name);
    }
    return std::to_string(nanos) + " ns";
}

std::string_view name_of(WindowKind kind) {
    switch (kind) {
        case WindowKind::kHop: return "HOP";
        case WindowKind::kCumulate: return "CUMULATE";
        case WindowKind::kSession: return "SESSION";
        case WindowKind::kTumble:
        case WindowKind::kAttached: break;
    }
    return "TUMBLE";
}

std::string window_text(const WindowSpec& spec) {
    std::string text = std::string(name_of(spec.kind)) + "(";
    if (spec.kind == WindowKind::kHop) text += "slide " + duration_text(spec.slide_ns) + ", ";
    if (spec.kind == WindowKind::kCumulate) text += "step " + duration_text(spec.slide_ns) + ", ";
    const bool is_session = spec.kind == WindowKind::kSession;
    text += (is_session ? "gap " : "size ") + duration_text(spec.size_ns);
    if (spec.offset_ns != 0) text += ", offset " + duration_text(spec.offset_ns);
    return text + (spec.is_event_time ? ")" : ", processing time)");
}

}  // namespace

std::int64_t bind_interval(const sql::Expr& expr, std::string_view what, bool may_be_negative) {
    const Scope nothing;
    const ExprSettings settings;
    ExpressionBinder binder(nothing, settings);
    const ExprPtr bound = binder.bind(expr);
    if (bound->kind != ExprKind::kLiteral || bound->type.kind != TypeKind::kIntervalDaySecond ||
        bound->literal.is_null()) {
        throw SqlError(expr.location,
                       std::string(what) + " must be a constant interval of days to seconds",
                       "such as INTERVAL '10' MINUTE");
    }
    const std::int64_t value = std::get<std::int64_t>(bound->literal.data);
    if (value <= 0 && !may_be_negative)
        throw SqlError(expr.location, std::string(what) + " must be positive");
    if (value % kNanosPerMilli != 0)
        throw SqlError(expr.location, std::string(what) + " must be whole milliseconds");
    return value;
}

void check_overlap(const WindowSpec& spec, sql::Location at) {
    constexpr std::int64_t kWindowsMax = 1'000'000;
    if (spec.size_ns / spec.slide_ns > kWindowsMax)
        throw SqlError(at, "a row would belong to more than 1,000,000 windows");
}

WindowPtr make_window(const WindowSpec& spec) {
    return std::make_shared<const WindowInfo>(WindowInfo{spec, window_text(spec)});
}

bool is_time(const ColumnInfo& column) {
    return column.role == Role::kRowtime || column.role == Role::kProctime ||
           column.role == Role::kWindowTime;
}

void check_time(const ColumnInfo& column, const std::string& name, sql::Location at) {
    if (is_time(column)) return;
    throw SqlError(at,
                   "'" + name + "' is no time attribute",
                   "declare WATERMARK FOR " + name +
                       " AS ... in CREATE TABLE, or a column AS PROCTIME(); a join for all time "
                       "and an aggregate give rows without one");
}

bool is_event_time(const ColumnInfo& column) {
    if (column.role == Role::kWindowTime) return column.window->spec.is_event_time;
    return column.role != Role::kProctime;
}

void set_time(WindowSpec& spec, const ColumnInfo& column, const TimeZonePtr& zone) {
    spec.is_event_time = is_event_time(column);
    if (column.type.kind == TypeKind::kTimestampLtz) spec.zone = zone;
}

void hide_times(std::vector<ColumnInfo>& columns) {
    for (ColumnInfo& column : columns) {
        column.role = Role::kPlain;
        column.window = nullptr;
    }
}

namespace {

struct Shape {
    std::string_view name;
    WindowKind kind;
    std::vector<std::string_view> parameters;  // OFFSET, the last of most, is optional.

    [[nodiscard]] bool has_offset() const { return kind != WindowKind::kSession; }
};

const std::array<Shape, 4>& shapes() {
    static const std::array<Shape, 4> all = {
        Shape{"TUMBLE", WindowKind::kTumble, {"DATA", "TIMECOL", "SIZE", "OFFSET"}},
        Shape{"HOP", WindowKind::kHop, {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"}},
        Shape{"CUMULATE", WindowKind::kCumulate, {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"}},
        Shape{"SESSION", WindowKind::kSession, {"DATA", "TIMECOL", "GAP"}},
    };
    return all;
}

const Shape& find_shape(const sql::QualifiedName& name) {
    const std::string text = sql::to_upper(last_part(name));
    for (const Shape& shape : shapes()) {
        if (shape.name == text) return shape;
    }
    constexpr std::array<std::string_view, 4> kNames = {"TUMBLE", "HOP", "CUMULATE", "SESSION"};
    throw SqlError(name.location,
                   "there is no table function '" + last_part(name) + "'",
                   sql::did_you_mean(sql::nearest(text, kNames)));
}

// The arguments in the order of the shape's parameters; null where not given.
std::vector<const sql::Expr*> arrange(const Shape& shape, const sql::Call& call, sql::Location at) {
    std::vector<const sql::Expr*> arguments(shape.parameters.size(), nullptr);
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const sql::Argument& argument = call.arguments[i];
        std::size_t position = i;
        if (argument.name) {
            const auto found = std::find(shape.parameters.begin(),
                                         shape.parameters.end(),
                                         sql::to_upper(argument.name->text));
            if (found == shape.parameters.end())
                throw SqlError(
                    argument.name->location,
                    std::string(shape.name) + " has no parameter '" + argument.name->text + "'",
                    sql::did_you_mean(sql::nearest(argument.name->text, shape.parameters)));
            position = static_cast<std::size_t>(found - shape.parameters.begin());
        }
        if (position >= arguments.size())
            throw SqlError(argument.value->location,
                           std::string(shape.name) + " takes at most " +
                               std::to_string(arguments.size()) + " arguments");
        if (arguments[position] != nullptr)
            throw SqlError(argument.value->location,
                           std::string(shape.parameters[position]) + " is given twice");
        arguments[position] = argument.value.get();
    }
    const std::size_t required = arguments.size() - (shape.has_offset() ? 1 : 0);
    for (std::size_t i = 0; i < required; ++i) {
        if (arguments[i] == nullptr)
            throw SqlError(at,
                           std::string(shape.name) + " needs " + std::string(shape.parameters[i]));
    }
    return arguments;
}

WindowSpec read_spec(const Shape& shape, const std::vector<const sql::Expr*>& arguments) {
    WindowSpec spec;
    spec.kind = shape.kind;
    if (spec.kind == WindowKind::kSession) {
        spec.size_ns = spec.slide_ns = bind_interval(*arguments[2], "GAP", false);
        return spec;
    }
    const std::size_t size_at = arguments.size() - 2;
    spec.size_ns = bind_interval(*arguments[size_at], "SIZE", false);
    spec.slide_ns =
        size_at == 2 ? spec.size_ns : bind_interval(*arguments[2], shape.parameters[2], false);
    if (arguments.back() != nullptr)
        spec.offset_ns = bind_interval(*arguments.back(), "OFFSET", true);
    if (shape.kind == WindowKind::kCumulate && spec.size_ns % spec.slide_ns != 0)
        throw SqlError(arguments[size_at]->location,
                       "CUMULATE's SIZE must be a multiple of its STEP");
    if (spec.slide_ns > spec.size_ns && shape.kind == WindowKind::kCumulate)
        throw SqlError(arguments[2]->location, "CUMULATE's STEP is longer than its SIZE");
    check_overlap(spec, arguments[size_at]->location);
    return spec;
}

std::size_t time_column(const sql::Expr& expr, const Scope& scope) {
    const auto* descriptor = std::get_if<sql::Descriptor>(&expr.node);
    if (descriptor == nullptr || descriptor->columns.size() != 1)
        throw SqlError(expr.location, "expected DESCRIPTOR(column) with one time attribute");
    const sql::Name& name = descriptor->columns[0];
    const Resolved resolved = resolve(scope, {{name}, name.location});
    const ColumnInfo& column = scope.columns[resolved.column];
    check_time(column, name.text, name.location);
    return resolved.column;
}

// PARTITION BY of SESSION: columns, each once.
std::vector<std::size_t> partition_columns(const sql::TableArgument& table, const Scope& scope) {
    std::vector<std::size_t> columns;
    for (const sql::ExprPtr& expr : table.partition_by) {
        const auto* identifier = std::get_if<sql::Identifier>(&expr->node);
        if (identifier == nullptr)
            throw SqlError(expr->location, "PARTITION BY of a table takes its columns only");
        const std::size_t column = resolve(scope, identifier->name).column;
        check_comparable(scope.columns[column].type, "PARTITION BY", expr->location);
        if (std::find(columns.begin(), columns.end(), column) == columns.end())
            columns.push_back(column);
    }
    return columns;
}

}  // namespace

QueryBinder::From QueryBinder::bind_table_function(const sql::TableFunction& function,
                                                   const sql::TableRef& ref) {
    const auto& call = std::get<sql::Call>(function.call->node);
    const Shape& shape = find_shape(call.name);
    const std::vector<const sql::Expr*> arguments = arrange(shape, call, function.call->location);
    const auto* table = std::get_if<sql::TableArgument>(&arguments[0]->node);
    if (table == nullptr)
        throw SqlError(arguments[0]->location, "expected TABLE name as the first argument");
    const bool is_session = shape.kind == WindowKind::kSession;
    if ((!table->partition_by.empty() && !is_session) || !table->order_by.empty())
        throw SqlError(
            arguments[0]->location,
            (is_session ? "ORDER BY is not for " : "PARTITION BY and ORDER BY are not for ") +
                std::string(shape.name));
    From input = bind_from(*table->table);
    std::vector<std::size_t> partition = partition_columns(*table, input.scope);
    const std::size_t time = time_column(*arguments[1], input.scope);
    WindowSpec spec = read_spec(shape, arguments);
    set_time(spec, input.scope.columns[time], settings_.zone());
    const WindowPtr window = make_window(spec);
    // Behind a window function the old time attributes are plain timestamps, as in Flink.
    std::vector<ColumnInfo> columns = input.rel->columns;
    hide_times(columns);
    for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i].name = input.scope.columns[i].name;
    for (ColumnInfo& column : window_columns(window))
        columns.push_back(std::move(column));
    AssignWindow node{input.rel, window, time, std::move(partition)};
    return aliased(make_rel(std::move(columns), std::move(node)),
                   ref,
                   ref.alias ? "" : input.scope.relations.front().alias);
}

}  // namespace thalweg::plan
