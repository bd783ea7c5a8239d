#include "engine/plan/bind_json.h"

#include "engine/plan/catalog.h"
#include "engine/sql/sql_error.h"
#include "engine/sql/token.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace thalweg::plan {

namespace {

using sql::SqlError;

constexpr auto kForms = std::to_array<std::string_view>(
    {"JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT", "JSON_QUERY", "JSON_VALUE"});

ExprPtr word(std::string_view text) {
    return make_literal({std::string(text)}, Type::string().not_null());
}

// The text of a keyword, or nothing for any other argument.
std::string_view keyword_of(const sql::Argument& argument) {
    const auto* const keyword = std::get_if<sql::Keyword>(&argument.value->node);
    return keyword == nullptr ? std::string_view() : std::string_view(keyword->text);
}

// What stands behind json and path.
struct Clauses {
    std::string_view returning = "STRING";
    std::string_view wrapper = "WITHOUT";
    std::string_view on_empty = "NULL";
    std::string_view on_error;
    const sql::Expr* empty_default = nullptr;
    const sql::Expr* error_default = nullptr;
};

Clauses read_clauses(const sql::Call& call, std::string_view on_error) {
    constexpr std::string_view kOnEmpty = " ON EMPTY";
    constexpr std::string_view kOnError = " ON ERROR";
    constexpr std::string_view kReturning = "RETURNING ";
    constexpr std::string_view kWrapper = " WRAPPER";
    Clauses clauses;
    clauses.on_error = on_error;
    for (std::size_t i = 2; i < call.arguments.size(); ++i) {
        std::string_view text = keyword_of(call.arguments[i]);
        const sql::Expr* otherwise = nullptr;
        if (text == "DEFAULT") {
            otherwise = call.arguments[i + 1].value.get();
            text = keyword_of(call.arguments[i + 2]);
            i += 2;
        }
        const std::string_view behaviour =
            otherwise != nullptr ? "DEFAULT" : text.substr(0, text.find(" ON "));
        if (text.starts_with(kReturning)) {
            clauses.returning = text.substr(kReturning.size());
        } else if (text.ends_with(kWrapper)) {
            clauses.wrapper = text.starts_with("WITHOUT")            ? "WITHOUT"
                              : text.starts_with("WITH CONDITIONAL") ? "CONDITIONAL"
                                                                     : "UNCONDITIONAL";
        } else if (text == "ON EMPTY" || text.ends_with(kOnEmpty)) {
            clauses.on_empty = behaviour;
            clauses.empty_default = otherwise;
        } else if (text == "ON ERROR" || text.ends_with(kOnError)) {
            clauses.on_error = behaviour;
            clauses.error_default = otherwise;
        }
    }
    return clauses;
}

// The argument of DEFAULT. As a text, a boolean is written as JSON writes it.
ExprPtr bind_default(const sql::Expr* expr,
                     std::string_view returning,
                     const std::function<ExprPtr(const sql::Expr&)>& bind,
                     const ExprSettings& settings) {
    if (expr == nullptr) return make_literal({}, Type{});
    ExprPtr value = bind(*expr);
    if (returning != "STRING" || value->type.kind != TypeKind::kBoolean) return value;
    auto text = make_cast(value, Type::string(), CastMode::kCast, settings);
    if (text) text = make_call("LOWER", {*std::move(text)}, settings);
    if (!text) throw SqlError(expr->location, text.error().message);
    return *std::move(text);
}

// Whether a value is JSON already, and not a text to be quoted.
std::string_view form_of(const sql::Expr& value) {
    const auto* const call = std::get_if<sql::Call>(&value.node);
    if (call == nullptr) return "VALUE";
    const std::string name = sql::to_upper(last_part(call->name));
    return name == "JSON_OBJECT" || name == "JSON_ARRAY" ? "JSON" : "VALUE";
}

// Keys and values, or values alone, and behind each value what it is.
std::vector<ExprPtr> maker_arguments(bool is_object,
                                     const sql::Call& call,
                                     const std::function<ExprPtr(const sql::Expr&)>& bind) {
    std::vector<ExprPtr> arguments = {word(is_object ? "NULL" : "ABSENT")};
    bool is_value = !is_object;
    for (const sql::Argument& argument : call.arguments) {
        const std::string_view keyword = keyword_of(argument);
        if (keyword == "VALUE") {
            is_value = true;
        } else if (!keyword.empty()) {
            arguments[0] = word(keyword.substr(0, keyword.find(' ')));
        } else {
            const bool is_next_key = !is_value && arguments.size() % 3 == 1;
            if (!is_value && !is_next_key)
                throw SqlError(argument.value->location, "JSON_OBJECT takes KEY key VALUE value");
            arguments.push_back(bind(*argument.value));
            if (is_value) arguments.push_back(word(form_of(*argument.value)));
            is_value = !is_object;
        }
    }
    return arguments;
}

}  // namespace

bool is_json_form(std::string_view name) {
    return std::ranges::find(kForms, name) != kForms.end();
}

std::vector<ExprPtr> json_arguments(std::string_view name,
                                    const sql::Call& call,
                                    const std::function<ExprPtr(const sql::Expr&)>& bind,
                                    const ExprSettings& settings) {
    if (name == "JSON_OBJECT" || name == "JSON_ARRAY")
        return maker_arguments(name == "JSON_OBJECT", call, bind);
    if (call.arguments.size() < 2) {
        throw SqlError(call.name.location, std::string(name) + " takes a JSON text and a path");
    }
    const Clauses clauses = read_clauses(call, name == "JSON_EXISTS" ? "FALSE" : "NULL");
    std::vector<ExprPtr> arguments = {bind(*call.arguments[0].value)};
    arguments.push_back(bind(*call.arguments[1].value));
    if (name == "JSON_EXISTS") {
        arguments.push_back(word(clauses.on_error));
    } else if (name == "JSON_QUERY") {
        arguments.push_back(word(clauses.wrapper));
        arguments.push_back(word(clauses.on_empty));
        arguments.push_back(word(clauses.on_error));
    } else {
        const auto otherwise = [&](const sql::Expr* expr) {
            return bind_default(expr, clauses.returning, bind, settings);
        };
        arguments.push_back(word(clauses.returning));
        arguments.push_back(word(clauses.on_empty));
        arguments.push_back(otherwise(clauses.empty_default));
        arguments.push_back(word(clauses.on_error));
        arguments.push_back(otherwise(clauses.error_default));
    }
    return arguments;
}

}  // namespace thalweg::plan
