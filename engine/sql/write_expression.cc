#include "engine/sql/literal.h"
#include "engine/sql/sql_writer.h"
#include "engine/sql/token.h"

#include <algorithm>
#include <array>

namespace thalweg::sql {
namespace {

// In the order of TypeKind; kNamed has none.
constexpr auto kTypeWords = std::to_array<std::string_view>({
    "BOOLEAN",       "TINYINT",  "SMALLINT", "INT",       "BIGINT",     "FLOAT",
    "DOUBLE",        "DECIMAL",  "CHAR",     "VARCHAR",   "STRING",     "BINARY",
    "VARBINARY",     "BYTES",    "DATE",     "TIME",      "TIMESTAMP",  "TIMESTAMP",
    "TIMESTAMP_LTZ", "INTERVAL", "ARRAY",    "MULTISET",  "MAP",        "ROW",
    "RAW",           "VARIANT",  "BITMAP",   "GEOGRAPHY", "DESCRIPTOR", "",
});
static_assert(kTypeWords.size() == static_cast<std::size_t>(TypeKind::kNamed) + 1);

// In the order of BinaryOp.
constexpr auto kOperators = std::to_array<std::string_view>({
    "OR",
    "AND",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "IS DISTINCT FROM",
    "IS NOT DISTINCT FROM",
    "OVERLAPS",
    "+",
    "-",
    "||",
    "*",
    "/",
    "%",
});
static_assert(kOperators.size() == static_cast<std::size_t>(BinaryOp::kModulo) + 1);

// In the order of IsKind.
constexpr auto kTests = std::to_array<std::string_view>({
    "NULL",
    "TRUE",
    "FALSE",
    "UNKNOWN",
    "JSON VALUE",
    "JSON OBJECT",
    "JSON ARRAY",
    "JSON SCALAR",
});
static_assert(kTests.size() == static_cast<std::size_t>(IsKind::kJsonScalar) + 1);

// Calls that only the grammar of their special form accepts without backticks, and which of them it
// takes with a plain argument list.
struct FormWord {
    std::string_view word;
    bool plain;
};

constexpr auto kFormWords = std::to_array<FormWord>({
    {"CAST", false},         {"TRY_CAST", false},     {"EXISTS", false},
    {"ROW", false},          {"DESCRIPTOR", false},   {"EXTRACT", false},
    {"TRIM", true},          {"POSITION", true},      {"SUBSTRING", true},
    {"OVERLAY", true},       {"CEIL", true},          {"CEILING", true},
    {"FLOOR", true},         {"TIMESTAMPADD", false}, {"TIMESTAMPDIFF", false},
    {"JSON_EXISTS", true},   {"JSON_VALUE", true},    {"JSON_QUERY", true},
    {"JSON_OBJECT", false},  {"JSON_ARRAY", true},    {"JSON_OBJECTAGG", false},
    {"JSON_ARRAYAGG", true}, {"ROLLUP", false},       {"CUBE", false},
});

bool is_plain_word(std::string_view word) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '$'; };
    return letter(word.front()) && std::ranges::all_of(word, part);
}

bool needs_quotes(std::string_view word) {
    return !is_plain_word(word) || opens_clause(word) || begins_special_form(word);
}

bool is_keyword(const Argument& argument) {
    return std::holds_alternative<Keyword>(argument.value->node);
}

const Keyword* keyword_argument(const Call& call) {
    for (const Argument& argument : call.arguments) {
        if (const auto* keyword = std::get_if<Keyword>(&argument.value->node)) return keyword;
    }
    return nullptr;
}

// Whether the argument list is one that a special form would read as well.
bool has_plain_arguments(const Call& call) {
    return !call.distinct && !call.arguments.empty() &&
           std::ranges::none_of(call.arguments, [](const Argument& argument) {
               return argument.name || std::holds_alternative<Star>(argument.value->node) ||
                      std::holds_alternative<TableArgument>(argument.value->node);
           });
}

bool is_operator(const Expr& expr) {
    return std::holds_alternative<Unary>(expr.node) || std::holds_alternative<Binary>(expr.node) ||
           std::holds_alternative<IsTest>(expr.node) ||
           std::holds_alternative<Between>(expr.node) ||
           std::holds_alternative<InList>(expr.node) ||
           std::holds_alternative<InQuery>(expr.node) || std::holds_alternative<Like>(expr.node);
}

}  // namespace

