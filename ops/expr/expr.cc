#include "ops/expr/expr.h"

#include "ops/expr/functions.h"
#include "state/text/decimal.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <array>
#include <bit>
#include <utility>

namespace thalweg {

namespace {

std::string quoted(std::string_view text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'') result += '\'';
        result += c;
    }
    return result + "'";
}

std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text = "X'";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text + "'";
}

std::string literal_to_string(const Value& value, const Type& type);

std::string list_to_string(const Value::List& values, const Type& type) {
    std::string text = type.kind == TypeKind::kRow   ? "ROW("
                       : type.kind == TypeKind::kMap ? "MAP["
                                                     : "ARRAY[";
    const std::vector<Field>& fields = *type.fields;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) text += ", ";
        text += literal_to_string(values[i], fields[i % fields.size()].type);
    }
    return text + (type.kind == TypeKind::kRow ? ")" : "]");
}

std::string instant_to_string(std::int64_t value, const Type& type) {
    std::string text;
    switch (type.kind) {
        case TypeKind::kDate: append_date(text, static_cast<std::int32_t>(value)); break;
        case TypeKind::kTime:
            append_time(text, static_cast<std::int32_t>(value), type.precision);
            break;
        default: append_timestamp(text, value, type.precision); break;
    }
    return quoted(text);
}

// In the largest unit that divides it.
std::string duration_to_string(std::int64_t nanos) {
    struct Unit {
        std::int64_t nanos;
        std::string_view name;
    };

    constexpr std::array kUnits = {Unit{kNanosPerDay, "DAY"},
                                   Unit{kNanosPerHour, "HOUR"},
                                   Unit{kNanosPerMinute, "MINUTE"},
                                   Unit{kNanosPerSecond, "SECOND"}};
    std::string text = "INTERVAL '";
    for (const Unit& unit : kUnits) {
        if (nanos == 0 || nanos % unit.nanos != 0) continue;
        return text + std::to_string(nanos / unit.nanos) + "' " + std::string(unit.name);
    }
    append_decimal(text, nanos / kNanosPerMilli, 3);
    return text + "' SECOND";
}

std::string integral_to_string(std::int64_t value, const Type& type) {
    switch (type.kind) {
        case TypeKind::kDate: return "DATE " + instant_to_string(value, type);
        case TypeKind::kTime: return "TIME " + instant_to_string(value, type);
        case TypeKind::kTimestamp: return "TIMESTAMP " + instant_to_string(value, type);
        case TypeKind::kTimestampLtz: return "TIMESTAMP_LTZ " + instant_to_string(value, type);
        case TypeKind::kIntervalYearMonth: return "INTERVAL '" + std::to_string(value) + "' MONTH";
        case TypeKind::kIntervalDaySecond: return duration_to_string(value);
        default: return std::to_string(value);
    }
}

std::string literal_to_string(const Value& value, const Type& type) {
    if (value.is_null()) return "NULL";
    if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? "TRUE" : "FALSE";
    if (const auto* integer = std::get_if<std::int64_t>(&value.data))
        return integral_to_string(*integer, type);
    std::string text;
    if (const auto* number = std::get_if<double>(&value.data)) {
        append_double(text, *number);
        return text;
    }
    if (const auto* decimal = std::get_if<Int128>(&value.data)) {
        append_decimal(text, *decimal, type.scale);
        return text;
    }
    if (const auto* bytes = std::get_if<std::string>(&value.data))
        return type.is_binary() ? hexadecimal(*bytes) : quoted(*bytes);
    return list_to_string(std::get<Value::List>(value.data), type);
}

using Names = std::vector<std::string>;

std::string joined(const Expr& expr, const Names& columns, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < expr.arguments.size(); ++i) {
        if (i != 0) text += separator;
        text += to_string(*expr.arguments[i], columns);
    }
    return text;
}

std::string case_to_string(const Expr& expr, const Names& columns) {
    std::string text = "CASE";
    for (std::size_t i = 0; i + 1 < expr.arguments.size(); i += 2) {
        text += " WHEN " + to_string(*expr.arguments[i], columns);
        text += " THEN " + to_string(*expr.arguments[i + 1], columns);
    }
    return text + " ELSE " + to_string(*expr.arguments.back(), columns) + " END";
}

