#include "ops/expr/functions.h"
#include "ops/expr/program.h"
#include "ops/expr/type_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return result;
}

struct ParameterName {
    Parameter parameter;
    std::string_view name;
};

constexpr std::array kParameterNames = {
    ParameterName{Parameter::kAny, "any type"},
    ParameterName{Parameter::kBoolean, "BOOLEAN"},
    ParameterName{Parameter::kInt, "INT"},
    ParameterName{Parameter::kBigint, "BIGINT"},
    ParameterName{Parameter::kDouble, "DOUBLE"},
    ParameterName{Parameter::kDecimal, "DECIMAL"},
    ParameterName{Parameter::kInteger, "an integer type"},
    ParameterName{Parameter::kNumeric, "a numeric type"},
    ParameterName{Parameter::kString, "STRING"},
    ParameterName{Parameter::kBinary, "BYTES"},
    ParameterName{Parameter::kDate, "DATE"},
    ParameterName{Parameter::kTime, "TIME"},
    ParameterName{Parameter::kTimestamp, "TIMESTAMP"},
    ParameterName{Parameter::kTimestampLtz, "TIMESTAMP_LTZ"},
    ParameterName{Parameter::kYearMonth, "INTERVAL YEAR TO MONTH"},
    ParameterName{Parameter::kDaySecond, "INTERVAL DAY TO SECOND"},
    ParameterName{Parameter::kArray, "ARRAY"},
    ParameterName{Parameter::kMap, "MAP"},
    ParameterName{Parameter::kRow, "ROW"},
    ParameterName{Parameter::kLiteralString, "a string literal"},
};

std::string_view name_of(Parameter parameter) {
    for (const ParameterName& entry : kParameterNames) {
        if (entry.parameter == parameter) return entry.name;
    }
    return "";
}

bool fits_as_is(Parameter parameter, const ExprPtr& argument) {
    const Type& type = argument->type;
    if (type.kind == TypeKind::kNull) {
        return parameter != Parameter::kArray && parameter != Parameter::kMap &&
               parameter != Parameter::kRow && parameter != Parameter::kLiteralString;
    }
    switch (parameter) {
        case Parameter::kAny: return true;
        case Parameter::kBoolean: return type.kind == TypeKind::kBoolean;
        case Parameter::kInt: return type.is_integer() && type.kind != TypeKind::kBigint;
        case Parameter::kBigint: return type.kind == TypeKind::kBigint;
        case Parameter::kDouble: return type.kind == TypeKind::kDouble;
        case Parameter::kDecimal: return type.kind == TypeKind::kDecimal;
        case Parameter::kInteger: return type.is_integer();
        case Parameter::kNumeric: return type.is_numeric();
        case Parameter::kString: return type.is_character();
        case Parameter::kBinary: return type.is_binary();
        case Parameter::kDate: return type.kind == TypeKind::kDate;
        case Parameter::kTime: return type.kind == TypeKind::kTime;
        case Parameter::kTimestamp: return type.kind == TypeKind::kTimestamp;
        case Parameter::kTimestampLtz: return type.kind == TypeKind::kTimestampLtz;
        case Parameter::kYearMonth: return type.kind == TypeKind::kIntervalYearMonth;
        case Parameter::kDaySecond: return type.kind == TypeKind::kIntervalDaySecond;
        case Parameter::kArray: return type.kind == TypeKind::kArray;
        case Parameter::kMap: return type.kind == TypeKind::kMap;
        case Parameter::kRow: return type.kind == TypeKind::kRow;
        case Parameter::kLiteralString: break;
    }
    return type.is_character() && literal_string(argument) != nullptr;
}

// What an argument is cast to for a parameter that it does not fit as it is: nothing if it cannot.
std::optional<Type> cast_for(Parameter parameter, const Type& type) {
    switch (parameter) {
        case Parameter::kBigint:
            if (type.is_integer()) return Type::bigint();
            return std::nullopt;
        case Parameter::kDouble:
            if (type.is_numeric()) return Type::double_precision();
            return std::nullopt;
        case Parameter::kDecimal:
            if (type.is_integer()) return as_decimal(type);
            return std::nullopt;
        case Parameter::kTimestamp:
            if (type.kind == TypeKind::kDate || type.is_character()) return Type::timestamp(3);
            return std::nullopt;
        default: return std::nullopt;
    }
}

// What a bare NULL becomes.
std::optional<Type> null_for(Parameter parameter) {
    switch (parameter) {
        case Parameter::kBoolean: return Type::boolean();
        case Parameter::kInt:
        case Parameter::kInteger:
        case Parameter::kNumeric: return Type::integer();
        case Parameter::kBigint: return Type::bigint();
        case Parameter::kDouble: return Type::double_precision();
        case Parameter::kDecimal: return Type::decimal(10, 0);
        case Parameter::kString: return Type::string();
        case Parameter::kBinary: return Type::bytes();
        case Parameter::kDate: return Type::of(TypeKind::kDate);
        case Parameter::kTime: return Type::of(TypeKind::kTime);
        case Parameter::kTimestamp: return Type::timestamp(3);
        case Parameter::kTimestampLtz: return Type::timestamp_ltz(3);
        case Parameter::kYearMonth: return Type::of(TypeKind::kIntervalYearMonth);
        case Parameter::kDaySecond: return Type::of(TypeKind::kIntervalDaySecond);
        default: return std::nullopt;
    }
}