void SqlWriter::write(const Expr& expr) {
    std::visit([&](const auto& alternative) { node(alternative); }, expr.node);
}

// What stands next to an operator.
void SqlWriter::operand(const Expr& expr) {
    const bool parentheses = is_operator(expr);
    if (parentheses) out_ += '(';
    write(expr);
    if (parentheses) out_ += ')';
}

// What stands before [ or a dot.
void SqlWriter::postfix_operand(const Expr& expr, bool before_dot) {
    const auto* call = std::get_if<Call>(&expr.node);
    const bool bare = (call != nullptr && !call->over && !call->without_parentheses) ||
                      std::holds_alternative<Subscript>(expr.node) ||
                      std::holds_alternative<FieldAccess>(expr.node) ||
                      (!before_dot && std::holds_alternative<Identifier>(expr.node));
    if (!bare) out_ += '(';
    write(expr);
    if (!bare) out_ += ')';
}

void SqlWriter::expressions(const std::vector<ExprPtr>& items) {
    list(items, [&](const ExprPtr& item) { write(*item); });
}

void SqlWriter::name(const Name& name) {
    if (!needs_quotes(name.text)) {
        out_ += name.text;
        return;
    }
    backticks(name.text);
}

void SqlWriter::backticks(std::string_view word) {
    out_ += '`';
    for (const char letter : word) {
        if (letter == '`') out_ += '`';
        out_ += letter;
    }
    out_ += '`';
}

void SqlWriter::names(const std::vector<Name>& names) {
    list(names, [&](const Name& each) { name(each); });
}

void SqlWriter::write(const QualifiedName& qualified) {
    for (std::size_t i = 0; i < qualified.parts.size(); ++i) {
        if (i > 0) out_ += '.';
        name(qualified.parts[i]);
    }
}

void SqlWriter::quoted(std::string_view value) {
    out_ += '\'';
    for (const char letter : value) {
        if (letter == '\'') out_ += '\'';
        out_ += letter;
    }
    out_ += '\'';
}

void SqlWriter::node(const Literal& literal) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    switch (literal.kind) {
        case LiteralKind::kNull: out_ += "NULL"; return;
        case LiteralKind::kBoolean:
        case LiteralKind::kExact:
        case LiteralKind::kApproximate: out_ += literal.text; return;
        case LiteralKind::kString: break;
        case LiteralKind::kDate: out_ += "DATE "; break;
        case LiteralKind::kTime: out_ += "TIME "; break;
        case LiteralKind::kTimestamp: out_ += "TIMESTAMP "; break;
        case LiteralKind::kTimestampLtz: out_ += "TIMESTAMP_LTZ "; break;
        case LiteralKind::kBinary:
            out_ += "X'";
            for (const char letter : literal.text) {
                const auto byte = static_cast<unsigned char>(letter);
                out_ += kHex[byte >> 4U];
                out_ += kHex[byte & 15U];
            }
            out_ += '\'';
            return;
    }
    quoted(literal.text);
}

void SqlWriter::node(const IntervalLiteral& literal) {
    out_ += literal.negative ? "INTERVAL -" : "INTERVAL ";
    quoted(literal.text);
    out_ += ' ';
    out_ += time_unit_name(literal.first);
    if (literal.last == literal.first) return;
    out_ += " TO ";
    out_ += time_unit_name(literal.last);
}

void SqlWriter::node(const Identifier& identifier) {
    write(identifier.name);
}

void SqlWriter::node(const Star& star) {
    for (const Name& part : star.qualifier) {
        name(part);
        out_ += '.';
    }
    out_ += '*';
}

void SqlWriter::node(const Keyword& keyword) {
    out_ += keyword.text;
}

void SqlWriter::node(const Descriptor& descriptor) {
    out_ += "DESCRIPTOR(";
    names(descriptor.columns);
    out_ += ')';
}