bool is_infix(std::string_view name) {
    static constexpr std::array<std::string_view, 15> kInfix = {"+",
                                                                "-",
                                                                "*",
                                                                "/",
                                                                "%",
                                                                "=",
                                                                "<>",
                                                                "<",
                                                                "<=",
                                                                ">",
                                                                ">=",
                                                                "||",
                                                                "LIKE",
                                                                "IS DISTINCT FROM",
                                                                "IS NOT DISTINCT FROM"};
    for (const std::string_view infix : kInfix) {
        if (infix == name) return true;
    }
    return false;
}

std::string call_to_string(const Expr& expr, const Names& columns) {
    const std::string name(expr.function->name);
    const std::size_t count = expr.arguments.size();
    if (name == "CAST" || name == "TRY_CAST") {
        return name + "(" + to_string(*expr.arguments[0], columns) + " AS " +
               expr.type.with_nullable(true).to_string() + ")";
    }
    if (name == "FIELD")
        return to_string(*expr.arguments[0], columns) + "." +
               std::get<std::string>(expr.arguments[1]->literal.data);
    if (is_infix(name) && count == 2) return "(" + joined(expr, columns, " " + name + " ") + ")";
    if (name.starts_with("IS ") && count == 1)
        return "(" + to_string(*expr.arguments[0], columns) + " " + name + ")";
    if (name == "ARRAY" || name == "MAP") return name + "[" + joined(expr, columns, ", ") + "]";
    return name + "(" + joined(expr, columns, ", ") + ")";
}

// By bits: 0.0 is not -0.0 here, and NaN is itself.
bool same_literal(const Value& a, const Value& b) {
    const auto* const x = std::get_if<double>(&a.data);
    const auto* const y = std::get_if<double>(&b.data);
    if (x == nullptr || y == nullptr) return a == b;
    return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
}

}  // namespace

ExprPtr make_column(std::size_t column, Type type) {
    Expr expr;
    expr.kind = ExprKind::kColumn;
    expr.type = std::move(type);
    expr.column = column;
    return std::make_shared<const Expr>(std::move(expr));
}

ExprPtr make_literal(Value value, Type type) {
    Expr expr;
    expr.kind = ExprKind::kLiteral;
    expr.type = type.with_nullable(value.is_null());
    expr.literal = std::move(value);
    return std::make_shared<const Expr>(std::move(expr));
}

ExprPtr substitute(const ExprPtr& expr, const std::vector<ExprPtr>& columns) {
    if (expr->kind == ExprKind::kColumn) return columns.at(expr->column);
    if (expr->arguments.empty()) return expr;
    Expr copy = *expr;
    for (ExprPtr& argument : copy.arguments)
        argument = substitute(argument, columns);
    return std::make_shared<const Expr>(std::move(copy));
}

void mark_columns(const Expr& expr, std::vector<bool>& used) {
    if (expr.kind == ExprKind::kColumn) used.at(expr.column) = true;
    for (const ExprPtr& argument : expr.arguments)
        mark_columns(*argument, used);
}

std::string to_string(const Expr& expr, const std::vector<std::string>& columns) {
    switch (expr.kind) {
        case ExprKind::kColumn: return columns.at(expr.column);
        case ExprKind::kLiteral: return literal_to_string(expr.literal, expr.type);
        case ExprKind::kAnd: return "(" + joined(expr, columns, " AND ") + ")";
        case ExprKind::kOr: return "(" + joined(expr, columns, " OR ") + ")";
        case ExprKind::kCase: return case_to_string(expr, columns);
        case ExprKind::kCall: break;
    }
    return call_to_string(expr, columns);
}

bool equal(const Expr& a, const Expr& b) {
    if (&a == &b) return true;
    if (a.kind != b.kind || a.function != b.function || a.column != b.column) return false;
    if (a.arguments.size() != b.arguments.size() || !(a.type == b.type)) return false;
    if (a.kind == ExprKind::kLiteral) return same_literal(a.literal, b.literal);
    for (std::size_t i = 0; i < a.arguments.size(); ++i) {
        if (!equal(*a.arguments[i], *b.arguments[i])) return false;
    }
    return true;
}

}  // namespace thalweg