Parameter parameter_at(const Function& function, std::size_t index) {
    return function.parameters[std::min(index, function.parameters.size() - 1)];
}

bool takes_count(const Function& function, std::size_t count) {
    const std::size_t least = function.parameters.size();
    return function.is_variadic ? count >= least : count == least;
}

bool matches(const Function& function, Arguments arguments, bool with_casts) {
    if (!takes_count(function, arguments.size())) return false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Parameter parameter = parameter_at(function, i);
        if (fits_as_is(parameter, arguments[i])) continue;
        if (!with_casts || !cast_for(parameter, arguments[i]->type).has_value()) return false;
    }
    return true;
}

const Function* resolve(std::span<const Function* const> overloads, Arguments arguments) {
    for (const bool with_casts : {false, true}) {
        for (const Function* const function : overloads) {
            if (matches(*function, arguments, with_casts)) return function;
        }
    }
    return nullptr;
}

std::string usage_of(const Function& function) {
    std::string text = "(";
    for (const Parameter parameter : function.parameters) {
        if (text.size() > 1) text += ", ";
        text += name_of(parameter);
    }
    return text + (function.is_variadic ? ", ...)" : ")");
}

// An operator like + has two dozen forms: a list of them explains nothing.
constexpr std::size_t kUsagesShown = 4;

tl::unexpected<Error> does_not_take(std::span<const Function* const> overloads,
                                    Arguments arguments) {
    std::string text(overloads.front()->name);
    text += " does not take (";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (i != 0) text += ", ";
        text += arguments[i]->type.with_nullable(true).to_string();
    }
    text += ")";
    if (overloads.size() > kUsagesShown) return fail(Code::kInvalid, std::move(text));
    text += ", it takes ";
    for (std::size_t i = 0; i < overloads.size(); ++i) {
        if (i != 0) text += " or ";
        text += usage_of(*overloads[i]);
    }
    return fail(Code::kInvalid, std::move(text));
}

Result<ExprPtr> call_function(const Function& function,
                              std::vector<ExprPtr> arguments,
                              const ExprSettings& settings) {
    if (function.rewrite != nullptr) return function.rewrite(std::move(arguments), settings);
    Type type;
    if (function.bind != nullptr) {
        TRY(Signature signature, function.bind(arguments));
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            TRY(arguments[i], coerce(arguments[i], signature.arguments[i], settings));
        }
        type = std::move(signature.result);
    } else {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const Parameter parameter = parameter_at(function, i);
            const bool is_null = arguments[i]->type.kind == TypeKind::kNull;
            if (!is_null && fits_as_is(parameter, arguments[i])) continue;
            const auto target =
                is_null ? null_for(parameter) : cast_for(parameter, arguments[i]->type);
            if (!target.has_value()) continue;
            TRY(arguments[i], coerce(arguments[i], *target, settings));
        }
        type = function.result(arguments);
    }
    TRY(ExprPtr call, make_bound_call(function, std::move(arguments), std::move(type), settings));
    return fold(std::move(call));
}

bool is_foldable(const Expr& expr) {
    if (expr.kind == ExprKind::kColumn || expr.kind == ExprKind::kLiteral) return false;
    if (expr.kind == ExprKind::kCall && expr.function->volatility != Volatility::kPure)
        return false;
    return std::all_of(expr.arguments.begin(), expr.arguments.end(), [](const ExprPtr& argument) {
        return argument->kind == ExprKind::kLiteral;
    });
}

// In arithmetic a bare NULL is of the type of the other side.
Result<std::vector<ExprPtr>> with_typed_null(std::string_view name,
                                             std::vector<ExprPtr> arguments,
                                             const ExprSettings& settings) {
    constexpr std::string_view kOperators = "+-*/%";
    if (arguments.size() != 2 || name.size() != 1) return arguments;
    if (kOperators.find(name[0]) == std::string_view::npos) return arguments;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const Type& other = arguments[1 - i]->type;
        if (arguments[i]->type.kind != TypeKind::kNull || !other.is_numeric()) continue;
        TRY(arguments[i], coerce(arguments[i], other, settings));
    }
    return arguments;
}

// A literal in a branch of AND or OR: `decides` ends it, its opposite changes nothing.
enum class LogicLiteral { kNone, kDecides, kDrops };

LogicLiteral logic_literal(ExprKind kind, const ExprPtr& argument) {
    const Value* const value = literal_of(argument);
    if (value == nullptr || value->is_null()) return LogicLiteral::kNone;
    const bool decides = std::get<bool>(value->data) == (kind == ExprKind::kOr);
    return decides ? LogicLiteral::kDecides : LogicLiteral::kDrops;
}

}  // namespace