void SqlWriter::function_name(const Call& call) {
    const std::string& word = call.name.parts.front().text;
    const auto* form = std::ranges::find_if(
        kFormWords, [&](const FormWord& each) { return same_keyword(each.word, word); });
    bool bare = is_plain_word(word);
    if (form != kFormWords.end()) {
        bare = keyword_argument(call) != nullptr || (form->plain && has_plain_arguments(call));
    } else if (is_reserved(word)) {
        bare = is_reserved_function(word);
    }
    if (call.name.parts.size() == 1 && bare) {
        out_ += word;
    } else if (call.name.parts.size() == 1) {
        backticks(word);
    } else {
        write(call.name);
    }
}

void SqlWriter::node(const Call& call) {
    function_name(call);
    if (call.without_parentheses) return;
    out_ += '(';
    if (call.distinct) out_ += "DISTINCT ";
    arguments(call);
    out_ += ')';
    call_tail(call);
}

void SqlWriter::arguments(const Call& call) {
    const Keyword* const keyword = keyword_argument(call);
    const std::string word = to_upper(call.name.parts.front().text);
    const std::size_t count = call.arguments.size();
    // The word between the arguments i - 1 and i.
    const auto separator = [&](std::size_t i) -> std::string_view {
        if (keyword == nullptr) return ", ";
        if (word.starts_with("JSON_")) {
            const bool is_word = is_keyword(call.arguments[i - 1]) || is_keyword(call.arguments[i]);
            return is_word ? " " : ", ";
        }
        if (word == "EXTRACT" && i == 1) return " FROM ";
        if (word == "TRIM" && i == 1) return " ";
        if (word == "TRIM" && i == 2) return " FROM ";
        if (i == 1 && !std::holds_alternative<Keyword>(call.arguments[0].value->node))
            return " TO ";
        return ", ";
    };
    for (std::size_t i = 0; i < count; ++i) {
        const Argument& argument = call.arguments[i];
        if (i > 0) out_ += separator(i);
        if (argument.name) {
            name(*argument.name);
            out_ += " => ";
        }
        // POSITION reads its first argument up to an IN.
        if (word == "POSITION") {
            operand(*argument.value);
        } else {
            write(*argument.value);
        }
    }
}

void SqlWriter::call_tail(const Call& call) {
    if (!call.within_group.empty()) {
        out_ += " WITHIN GROUP (ORDER BY ";
        order_items(call.within_group);
        out_ += ')';
    }
    if (call.nulls == NullTreatment::kIgnore) out_ += " IGNORE NULLS";
    if (call.nulls == NullTreatment::kRespect) out_ += " RESPECT NULLS";
    if (call.filter) {
        out_ += " FILTER (WHERE ";
        write(*call.filter);
        out_ += ')';
    }
    if (!call.over) return;
    out_ += " OVER ";
    window(*call.over);
}

void SqlWriter::node(const TableArgument& argument) {
    out_ += "TABLE ";
    table(*argument.table);
    if (!argument.partition_by.empty()) {
        out_ += " PARTITION BY (";
        expressions(argument.partition_by);
        out_ += ')';
    }
    if (!argument.order_by.empty()) {
        out_ += " ORDER BY (";
        order_items(argument.order_by);
        out_ += ')';
    }
}

void SqlWriter::node(const Unary& unary) {
    static constexpr auto kSigns = std::to_array<std::string_view>({"-", "+", "NOT "});
    out_ += kSigns[static_cast<std::size_t>(unary.op)];
    operand(*unary.operand);
}

void SqlWriter::node(const Binary& binary) {
    operand(*binary.left);
    out_ += ' ';
    out_ += kOperators[static_cast<std::size_t>(binary.op)];
    out_ += ' ';
    operand(*binary.right);
}

void SqlWriter::node(const IsTest& test) {
    operand(*test.operand);
    out_ += test.negated ? " IS NOT " : " IS ";
    out_ += kTests[static_cast<std::size_t>(test.kind)];
}

void SqlWriter::node(const Between& between) {
    operand(*between.operand);
    out_ += between.negated ? " NOT BETWEEN " : " BETWEEN ";
    if (between.symmetric) out_ += "SYMMETRIC ";
    operand(*between.low);
    out_ += " AND ";
    operand(*between.high);
}

