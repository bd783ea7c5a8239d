// The JSON functions: their clauses become keywords between the arguments, as ast_expression.h
// says.

#include "engine/sql/grammar.h"

#include <string>
#include <string_view>

namespace thalweg::sql {

namespace {

// How RETURNING is written, or nothing for a type that JSON has no values of.
std::string_view returned_type(TypeKind kind) {
    switch (kind) {
        case TypeKind::kString:
        case TypeKind::kVarChar: return "STRING";
        case TypeKind::kBoolean: return "BOOLEAN";
        case TypeKind::kInt: return "INTEGER";
        case TypeKind::kDouble: return "DOUBLE";
        default: return "";
    }
}

}  // namespace

void Grammar::add_keyword(Call& call, Location start, std::string text) {
    add_argument(call, make(since(start), Keyword{std::move(text), std::nullopt}));
}

// JSON_EXISTS, JSON_VALUE and JSON_QUERY: a text, a path, clauses.
ExprPtr Grammar::parse_json_reader() {
    Call call = begin_call();
    const std::string function = to_upper(call.name.parts.front().text);
    add_argument(call, parse_expr());
    expect_symbol(",", "between the JSON text and the path");
    add_argument(call, parse_expr());
    while (!at_symbol(")")) {
        const Location start = here();
        if (function != "JSON_EXISTS" && accept_keyword("RETURNING")) {
            add_keyword(call, start, parse_json_type(function));
            // A NULL behind the type has been read as part of it: RETURNING INT NULL ON EMPTY.
            if (at_keyword("ON")) add_keyword(call, here(), "NULL " + parse_json_event(function));
        } else if (function == "JSON_QUERY" && (at_keyword("WITH") || at_keyword("WITHOUT"))) {
            add_keyword(call, start, parse_json_wrapper());
        } else if (function == "JSON_VALUE" && accept_keyword("DEFAULT")) {
            add_keyword(call, start, "DEFAULT");
            add_argument(call, parse_expr());
            add_keyword(call, here(), parse_json_event(function));
        } else {
            const std::string behaviour = parse_json_behaviour(function);
            add_keyword(call, start, behaviour + " " + parse_json_event(function));
        }
    }
    return finish_json(std::move(call));
}

std::string Grammar::parse_json_type(const std::string& function) {
    const TypeName type = parse_type();
    const std::string_view name = returned_type(type.kind);
    if (name.empty() || (function == "JSON_QUERY" && name != "STRING")) {
        throw not_supported(type.location, "this type behind RETURNING of " + function);
    }
    return "RETURNING " + std::string(name);
}

std::string Grammar::parse_json_wrapper() {
    std::string text = accept_keyword("WITHOUT") ? "WITHOUT" : "";
    if (text.empty()) {
        expect_keyword("WITH");
        text = accept_keyword("CONDITIONAL") ? "WITH CONDITIONAL" : "WITH UNCONDITIONAL";
        accept_keyword("UNCONDITIONAL");
    }
    accept_keyword("ARRAY");
    expect_keyword("WRAPPER");
    return text + " ARRAY WRAPPER";
}

// What is done about nothing, or about an error.
std::string Grammar::parse_json_behaviour(const std::string& function) {
    if (accept_keyword("ERROR")) return "ERROR";
    if (function == "JSON_EXISTS") {
        for (const std::string_view word : {"TRUE", "FALSE", "UNKNOWN"}) {
            if (accept_keyword(word)) return std::string(word);
        }
    } else if (accept_keyword("NULL")) {
        return "NULL";
    }
    if (function == "JSON_QUERY" && accept_keyword("EMPTY")) {
        if (accept_keyword("OBJECT")) return "EMPTY OBJECT";
        expect_keyword("ARRAY");
        return "EMPTY ARRAY";
    }
    fail_expected("a clause of " + function + ", or ')' to close it");
}

std::string Grammar::parse_json_event(const std::string& function) {
    expect_keyword("ON");
    if (function != "JSON_EXISTS" && accept_keyword("EMPTY")) return "ON EMPTY";
    expect_keyword("ERROR");
    return "ON ERROR";
}

// NULL ON NULL or ABSENT ON NULL, before the closing parenthesis.
bool Grammar::accept_json_nulls(Call& call) {
    const Location start = here();
    if (!at_keyword("ON", 1) || !(at_keyword("NULL") || at_keyword("ABSENT"))) return false;
    const bool keeps = accept_keyword("NULL");
    if (!keeps) expect_keyword("ABSENT");
    expect_keyword("ON");
    expect_keyword("NULL");
    add_keyword(call, start, keeps ? "NULL ON NULL" : "ABSENT ON NULL");
    return true;
}

// JSON_OBJECT([KEY] key VALUE value, ...).
ExprPtr Grammar::parse_json_object() {
    Call call = begin_call();
    if (at_symbol(")") || accept_json_nulls(call)) return finish_json(std::move(call));
    do {
        if (at_keyword("KEY") && !at_keyword("VALUE", 1)) take();
        add_argument(call, parse_expr());
        const Location place = here();
        expect_keyword("VALUE");
        add_keyword(call, place, "VALUE");
        add_argument(call, parse_expr());
    } while (accept_symbol(","));
    accept_json_nulls(call);
    return finish_json(std::move(call));
}

// JSON_ARRAY(value, ...).
ExprPtr Grammar::parse_json_array() {
    Call call = begin_call();
    if (at_symbol(")") || accept_json_nulls(call)) return finish_json(std::move(call));
    do {
        add_argument(call, parse_expr());
    } while (accept_symbol(","));
    accept_json_nulls(call);
    return finish_json(std::move(call));
}

ExprPtr Grammar::finish_json(Call call) {
    expect_symbol(")", "to close the argument list of " + call.name.parts.front().text);
    return parse_call_tail(std::move(call));
}

}  // namespace thalweg::sql