Result<ExprPtr> make_bound_call(const Function& function,
                                std::vector<ExprPtr> arguments,
                                Type type,
                                const ExprSettings& settings) {
    Expr expr;
    expr.kind = ExprKind::kCall;
    expr.function = &function;
    const bool any_nullable =
        std::any_of(arguments.begin(), arguments.end(), [](const ExprPtr& argument) {
            return argument->type.nullable;
        });
    switch (function.nullability) {
        case Nullability::kFromArguments: type.nullable = any_nullable; break;
        case Nullability::kFromRule: type.nullable = type.nullable || any_nullable; break;
        case Nullability::kAlways: type.nullable = true; break;
        case Nullability::kNever: type.nullable = false; break;
    }
    expr.type = std::move(type);
    if (function.prepare != nullptr) {
        TRY(expr.prepared, function.prepare(arguments, expr.type, settings));
    }
    expr.arguments = std::move(arguments);
    return std::make_shared<const Expr>(std::move(expr));
}

ExprPtr fold(ExprPtr expr) {
    if (!is_foldable(*expr)) return expr;
    Program program({expr}, 1);
    OpContext context;
    const auto columns = program.run({.columns = {}, .selection = Selection::all(1)}, context);
    if (context.failed()) return expr;
    return make_literal(value_at(*columns[0], 0), expr->type);
}

Result<ExprPtr> coerce(ExprPtr argument, const Type& target, const ExprSettings& settings) {
    if (same_but_null(argument->type, target)) return argument;
    return make_cast(std::move(argument), target, CastMode::kCast, settings);
}

Result<ExprPtr> make_logic(ExprKind kind,
                           std::vector<ExprPtr> arguments,
                           const ExprSettings& settings) {
    const bool is_and = kind == ExprKind::kAnd;
    Expr expr;
    expr.kind = kind;
    expr.type = Type::boolean().not_null();
    for (const ExprPtr& argument : arguments) {
        const TypeKind argument_kind = argument->type.kind;
        if (argument_kind != TypeKind::kBoolean && argument_kind != TypeKind::kNull) {
            return fail(Code::kInvalid,
                        std::string(is_and ? "AND" : "OR") + " takes BOOLEAN, not " +
                            argument->type.with_nullable(true).to_string());
        }
        TRY(ExprPtr condition, coerce(argument, Type::boolean(), settings));
        const LogicLiteral literal = logic_literal(kind, condition);
        if (literal == LogicLiteral::kDecides) return condition;
        if (literal == LogicLiteral::kDrops) continue;
        expr.type.nullable = expr.type.nullable || condition->type.nullable;
        if (condition->kind == kind) {
            expr.arguments.insert(
                expr.arguments.end(), condition->arguments.begin(), condition->arguments.end());
        } else {
            expr.arguments.push_back(std::move(condition));
        }
    }
    if (expr.arguments.empty()) return make_literal({is_and}, Type::boolean());
    if (expr.arguments.size() == 1) return expr.arguments.front();
    return fold(std::make_shared<const Expr>(std::move(expr)));
}

Result<ExprPtr> make_case(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    if (arguments.size() < 2) return fail(Code::kInvalid, "CASE needs a WHEN and a THEN");
    if (arguments.size() % 2 == 0) arguments.push_back(make_literal({}, Type{}));
    std::vector<Type> types;
    for (std::size_t i = 1; i < arguments.size(); i += 2)
        types.push_back(arguments[i]->type);
    types.push_back(arguments.back()->type);
    const Result<Type> common = common_type(types);
    if (!common) return fail(Code::kInvalid, "CASE: " + common.error().message);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool is_condition = i % 2 == 0 && i + 1 < arguments.size();
        const TypeKind kind = arguments[i]->type.kind;
        if (is_condition && kind != TypeKind::kBoolean && kind != TypeKind::kNull) {
            return fail(Code::kInvalid,
                        "CASE WHEN takes BOOLEAN, not " +
                            arguments[i]->type.with_nullable(true).to_string());
        }
        TRY(arguments[i], coerce(arguments[i], is_condition ? Type::boolean() : *common, settings));
    }
    Expr expr;
    expr.kind = ExprKind::kCase;
    expr.type = *common;
    expr.arguments = std::move(arguments);
    return fold(std::make_shared<const Expr>(std::move(expr)));
}

Result<ExprPtr> make_call(std::string_view name,
                          std::vector<ExprPtr> arguments,
                          const ExprSettings& settings) {
    const std::span<const Function* const> overloads = find_functions(upper(name));
    if (overloads.empty())
        return fail(Code::kUnsupported, "there is no function " + std::string(name));
    TRY(arguments, with_typed_null(name, std::move(arguments), settings));
    const Function* const function = resolve(overloads, arguments);
    if (function == nullptr) return does_not_take(overloads, arguments);
    return call_function(*function, std::move(arguments), settings);
}

}  // namespace thalweg
