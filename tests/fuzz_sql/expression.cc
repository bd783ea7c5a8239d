#include "tests/fuzz_sql/expression.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace thalweg::fuzz {

namespace {

std::int64_t wrap(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

std::int64_t number(const Value& value) {
    return std::get<std::int64_t>(value);
}

const std::string& text(const Value& value) {
    return std::get<std::string>(value);
}

// As LIKE without an escape.
bool is_like(std::string_view value, std::string_view pattern) {
    if (pattern.empty()) return value.empty();
    if (pattern.front() == '%') {
        for (std::size_t i = 0; i <= value.size(); ++i) {
            if (is_like(value.substr(i), pattern.substr(1))) return true;
        }
        return false;
    }
    if (value.empty()) return false;
    const bool is_met = pattern.front() == '_' || pattern.front() == value.front();
    return is_met && is_like(value.substr(1), pattern.substr(1));
}

std::string mapped(std::string value, int (*map)(int)) {
    for (char& c : value)
        c = static_cast<char>(map(static_cast<unsigned char>(c)));
    return value;
}

Value arithmetic(ExprOp op, const Row& args) {
    const std::int64_t a = number(args[0]);
    const std::int64_t b = args.size() > 1 ? number(args[1]) : 0;
    const auto left = static_cast<std::uint64_t>(a);
    const auto right = static_cast<std::uint64_t>(b);
    switch (op) {
        case ExprOp::kAdd: return wrap(left + right);
        case ExprOp::kSubtract: return wrap(left - right);
        case ExprOp::kMultiply: return wrap(left * right);
        case ExprOp::kDivide: return a / b;
        case ExprOp::kModulo: return a % b;
        case ExprOp::kNegate: return wrap(0 - left);
        default: return a < 0 ? wrap(0 - left) : a;  // kAbs
    }
}

Value compare(ExprOp op, const Value& a, const Value& b) {
    switch (op) {
        case ExprOp::kEqual: return a == b;
        case ExprOp::kNotEqual: return a != b;
        case ExprOp::kLess: return a < b;
        case ExprOp::kLessOrEqual: return a <= b;
        case ExprOp::kGreater: return a > b;
        default: return a >= b;  // kGreaterOrEqual
    }
}

Value text_function(ExprOp op, const Row& args) {
    const std::string& a = text(args[0]);
    switch (op) {
        case ExprOp::kLength: return static_cast<std::int64_t>(a.size());
        case ExprOp::kUpper: return mapped(a, std::toupper);
        case ExprOp::kLower: return mapped(a, std::tolower);
        case ExprOp::kConcat: return a + text(args[1]);
        case ExprOp::kLike: return is_like(a, text(args[1]));
        case ExprOp::kReverse: return std::string(a.rbegin(), a.rend());
        default: break;  // kSubstring
    }
    const auto from = static_cast<std::size_t>(number(args[1]) - 1);
    if (from >= a.size()) return std::string();
    return a.substr(from, static_cast<std::size_t>(number(args[2])));
}

// Of values that are not NULL.
Value strict(ExprOp op, const Row& args) {
    switch (op) {
        case ExprOp::kAdd:
        case ExprOp::kSubtract:
        case ExprOp::kMultiply:
        case ExprOp::kDivide:
        case ExprOp::kModulo:
        case ExprOp::kNegate:
        case ExprOp::kAbs: return arithmetic(op, args);
        case ExprOp::kEqual:
        case ExprOp::kNotEqual:
        case ExprOp::kLess:
        case ExprOp::kLessOrEqual:
        case ExprOp::kGreater:
        case ExprOp::kGreaterOrEqual: return compare(op, args[0], args[1]);
        case ExprOp::kNot: return !std::get<bool>(args[0]);
        case ExprOp::kIntAsText: return std::to_string(number(args[0]));
        case ExprOp::kSecondOf: return number(args[0]) / 1000 % 60;
        case ExprOp::kFloorToMinute: return number(args[0]) / 60'000 * 60'000;
        case ExprOp::kSecondsBetween: return (number(args[1]) - number(args[0])) / 1000;
        case ExprOp::kAddSeconds: return number(args[0]) + number(args[1]) * 1000;
        case ExprOp::kGreatest: return *std::max_element(args.begin(), args.end());
        case ExprOp::kLeast: return *std::min_element(args.begin(), args.end());
        default: return text_function(op, args);
    }
}

Value negation(const Value& value) {
    return is_null(value) ? value : Value(!std::get<bool>(value));
}

Value both(const Value& a, const Value& b) {
    const auto is_false = [](const Value& value) { return value == Value(false); };
    if (is_false(a) || is_false(b)) return false;
    if (is_null(a) || is_null(b)) return {};
    return true;
}

Value either(const Value& a, const Value& b) {
    return negation(both(negation(a), negation(b)));
}

Value compare_or_null(ExprOp op, const Value& a, const Value& b) {
    return is_null(a) || is_null(b) ? Value() : compare(op, a, b);
}

Value among(const Row& args) {
    Value found = false;
    for (std::size_t i = 1; i < args.size(); ++i)
        found = either(found, compare_or_null(ExprOp::kEqual, args[0], args[i]));
    return found;
}

Value first_known(const Row& args) {
    for (const Value& value : args) {
        if (!is_null(value)) return value;
    }
    return {};
}

Value chosen(const Row& args) {
    for (std::size_t i = 0; i + 1 < args.size(); i += 2) {
        if (is_true(args[i])) return args[i + 1];
    }
    return args.back();
}

// The functions that look at NULLs; nothing where `op` is none of them.
bool lenient(ExprOp op, const Row& args, Value& result) {
    switch (op) {
        case ExprOp::kIsDistinct: result = args[0] != args[1]; return true;
        case ExprOp::kIsNotDistinct: result = args[0] == args[1]; return true;
        case ExprOp::kBetween:
            result = both(compare_or_null(ExprOp::kGreaterOrEqual, args[0], args[1]),
                          compare_or_null(ExprOp::kLessOrEqual, args[0], args[2]));
            return true;
        case ExprOp::kIn: result = among(args); return true;
        case ExprOp::kAnd: result = both(args[0], args[1]); return true;
        case ExprOp::kOr: result = either(args[0], args[1]); return true;
        case ExprOp::kIsUnknown:
        case ExprOp::kIsNull: result = is_null(args[0]); return true;
        case ExprOp::kIsNotNull: result = !is_null(args[0]); return true;
        case ExprOp::kIsTrue: result = is_true(args[0]); return true;
        case ExprOp::kIsNotTrue: result = !is_true(args[0]); return true;
        case ExprOp::kIsFalse: result = args[0] == Value(false); return true;
        case ExprOp::kCase: result = chosen(args); return true;
        case ExprOp::kCoalesce: result = first_known(args); return true;
        case ExprOp::kNullIf: result = args[0] == args[1] ? Value() : args[0]; return true;
        default: return false;
    }
}

std::string case_sql(const std::vector<std::string>& args) {
    std::string sql = "CASE";
    for (std::size_t i = 0; i + 1 < args.size(); i += 2)
        sql += " WHEN " + args[i] + " THEN " + args[i + 1];
    return sql + " ELSE " + args.back() + " END";
}

std::string call_sql(const char* name, const std::vector<std::string>& args) {
    std::string sql = std::string(name) + "(";
    for (std::size_t i = 0; i < args.size(); ++i)
        sql += (i == 0 ? "" : ", ") + args[i];
    return sql + ")";
}

std::string among_sql(const std::vector<std::string>& args) {
    const std::vector<std::string> rest(args.begin() + 1, args.end());
    return "(" + args[0] + " " + call_sql("IN ", rest) + ")";
}

const char* infix(ExprOp op) {
    switch (op) {
        case ExprOp::kAdd: return " + ";
        case ExprOp::kSubtract: return " - ";
        case ExprOp::kMultiply: return " * ";
        case ExprOp::kDivide: return " / ";
        case ExprOp::kModulo: return " % ";
        case ExprOp::kEqual: return " = ";
        case ExprOp::kNotEqual: return " <> ";
        case ExprOp::kLess: return " < ";
        case ExprOp::kLessOrEqual: return " <= ";
        case ExprOp::kGreater: return " > ";
        case ExprOp::kGreaterOrEqual: return " >= ";
        case ExprOp::kIsDistinct: return " IS DISTINCT FROM ";
        case ExprOp::kIsNotDistinct: return " IS NOT DISTINCT FROM ";
        case ExprOp::kLike: return " LIKE ";
        case ExprOp::kAnd: return " AND ";
        case ExprOp::kOr: return " OR ";
        case ExprOp::kConcat: return " || ";
        default: return nullptr;
    }
}

const char* postfix(ExprOp op) {
    switch (op) {
        case ExprOp::kIsNull: return " IS NULL)";
        case ExprOp::kIsNotNull: return " IS NOT NULL)";
        case ExprOp::kIsTrue: return " IS TRUE)";
        case ExprOp::kIsNotTrue: return " IS NOT TRUE)";
        case ExprOp::kIsFalse: return " IS FALSE)";
        case ExprOp::kIsUnknown: return " IS UNKNOWN)";
        default: return nullptr;
    }
}

const char* function_name(ExprOp op) {
    switch (op) {
        case ExprOp::kAbs: return "ABS";
        case ExprOp::kLength: return "CHAR_LENGTH";
        case ExprOp::kUpper: return "UPPER";
        case ExprOp::kLower: return "LOWER";
        case ExprOp::kSubstring: return "SUBSTRING";
        case ExprOp::kReverse: return "REVERSE";
        case ExprOp::kCoalesce: return "COALESCE";
        case ExprOp::kNullIf: return "NULLIF";
        case ExprOp::kGreatest: return "GREATEST";
        default: return "LEAST";
    }
}

}  // namespace

Expr column_of(std::size_t column, Kind kind) {
    return {ExprOp::kColumn, kind, column, {}, {}};
}

Expr literal_of(Value value, Kind kind) {
    return {ExprOp::kLiteral, kind, 0, std::move(value), {}};
}

Expr shifted(Expr expr, std::size_t columns) {
    expr.column += columns;
    for (Expr& arg : expr.args)
        arg = shifted(std::move(arg), columns);
    return expr;
}

bool has_column(const Expr& expr) {
    return expr.op == ExprOp::kColumn ||
           std::any_of(
               expr.args.begin(), expr.args.end(), [](const Expr& arg) { return has_column(arg); });
}

Value evaluate(const Expr& expr, const Row& row) {
    if (expr.op == ExprOp::kColumn) return row[expr.column];
    if (expr.op == ExprOp::kLiteral) return expr.literal;
    Row args;
    for (const Expr& arg : expr.args)
        args.push_back(evaluate(arg, row));
    Value result;
    if (lenient(expr.op, args, result)) return result;
    if (std::any_of(args.begin(), args.end(), is_null)) return {};
    return strict(expr.op, args);
}

std::string to_sql(const Expr& expr, const std::vector<std::string>& names) {
    if (expr.op == ExprOp::kColumn) return names[expr.column];
    if (expr.op == ExprOp::kLiteral) return literal_sql(expr.literal, expr.kind);
    std::vector<std::string> args;
    for (const Expr& arg : expr.args)
        args.push_back(to_sql(arg, names));
    if (const char* const word = infix(expr.op)) return "(" + args[0] + word + args[1] + ")";
    if (const char* const word = postfix(expr.op)) return "(" + args[0] + word;
    switch (expr.op) {
        case ExprOp::kNegate: return "(- " + args[0] + ")";
        case ExprOp::kNot: return "(NOT " + args[0] + ")";
        case ExprOp::kAddSeconds: return "(" + args[0] + " + INTERVAL '" + args[1] + "' SECOND)";
        case ExprOp::kBetween:
            return "(" + args[0] + " BETWEEN " + args[1] + " AND " + args[2] + ")";
        case ExprOp::kIn: return among_sql(args);
        case ExprOp::kSecondOf: return "EXTRACT(SECOND FROM " + args[0] + ")";
        case ExprOp::kFloorToMinute: return "FLOOR(" + args[0] + " TO MINUTE)";
        case ExprOp::kSecondsBetween:
            return "TIMESTAMPDIFF(SECOND, " + args[0] + ", " + args[1] + ")";
        case ExprOp::kIntAsText: return "CAST(" + args[0] + " AS STRING)";
        case ExprOp::kCase: return case_sql(args);
        default: return call_sql(function_name(expr.op), args);
    }
}

}  // namespace thalweg::fuzz