void SqlWriter::node(const InList& in) {
    operand(*in.operand);
    out_ += in.negated ? " NOT IN (" : " IN (";
    expressions(in.items);
    out_ += ')';
}

void SqlWriter::node(const InQuery& in) {
    operand(*in.operand);
    out_ += in.negated ? " NOT IN (" : " IN (";
    write(*in.query);
    out_ += ')';
}

void SqlWriter::node(const Exists& exists) {
    out_ += "EXISTS (";
    write(*exists.query);
    out_ += ')';
}

void SqlWriter::node(const ScalarQuery& scalar) {
    out_ += '(';
    write(*scalar.query);
    out_ += ')';
}

void SqlWriter::node(const Like& like) {
    operand(*like.operand);
    if (like.negated) out_ += " NOT";
    out_ += like.kind == LikeKind::kLike ? " LIKE " : " SIMILAR TO ";
    operand(*like.pattern);
    if (!like.escape) return;
    out_ += " ESCAPE ";
    operand(*like.escape);
}

void SqlWriter::node(const Case& conditional) {
    out_ += "CASE";
    if (conditional.operand) {
        out_ += ' ';
        write(*conditional.operand);
    }
    for (const CaseBranch& branch : conditional.branches) {
        out_ += " WHEN ";
        write(*branch.when);
        out_ += " THEN ";
        write(*branch.then);
    }
    if (conditional.otherwise) {
        out_ += " ELSE ";
        write(*conditional.otherwise);
    }
    out_ += " END";
}

void SqlWriter::node(const Cast& cast) {
    out_ += cast.is_try ? "TRY_CAST(" : "CAST(";
    write(*cast.operand);
    out_ += " AS ";
    write(cast.type);
    out_ += ')';
}

void SqlWriter::node(const ArrayConstructor& array) {
    out_ += "ARRAY[";
    expressions(array.items);
    out_ += ']';
}

void SqlWriter::node(const MapConstructor& map) {
    out_ += "MAP[";
    expressions(map.items);
    out_ += ']';
}

void SqlWriter::node(const RowConstructor& row) {
    out_ += "ROW(";
    expressions(row.items);
    out_ += ')';
}

void SqlWriter::node(const Subscript& subscript) {
    postfix_operand(*subscript.operand, false);
    out_ += '[';
    write(*subscript.index);
    out_ += ']';
}

void SqlWriter::node(const FieldAccess& access) {
    postfix_operand(*access.operand, true);
    out_ += '.';
    name(access.field);
}

void SqlWriter::write(const TypeName& type) {
    if (type.kind == TypeKind::kNamed) {
        // In backticks even where not needed: a plain word must be a built-in type.
        for (std::size_t i = 0; i < type.name->parts.size(); ++i) {
            if (i > 0) out_ += '.';
            backticks(type.name->parts[i].text);
        }
    } else {
        out_ += kTypeWords[static_cast<std::size_t>(type.kind)];
        type_parameters(type);
    }
    if (type.kind == TypeKind::kTimestampTz) out_ += " WITH TIME ZONE";
    if (!type.nullable) out_ += " NOT NULL";
}

void SqlWriter::type_parameters(const TypeName& type) {
    const bool interval = type.kind == TypeKind::kInterval;
    const bool range = interval && type.interval_first != type.interval_last;
    if (interval) out_ += " " + std::string(time_unit_name(type.interval_first));
    if (type.precision) {
        out_ += '(' + std::to_string(*type.precision);
        if (type.scale && !range) out_ += ", " + std::to_string(*type.scale);
        out_ += ')';
    }
    if (range) {
        out_ += " TO " + std::string(time_unit_name(type.interval_last));
        if (type.scale) out_ += '(' + std::to_string(*type.scale) + ')';
    }
    if (!type.elements.empty()) {
        out_ += '<';
        list(type.elements, [&](const TypeName& element) { write(element); });
        out_ += '>';
    }
    if (type.kind != TypeKind::kRow) return;
    out_ += '<';
    list(type.fields, [&](const TypeField& field) {
        name(field.name);
        out_ += ' ';
        write(field.type);
        if (!field.comment) return;
        out_ += ' ';
        text(*field.comment);
    });
    out_ += '>';
}

}  // namespace thalweg::sql
