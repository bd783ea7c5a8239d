// Function calls, and the forms that look like one or begin with a word of their own.

#include "engine/sql/grammar.h"
#include "engine/sql/literal.h"

#include <algorithm>
#include <array>

namespace thalweg::sql {
namespace {

constexpr auto kBareFunctions = std::to_array<std::string_view>({
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
});

ExprPtr text_literal(Location location, LiteralKind kind, std::string text) {
    return std::make_unique<Expr>(Expr{location, Literal{kind, std::move(text)}});
}

}  // namespace

// Null when the word at the cursor begins none; nothing is taken then.
ExprPtr Grammar::accept_special_form() {
    const std::string word = to_upper(text(peek()));
    const bool before_string = at_kind(TokenKind::kString, 1);
    if (word == "NULL") return parse_word_literal(LiteralKind::kNull);
    if (word == "TRUE" || word == "FALSE" || word == "UNKNOWN") {
        return parse_word_literal(LiteralKind::kBoolean);
    }
    if (word == "CASE") return parse_case();
    if (word == "INTERVAL") {
        const bool sign = at_symbol("-", 1) || at_symbol("+", 1);
        if (before_string || (sign && at_kind(TokenKind::kString, 2))) return parse_interval();
    }
    if (before_string) {
        if (word == "DATE") return parse_time_literal(LiteralKind::kDate);
        if (word == "TIME") return parse_time_literal(LiteralKind::kTime);
        if (word == "TIMESTAMP") return parse_time_literal(LiteralKind::kTimestamp);
        if (word == "TIMESTAMP_LTZ") return parse_time_literal(LiteralKind::kTimestampLtz);
    }
    if (word == "TIMESTAMP" && at_keyword("WITH", 1) && at_keyword("LOCAL", 2)) {
        return parse_zoned_literal();
    }
    if ((word == "ARRAY" || word == "MAP") && at_symbol("[", 1)) return parse_constructor();
    if (at_symbol("(", 1)) return accept_function_form(word);
    if (std::ranges::find(kBareFunctions, word) != kBareFunctions.end() && !at_symbol(".", 1)) {
        Call call;
        call.name.parts.push_back(expect_any_name("a function"));
        call.name.location = last();
        call.without_parentheses = true;
        return make(last(), std::move(call));
    }
    return nullptr;
}

ExprPtr Grammar::accept_function_form(const std::string& word) {
    using Rule = ExprPtr (Grammar::*)();

    struct Form {
        std::string_view word;
        Rule rule;
    };

    static constexpr auto kForms = std::to_array<Form>({
        {"CAST", &Grammar::parse_cast},
        {"TRY_CAST", &Grammar::parse_cast},
        {"EXISTS", &Grammar::parse_exists},
        {"ROW", &Grammar::parse_row},
        {"DESCRIPTOR", &Grammar::parse_descriptor},
        {"EXTRACT", &Grammar::parse_extract},
        {"TRIM", &Grammar::parse_trim},
        {"POSITION", &Grammar::parse_position},
        {"SUBSTRING", &Grammar::parse_substring},
        {"OVERLAY", &Grammar::parse_overlay},
        {"CEIL", &Grammar::parse_rounding},
        {"CEILING", &Grammar::parse_rounding},
        {"FLOOR", &Grammar::parse_rounding},
        {"TIMESTAMPADD", &Grammar::parse_timestamp_arithmetic},
        {"TIMESTAMPDIFF", &Grammar::parse_timestamp_arithmetic},
        {"JSON_EXISTS", &Grammar::parse_json_reader},
        {"JSON_VALUE", &Grammar::parse_json_reader},
        {"JSON_QUERY", &Grammar::parse_json_reader},
        {"JSON_OBJECT", &Grammar::parse_json_object},
        {"JSON_ARRAY", &Grammar::parse_json_array},
        {"JSON_OBJECTAGG", &Grammar::parse_json_object},
        {"JSON_ARRAYAGG", &Grammar::parse_json_array},
    });
    for (const Form& form : kForms) {
        if (form.word == word) return (this->*form.rule)();
    }
    return nullptr;
}

ExprPtr Grammar::parse_word_literal(LiteralKind kind) {
    const Token token = take();
    std::string value = kind == LiteralKind::kNull ? "" : to_upper(text(token));
    return make(token.location, Literal{kind, std::move(value)});
}

ExprPtr Grammar::parse_time_literal(LiteralKind kind) {
    const Location start = take().location;
    std::string value = expect_string("a literal").value;
    return make(since(start), Literal{kind, std::move(value)});
}

ExprPtr Grammar::parse_zoned_literal() {
    const Location start = take().location;
    accept_time_zone(true);
    std::string value = expect_string("a timestamp").value;
    return make(since(start), Literal{LiteralKind::kTimestampLtz, std::move(value)});
}

ExprPtr Grammar::parse_interval() {
    const Location start = take().location;
    IntervalLiteral literal;
    literal.negative = accept_symbol("-");
    if (!literal.negative) accept_symbol("+");
    const Text quoted = expect_string("the length of the interval");
    literal.text = quoted.value;
    literal.first = literal.last = parse_interval_unit();
    if (accept_keyword("TO")) {
        literal.last = parse_interval_unit();
        const bool week = literal.first == TimeUnit::kWeek || literal.first == TimeUnit::kQuarter;
        const bool mixed = literal.is_year_month() != (literal.last <= TimeUnit::kMonth);
        if (week || mixed || literal.last <= literal.first || literal.last == TimeUnit::kQuarter) {
            throw SqlError(since(start),
                           "an interval goes from a longer unit to a shorter one",
                           "write YEAR TO MONTH, or two of DAY, HOUR, MINUTE and SECOND");
        }
    }
    decode_interval(literal, quoted.location);
    return make(since(start), std::move(literal));
}

// A unit of an interval literal; its precision is read and has no effect.
TimeUnit Grammar::parse_interval_unit() {
    static constexpr std::string_view kWanted =
        "a unit: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, "
        "MINUTE or SECOND";
    const std::optional<TimeUnit> unit =
        at_kind(TokenKind::kWord) ? time_unit(text(peek())) : std::nullopt;
    if (!unit || *unit < TimeUnit::kYear || *unit > TimeUnit::kSecond) fail_no_unit(kWanted);
    take();
    if (at_symbol("(") && at_kind(TokenKind::kExact, 1)) {
        take();
        expect_number("a precision");
        if (accept_symbol(",")) expect_number("a precision");
        expect_symbol(")", "after the precision");
    }
    return *unit;
}

void Grammar::fail_no_unit(std::string_view wanted) {
    for (const std::string_view unit :
         {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"}) {
        static_cast<void>(at_keyword(unit));  // Remembered, for the hint.
    }
    fail_expected(std::string(wanted));
}

ExprPtr Grammar::parse_unit() {
    const std::optional<TimeUnit> unit =
        at_kind(TokenKind::kWord) ? time_unit(text(peek())) : std::nullopt;
    if (!unit) fail_no_unit("a unit of time such as DAY");
    const Location location = take().location;
    return make(location, Keyword{std::string(time_unit_name(*unit)), unit});
}

ExprPtr Grammar::parse_case() {
    const Location start = take().location;
    Case result;
    if (!at_keyword("WHEN")) result.operand = parse_expr();
    if (!at_keyword("WHEN")) fail_expected("WHEN");
    while (accept_keyword("WHEN")) {
        ExprPtr when = parse_expr();
        expect_keyword("THEN");
        result.branches.push_back({std::move(when), parse_expr()});
        check_list(result.branches.size());
    }
    if (accept_keyword("ELSE")) result.otherwise = parse_expr();
    if (!accept_keyword("END")) fail_expected("WHEN, ELSE or END to close the CASE");
    return make(since(start), std::move(result));
}

ExprPtr Grammar::parse_cast() {
    const Token word = take();
    expect_symbol("(", "");
    ExprPtr operand = parse_expr();
    if (!accept_keyword("AS")) fail_expected("AS and the type to cast to");
    TypeName type = parse_type();
    expect_symbol(")", "to close the CAST");
    const bool is_try = same_keyword(text(word), "TRY_CAST");
    return make(since(word.location), Cast{std::move(operand), std::move(type), is_try});
}

ExprPtr Grammar::parse_constructor() {
    const Token word = take();
    expect_symbol("[", "");
    std::vector<ExprPtr> items;
    if (!at_symbol("]")) items = parse_expr_list();
    expect_symbol("]", "to close the list of " + to_upper(text(word)));
    if (same_keyword(text(word), "ARRAY")) {
        return make(since(word.location), ArrayConstructor{std::move(items)});
    }
    if (items.size() % 2 != 0) {
        throw SqlError(since(word.location), "MAP has a key without a value");
    }
    return make(since(word.location), MapConstructor{std::move(items)});
}

ExprPtr Grammar::parse_row() {
    const Location start = take().location;
    expect_symbol("(", "");
    std::vector<ExprPtr> items;
    if (!at_symbol(")")) items = parse_expr_list();
    expect_symbol(")", "to close the ROW");
    return make(since(start), RowConstructor{std::move(items)});
}

ExprPtr Grammar::parse_exists() {
    const Location start = take().location;
    expect_symbol("(", "");
    QueryPtr query = parse_query();
    expect_symbol(")", "to close the subquery of EXISTS");
    return make(since(start), Exists{std::move(query)});
}

ExprPtr Grammar::parse_descriptor() {
    const Location start = take().location;
    expect_symbol("(", "");
    Descriptor descriptor;
    do {
        descriptor.columns.push_back(expect_name("a column name"));
        check_list(descriptor.columns.size());
    } while (accept_symbol(","));
    expect_symbol(")", "to close the DESCRIPTOR");
    return make(since(start), std::move(descriptor));
}

// -------------------------------------------------------------------------- special arguments

Call Grammar::begin_call() {
    Call call;
    call.name.parts.push_back(expect_any_name("a function"));
    call.name.location = last();
    expect_symbol("(", "");
    return call;
}

void Grammar::add_argument(Call& call, ExprPtr value) const {
    call.arguments.push_back({std::nullopt, std::move(value)});
    check_list(call.arguments.size());
}

// The rest of a call that turned out to have plain arguments, from behind the first one.
ExprPtr Grammar::finish_call(Call call) {
    while (accept_symbol(","))
        add_argument(call, parse_expr());
    expect_symbol(")", "to close the argument list of " + call.name.parts.front().text);
    return parse_call_tail(std::move(call));
}

ExprPtr Grammar::parse_extract() {
    Call call = begin_call();
    add_argument(call, parse_unit());
    expect_keyword("FROM");
    add_argument(call, parse_expr());
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_trim() {
    Call call = begin_call();
    ExprPtr side;
    for (const std::string_view word : {"BOTH", "LEADING", "TRAILING"}) {
        if (!side && at_keyword(word) && !at_symbol(")", 1)) {
            side = make(take().location, Keyword{std::string(word), std::nullopt});
        }
    }
    ExprPtr first;
    if (!side || !at_keyword("FROM")) first = parse_expr();
    if (!side && !at_keyword("FROM")) {
        add_argument(call, std::move(first));
        return finish_call(std::move(call));
    }
    const Location place = here();
    expect_keyword("FROM");
    if (!side) side = make(place, Keyword{"BOTH", std::nullopt});
    if (!first) first = text_literal(place, LiteralKind::kString, " ");
    add_argument(call, std::move(side));
    add_argument(call, std::move(first));
    add_argument(call, parse_expr());
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_position() {
    Call call = begin_call();
    add_argument(call, parse_operators(kAddLevel));
    if (accept_keyword("IN")) add_argument(call, parse_expr());
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_substring() {
    Call call = begin_call();
    add_argument(call, parse_expr());
    if (accept_keyword("FROM")) {
        add_argument(call, parse_expr());
        if (accept_keyword("FOR")) add_argument(call, parse_expr());
    }
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_overlay() {
    Call call = begin_call();
    add_argument(call, parse_expr());
    if (accept_keyword("PLACING")) {
        add_argument(call, parse_expr());
        expect_keyword("FROM");
        add_argument(call, parse_expr());
        if (accept_keyword("FOR")) add_argument(call, parse_expr());
    }
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_rounding() {
    Call call = begin_call();
    add_argument(call, parse_expr());
    if (accept_keyword("TO")) add_argument(call, parse_unit());
    return finish_call(std::move(call));
}

ExprPtr Grammar::parse_timestamp_arithmetic() {
    Call call = begin_call();
    add_argument(call, parse_unit());
    return finish_call(std::move(call));
}

// ------------------------------------------------------------------------------- plain calls

ExprPtr Grammar::parse_call(QualifiedName name) {
    Call call;
    call.name = std::move(name);
    const std::string& function = call.name.parts.back().text;
    expect_symbol("(", "");
    call.distinct = accept_keyword("DISTINCT");
    if (!call.distinct) accept_keyword("ALL");
    if (at_symbol("*")) {
        const Location place = take().location;
        add_argument(call, make(place, Star{}));
    } else if (!at_symbol(")")) {
        do {
            call.arguments.push_back(parse_argument());
            check_list(call.arguments.size());
        } while (accept_symbol(","));
    }
    parse_null_treatment(call);
    if (accept_keyword("ORDER")) call.within_group = parse_order_items();
    parse_null_treatment(call);
    if (!at_symbol(")") && to_upper(function).starts_with("JSON_") && at_kind(TokenKind::kWord)) {
        throw not_supported(here(), "the clause " + std::string(text(peek())) + " of " + function);
    }
    expect_symbol(")", "to close the argument list of " + function);
    return parse_call_tail(std::move(call));
}

bool Grammar::parse_null_treatment(Call& call) {
    if (accept_keywords("IGNORE", "NULLS")) {
        call.nulls = NullTreatment::kIgnore;
        return true;
    }
    if (!accept_keywords("RESPECT", "NULLS")) return false;
    call.nulls = NullTreatment::kRespect;
    return true;
}

ExprPtr Grammar::parse_call_tail(Call call) {
    const Location start = call.name.location;
    for (;;) {
        if (accept_keywords("WITHIN", "GROUP")) {
            expect_symbol("(", "after WITHIN GROUP");
            expect_keyword("ORDER");
            call.within_group = parse_order_items();
            expect_symbol(")", "to close WITHIN GROUP");
        } else if (parse_null_treatment(call)) {
            continue;
        } else if (at_keyword("FILTER") && at_symbol("(", 1)) {
            take();
            take();
            expect_keyword("WHERE");
            call.filter = parse_expr();
            expect_symbol(")", "to close FILTER");
        } else if (!call.over && accept_keyword("OVER")) {
            call.over = std::make_unique<WindowSpec>(parse_over());
        } else {
            return make(since(start), std::move(call));
        }
    }
}

WindowSpec Grammar::parse_over() {
    if (at_symbol("(")) return parse_window_spec();
    WindowSpec spec;
    spec.base = expect_name("a window name or '(' after OVER");
    spec.location = last();
    return spec;
}

Argument Grammar::parse_argument() {
    Argument argument;
    const bool name = at_kind(TokenKind::kWord) || at_kind(TokenKind::kQuotedName);
    if (name && at_symbol("=>", 1)) {
        argument.name = expect_any_name("an argument name");
        take();
    }
    if (at_query_start()) {
        throw SqlError(here(), "a query as an argument stands in parentheses of its own");
    }
    argument.value = at_keyword("TABLE") ? parse_table_argument() : parse_expr();
    if (auto* query = std::get_if<ScalarQuery>(&argument.value->node);
        query != nullptr && (at_keyword("PARTITION") || at_keyword("ORDER"))) {
        const Location start = argument.value->location;
        argument.value = finish_table_argument(
            start, make_table(start, DerivedTable{std::move(query->query), false}));
    }
    return argument;
}

ExprPtr Grammar::parse_table_argument() {
    const Location start = take().location;
    if (accept_symbol("(")) {
        QueryPtr query = parse_query();
        expect_symbol(")", "to close the query after TABLE");
        return finish_table_argument(start,
                                     make_table(start, DerivedTable{std::move(query), false}));
    }
    NamedTable table;
    table.name = expect_qualified_name("a table name or a query in parentheses after TABLE");
    if (at_symbol("/*+")) table.hints = parse_hints();
    const Location place = table.name.location;
    return finish_table_argument(start, make_table(place, std::move(table)));
}

// Several keys stand in parentheses: behind a bare key, a comma leads to the next argument.
ExprPtr Grammar::finish_table_argument(Location start, TableRefPtr table) {
    TableArgument argument;
    argument.table = std::move(table);
    if (accept_keywords("PARTITION", "BY")) {
        if (accept_symbol("(")) {
            argument.partition_by = parse_expr_list();
            expect_symbol(")", "to close the list of PARTITION BY");
        } else {
            argument.partition_by.push_back(parse_expr());
        }
    }
    if (accept_keyword("ORDER")) {
        expect_keyword("BY");
        const bool list = accept_symbol("(");
        do {
            argument.order_by.push_back(parse_order_item());
            check_list(argument.order_by.size());
        } while (list && accept_symbol(","));
        if (list) expect_symbol(")", "to close the list of ORDER BY");
    }
    return make(since(start), std::move(argument));
}

}  // namespace thalweg::sql
