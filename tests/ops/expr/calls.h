#pragma once

#include "ops/expr/expr.h"
#include "ops/expr/program.h"
#include "state/column.h"
#include "state/text/decimal.h"
#include "state/text/timestamp.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Calls of SQL functions on single values, for tables of tests. call() computes a function twice:
// from literals, where it is folded, and from columns, where a program runs it, and says when the
// two differ.

struct Cell {
    Value value;
    Type type;
};

inline Cell null_of(Type type) {
    return {{}, std::move(type)};
}

inline Cell boolean(bool value) {
    return {{value}, Type::boolean().not_null()};
}

inline Cell integral(TypeKind kind, std::int64_t value) {
    return {{value}, Type::of(kind).not_null()};
}

inline Cell tiny(std::int64_t value) {
    return integral(TypeKind::kTinyint, value);
}

inline Cell small(std::int64_t value) {
    return integral(TypeKind::kSmallint, value);
}

inline Cell integer(std::int64_t value) {
    return integral(TypeKind::kInt, value);
}

inline Cell big(std::int64_t value) {
    return integral(TypeKind::kBigint, value);
}

inline Cell real(double value) {
    return {{value}, Type::real().not_null()};
}

inline Cell number(double value) {
    return {{value}, Type::double_precision().not_null()};
}

inline Cell text(std::string value) {
    return {{std::move(value)}, Type::string().not_null()};
}

inline Cell decimal(std::string_view digits, std::int32_t precision, std::int32_t scale) {
    return {{parse_decimal(digits, precision, scale).value()},
            Type::decimal(precision, scale).not_null()};
}

inline Cell date(std::string_view digits) {
    return {{std::int64_t{parse_date(digits).value()}}, Type::of(TypeKind::kDate).not_null()};
}

inline Cell timestamp(std::string_view digits, std::int32_t precision = 3) {
    return {{parse_timestamp(digits).value()}, Type::timestamp(precision).not_null()};
}

inline Cell instant(std::string_view digits, std::int32_t precision = 3) {
    return {{parse_timestamp(digits).value()}, Type::timestamp_ltz(precision).not_null()};
}

inline Cell seconds(std::int64_t count) {
    return integral(TypeKind::kIntervalDaySecond, count * kNanosPerSecond);
}

inline Cell months(std::int64_t count) {
    return integral(TypeKind::kIntervalYearMonth, count);
}

inline ExprPtr literal(const Cell& cell) {
    return make_literal(cell.value, cell.type);
}

// The value as CAST(... AS STRING) shows it, "NULL", or "error: ...".
inline std::string show(const Value& value, const Type& type) {
    if (value.is_null()) return "NULL";
    const auto cast =
        make_cast(make_literal(value, type), Type::string(), CastMode::kCast, ExprSettings{});
    return std::get<std::string>(cast.value()->literal.data);
}

struct Outcome {
    Value value;
    Type type;
    std::string error;

    [[nodiscard]] std::string show() const {
        return error.empty() ? thalweg::show(value, type) : "error: " + error;
    }
};

// A row that is in the middle of others that are NULL, so that kernels meet nulls and selections.
inline Outcome run_on_row(const ExprPtr& expr, const std::vector<Cell>& cells) {
    constexpr std::size_t kRow = 5;
    Arena arena;
    std::vector<Column> columns;
    std::vector<const Column*> pointers;
    columns.reserve(cells.size());
    for (const Cell& cell : cells) {
        Column& column = columns.emplace_back(cell.type);
        for (std::size_t row = 0; row < 2 * kRow; ++row)
            set_value(column, row, row == kRow ? cell.value : Value{}, arena);
        pointers.push_back(&column);
    }
    Program program({expr});
    OpContext context;
    const auto results =
        program.run({.columns = pointers, .selection = Selection::all(2 * kRow)}, context);
    if (context.failed()) return {{}, expr->type, context.error};
    return {value_at(*results[0], kRow), expr->type, ""};
}

// `make` builds the expression from the arguments that it is given.
template <class Make>
Outcome evaluate(const std::vector<Cell>& cells, Make make) {
    std::vector<ExprPtr> literals;
    std::vector<ExprPtr> columns;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        literals.push_back(literal(cells[i]));
        columns.push_back(make_column(i, cells[i].type));
    }
    const Result<ExprPtr> called = make(columns);
    if (!called) return {{}, {}, called.error().message};
    Outcome outcome = run_on_row(*called, cells);
    const Result<ExprPtr> folded = make(literals);
    if (!folded) return {{}, {}, "from literals: " + folded.error().message};
    if (!outcome.error.empty() || (*folded)->kind != ExprKind::kLiteral) return outcome;
    const Outcome constant = {(*folded)->literal, (*folded)->type, ""};
    if (constant.show() != outcome.show()) {
        outcome.error = "folded to " + constant.show() + ", computed as " + outcome.show();
    } else if (!same_but_null(constant.type, outcome.type)) {
        outcome.error = "folded to a " + constant.type.to_string();
    }
    return outcome;
}

inline Outcome call(std::string_view name,
                    const std::vector<Cell>& cells,
                    const ExprSettings& settings = {}) {
    return evaluate(cells, [&](const std::vector<ExprPtr>& arguments) {
        return make_call(name, arguments, settings);
    });
}

inline Outcome cast(const Cell& cell,
                    const Type& target,
                    CastMode mode = CastMode::kCast,
                    const ExprSettings& settings = {}) {
    return evaluate({cell}, [&](const std::vector<ExprPtr>& arguments) {
        return make_cast(arguments[0], target, mode, settings);
    });
}

// One line of a table: a call, the type of its result (without NOT NULL) and its value.
struct CallCase {
    std::string_view name;
    std::vector<Cell> arguments;
    std::string_view type;
    std::string_view value;
};

inline std::string show(const CallCase& each) {
    std::string shown(each.name);
    for (const Cell& cell : each.arguments)
        shown += " " + show(cell.value, cell.type) + ":" + cell.type.to_string();
    return shown;
}

inline void check_calls(const std::vector<CallCase>& cases, const ExprSettings& settings = {}) {
    for (const CallCase& each : cases) {
        INFO(show(each));
        const Outcome outcome = call(each.name, each.arguments, settings);
        CHECK_EQ(outcome.show(), each.value);
        CHECK_EQ(outcome.type.with_nullable(true).to_string(), each.type);
    }
}

// The same; those that fail have no type.
inline void check_calls_or_errors(const std::vector<CallCase>& cases) {
    for (const CallCase& each : cases) {
        INFO(show(each));
        const Outcome outcome = call(each.name, each.arguments);
        CHECK_EQ(outcome.show(), each.value);
        if (outcome.error.empty())
            CHECK_EQ(outcome.type.with_nullable(true).to_string(), each.type);
    }
}

}  // namespace thalweg
