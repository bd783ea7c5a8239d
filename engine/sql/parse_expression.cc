// Operators, predicates and the things they stand between.

#include "engine/sql/grammar.h"
#include "engine/sql/literal.h"

#include <array>
#include <optional>
#include <span>

namespace thalweg::sql {
namespace {

struct Operator {
    std::string_view symbol;
    BinaryOp op;
};

constexpr auto kComparisons = std::to_array<Operator>({
    {"=", BinaryOp::kEqual},
    {"<>", BinaryOp::kNotEqual},
    {"!=", BinaryOp::kNotEqual},
    {"<", BinaryOp::kLess},
    {"<=", BinaryOp::kLessOrEqual},
    {">", BinaryOp::kGreater},
    {">=", BinaryOp::kGreaterOrEqual},
});

constexpr auto kAdditions = std::to_array<Operator>({
    {"+", BinaryOp::kAdd},
    {"-", BinaryOp::kSubtract},
});

// As in Calcite, || binds as tight as a multiplication.
constexpr auto kMultiplications = std::to_array<Operator>({
    {"*", BinaryOp::kMultiply},
    {"/", BinaryOp::kDivide},
    {"%", BinaryOp::kModulo},
    {"||", BinaryOp::kConcatenate},
});

std::optional<BinaryOp> find(std::span<const Operator> operators, std::string_view symbol) {
    for (const Operator& each : operators) {
        if (each.symbol == symbol) return each.op;
    }
    return std::nullopt;
}

bool is_row_of_two(const Expr& expr) {
    const auto* row = std::get_if<RowConstructor>(&expr.node);
    return row != nullptr && row->items.size() == 2;
}

}  // namespace

ExprPtr Grammar::parse_expr() {
    const Nesting nesting(*this);
    return parse_operators(kOrLevel);
}

std::vector<ExprPtr> Grammar::parse_expr_list() {
    std::vector<ExprPtr> list;
    do {
        list.push_back(parse_expr());
        check_list(list.size());
    } while (accept_symbol(","));
    return list;
}

// The operator at the cursor when it binds at least as tight as `minimum`.
std::optional<Grammar::Infix> Grammar::at_infix(Level minimum) {
    if (at_kind(TokenKind::kSymbol)) {
        const std::string_view symbol = text(peek());
        if (const auto op = find(kMultiplications, symbol)) return Infix{*op, kMultiplyLevel};
        if (const auto op = find(kAdditions, symbol); op && minimum <= kAddLevel) {
            return Infix{*op, kAddLevel};
        }
        if (const auto op = find(kComparisons, symbol); op && minimum <= kCompareLevel) {
            return Infix{*op, kCompareLevel};
        }
        return std::nullopt;
    }
    if (minimum <= kCompareLevel && at_keyword("OVERLAPS")) {
        return Infix{BinaryOp::kOverlaps, kCompareLevel};
    }
    if (minimum <= kAndLevel && at_keyword("AND")) return Infix{BinaryOp::kAnd, kAndLevel};
    if (minimum <= kOrLevel && at_keyword("OR")) return Infix{BinaryOp::kOr, kOrLevel};
    return std::nullopt;
}

ExprPtr Grammar::parse_operators(Level minimum) {
    ExprPtr left = parse_prefix();
    while (minimum < kUnaryLevel) {
        if (const std::optional<Infix> infix = at_infix(minimum)) {
            left = parse_infix(std::move(left), *infix);
        } else if (minimum <= kInLevel && at_predicate()) {
            left = parse_predicate(std::move(left));
        } else if (minimum <= kIsLevel && at_keyword("IS")) {
            left = parse_is(std::move(left));
        } else {
            break;
        }
    }
    return left;
}

ExprPtr Grammar::parse_infix(ExprPtr left, Infix infix) {
    const Location place = take().location;
    if (infix.level == kCompareLevel && at_symbol("(", 1)) {
        for (const std::string_view word : {"ANY", "ALL", "SOME"}) {
            if (at_keyword(word)) return parse_quantified(std::move(left), infix.op, word);
        }
    }
    ExprPtr right = parse_operators(static_cast<Level>(infix.level + 1));
    const Location location = span(left->location, right->location);
    if (infix.op == BinaryOp::kOverlaps && !(is_row_of_two(*left) && is_row_of_two(*right))) {
        throw SqlError(location, "OVERLAPS compares two periods", "write (a, b) OVERLAPS (c, d)");
    }
    return make(location, Binary{infix.op, std::move(left), std::move(right), place});
}

// = ANY and = SOME are IN, <> ALL is NOT IN.
ExprPtr Grammar::parse_quantified(ExprPtr left, BinaryOp op, std::string_view word) {
    const bool is_all = word == "ALL";
    if (op != (is_all ? BinaryOp::kNotEqual : BinaryOp::kEqual))
        throw SqlError(here(),
                       "this comparison with " + std::string(word) + " is not supported yet",
                       is_all ? "compare with (SELECT MAX(...) ...) or (SELECT MIN(...) ...)"
                              : "use EXISTS with the comparison in its WHERE");
    take();
    return parse_in(std::move(left), is_all);
}

ExprPtr Grammar::parse_prefix() {
    const Location start = here();
    const bool minus = at_symbol("-");
    if (!minus && !at_symbol("+") && !at_keyword("NOT")) return parse_postfix(parse_primary());
    const Nesting nesting(*this);
    const bool sign = take().kind == TokenKind::kSymbol;
    ExprPtr operand = parse_operators(sign ? kUnaryLevel : kIsLevel);
    const UnaryOp op = !sign ? UnaryOp::kNot : minus ? UnaryOp::kNegate : UnaryOp::kPlus;
    const Location location = span(start, operand->location);
    return make(location, Unary{op, std::move(operand)});
}

ExprPtr Grammar::parse_postfix(ExprPtr operand) {
    for (;;) {
        const Location start = operand->location;
        if (accept_symbol("[")) {
            ExprPtr index = parse_expr();
            expect_symbol("]", "after the index");
            operand = make(since(start), Subscript{std::move(operand), std::move(index)});
        } else if (accept_symbol(".")) {
            if (at_symbol("*")) throw not_supported(here(), "'.*' after an expression");
            Name field = expect_any_name("a field name");
            operand = make(since(start), FieldAccess{std::move(operand), std::move(field)});
        } else if (accept_symbol("::")) {
            TypeName type = parse_type();
            operand = make(since(start), Cast{std::move(operand), std::move(type), false});
        } else if (at_keyword("AT") && (at_keyword("TIME", 1) || at_keyword("LOCAL", 1))) {
            throw not_supported(here(), "AT TIME ZONE");
        } else {
            return operand;
        }
    }
}

bool Grammar::at_predicate() {
    const std::size_t ahead = at_keyword("NOT") ? 1 : 0;
    return at_keyword("BETWEEN", ahead) || at_keyword("IN", ahead) || at_keyword("LIKE", ahead) ||
           at_keyword("SIMILAR", ahead);
}

ExprPtr Grammar::parse_predicate(ExprPtr operand) {
    const bool negated = accept_keyword("NOT");
    if (accept_keyword("BETWEEN")) return parse_between(std::move(operand), negated);
    if (accept_keyword("IN")) return parse_in(std::move(operand), negated);
    if (accept_keyword("LIKE")) return parse_like(std::move(operand), negated, LikeKind::kLike);
    expect_keyword("SIMILAR");
    expect_keyword("TO");
    return parse_like(std::move(operand), negated, LikeKind::kSimilar);
}

ExprPtr Grammar::parse_between(ExprPtr operand, bool negated) {
    const bool symmetric = accept_keyword("SYMMETRIC");
    if (!symmetric) accept_keyword("ASYMMETRIC");
    ExprPtr low = parse_operators(kAddLevel);
    if (!accept_keyword("AND")) fail_expected("AND between the bounds of BETWEEN");
    ExprPtr high = parse_operators(kAddLevel);
    const Location location = span(operand->location, high->location);
    return make(location,
                Between{std::move(operand), std::move(low), std::move(high), negated, symmetric});
}

ExprPtr Grammar::parse_in(ExprPtr operand, bool negated) {
    const Location start = operand->location;
    expect_symbol("(", "after IN");
    QueryPtr query;
    std::vector<ExprPtr> items;
    if (at_query_start()) {
        query = parse_query();
    } else {
        items = parse_expr_list();
        auto* const nested = std::get_if<ScalarQuery>(&items.front()->node);
        if (nested != nullptr && items.size() == 1 && at_query_continuation()) {
            query = continue_query(std::move(nested->query));
        }
    }
    expect_symbol(")", "to close the list of IN");
    if (query) return make(since(start), InQuery{std::move(operand), std::move(query), negated});
    return make(since(start), InList{std::move(operand), std::move(items), negated});
}

ExprPtr Grammar::parse_like(ExprPtr operand, bool negated, LikeKind kind) {
    const Location start = operand->location;
    ExprPtr pattern = parse_operators(kAddLevel);
    ExprPtr escape;
    if (accept_keyword("ESCAPE")) escape = parse_operators(kAddLevel);
    Like like{kind, std::move(operand), std::move(pattern), std::move(escape), negated};
    return make(since(start), std::move(like));
}

ExprPtr Grammar::parse_is(ExprPtr operand) {
    const Location start = operand->location;
    const Location place = take().location;
    const bool negated = accept_keyword("NOT");
    const auto test = [&](IsKind kind) {
        return make(since(start), IsTest{kind, negated, std::move(operand)});
    };
    if (accept_keyword("NULL")) return test(IsKind::kNull);
    if (accept_keyword("TRUE")) return test(IsKind::kTrue);
    if (accept_keyword("FALSE")) return test(IsKind::kFalse);
    if (accept_keyword("UNKNOWN")) return test(IsKind::kUnknown);
    if (accept_keyword("JSON")) {
        if (accept_keyword("OBJECT")) return test(IsKind::kJsonObject);
        if (accept_keyword("ARRAY")) return test(IsKind::kJsonArray);
        if (accept_keyword("SCALAR")) return test(IsKind::kJsonScalar);
        accept_keyword("VALUE");
        return test(IsKind::kJsonValue);
    }
    if (!accept_keyword("DISTINCT")) {
        fail_expected("NULL, TRUE, FALSE, UNKNOWN, JSON or DISTINCT FROM after IS");
    }
    expect_keyword("FROM");
    ExprPtr right = parse_operators(kAddLevel);
    const BinaryOp op = negated ? BinaryOp::kIsNotDistinctFrom : BinaryOp::kIsDistinctFrom;
    const Location location = span(start, right->location);
    return make(location, Binary{op, std::move(operand), std::move(right), place});
}

ExprPtr Grammar::parse_primary() {
    switch (peek().kind) {
        case TokenKind::kExact:
        case TokenKind::kApproximate:
        case TokenKind::kString:
        case TokenKind::kBinaryString: return parse_literal();
        case TokenKind::kUnicodeString: return parse_unicode_string();
        case TokenKind::kQuotedName: return parse_identifier();
        case TokenKind::kWord: {
            ExprPtr special = accept_special_form();
            return special ? std::move(special) : parse_identifier();
        }
        default: break;
    }
    if (at_symbol("(")) return parse_parenthesised();
    if (at_symbol("?")) throw not_supported(here(), "a parameter '?'");
    if (at_symbol("*")) {
        throw SqlError(here(), "'*' stands only in a select list and in COUNT(*)");
    }
    fail_expected("an expression");
}

ExprPtr Grammar::parse_literal() {
    const Token token = take();
    const std::string_view spelling = text(token);
    Literal literal{LiteralKind::kExact, std::string(spelling)};
    if (token.kind == TokenKind::kApproximate) literal.kind = LiteralKind::kApproximate;
    if (token.kind == TokenKind::kString) {
        literal = {LiteralKind::kString, decode_string(spelling)};
    } else if (token.kind == TokenKind::kBinaryString) {
        literal = {LiteralKind::kBinary, decode_binary_string(spelling, token.location)};
    }
    return make(token.location, std::move(literal));
}

ExprPtr Grammar::parse_unicode_string() {
    const Token token = take();
    char escape = '\\';
    if (accept_keyword("UESCAPE")) {
        const Text chosen = expect_string("an escape character");
        if (chosen.value.size() != 1) {
            throw SqlError(chosen.location, "UESCAPE takes one character");
        }
        escape = chosen.value.front();
    }
    std::string decoded = decode_unicode_string(text(token), escape, token.location);
    return make(since(token.location), Literal{LiteralKind::kString, std::move(decoded)});
}

ExprPtr Grammar::parse_parenthesised() {
    const Location start = take().location;
    if (at_query_start()) {
        QueryPtr query = parse_query();
        expect_symbol(")", "to close the subquery");
        return make(since(start), ScalarQuery{std::move(query)});
    }
    std::vector<ExprPtr> items = parse_expr_list();
    ExprPtr& first = items.front();
    auto* const nested = std::get_if<ScalarQuery>(&first->node);
    if (nested != nullptr && items.size() == 1 && at_query_continuation()) {
        QueryPtr query = continue_query(std::move(nested->query));
        expect_symbol(")", "to close the subquery");
        return make(since(start), ScalarQuery{std::move(query)});
    }
    expect_symbol(")", "to close the parenthesis");
    if (items.size() > 1) return make(since(start), RowConstructor{std::move(items)});
    first->location = since(start);
    return std::move(first);
}

// A reserved word is a name when a dot follows at once: `order.id` leaves no doubt.
ExprPtr Grammar::parse_identifier() {
    const Location start = here();
    const bool dotted = at_symbol(".", 1) && peek(1).location.offset == start.end();
    const bool function = at_symbol("(", 1) && is_reserved_function(text(peek()));
    if (!at_name() && !dotted && !function) fail_no_expression();
    QualifiedName name;
    name.parts.push_back(expect_any_name("an expression"));
    while (accept_symbol(".")) {
        if (at_symbol("*")) throw SqlError(since(start), "'.*' stands only in a select list");
        name.parts.push_back(expect_any_name("a name after '.'"));
    }
    name.location = since(start);
    if (at_symbol("(")) return parse_call(std::move(name));
    return make(name.location, Identifier{std::move(name)});
}

void Grammar::fail_no_expression() {
    const std::string word(text(peek()));
    const std::string_view before = text(Token{TokenKind::kSymbol, last()});
    if (before == ",") {
        throw SqlError(here(),
                       "expected an expression after ',', found '" + word + "'",
                       "remove the comma, or write `" + word + "` if it is a name");
    }
    fail_expected("an expression");
}

}  // namespace thalweg::sql
