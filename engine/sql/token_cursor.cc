#include "engine/sql/token_cursor.h"

#include "engine/sql/literal.h"
#include "engine/sql/suggest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace thalweg::sql {
namespace {

// What may follow the expression or the table that a bare alias ends.
constexpr auto kAfterAlias = std::to_array<std::string_view>({
    "FROM",   "WHERE", "GROUP", "HAVING", "ORDER",  "LIMIT",     "UNION",
    "JOIN",   "LEFT",  "RIGHT", "FULL",   "INNER",  "CROSS",     "WINDOW",
    "OFFSET", "FETCH", "ON",    "USING",  "EXCEPT", "INTERSECT", "MATCH_RECOGNIZE",
});

// Long tokens are cut in messages, never inside a character of several bytes.
std::string shortened(std::string_view text) {
    constexpr std::size_t kLimit = 40;
    std::size_t length = std::min(text.find('\n'), text.size());
    if (length > kLimit) {
        length = kLimit;
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
            --length;
    }
    return std::string(text.substr(0, length)) + (length < text.size() ? "..." : "");
}

}  // namespace

TokenCursor::TokenCursor(std::string_view text) : text_(text), lexer_(text) {}

bool TokenCursor::at_keyword(std::string_view keyword, std::size_t ahead) {
    const Token& token = peek(ahead);
    if (token.kind == TokenKind::kWord && same_keyword(text(token), keyword)) return true;
    if (ahead == 0) {
        if (asked_index_ != index_) asked_.clear();
        asked_index_ = index_;
        asked_.push_back(keyword);
    }
    return false;
}

bool TokenCursor::at_symbol(std::string_view symbol, std::size_t ahead) const {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::kSymbol && text(token) == symbol;
}

bool TokenCursor::at_kind(TokenKind kind, std::size_t ahead) const {
    return peek(ahead).kind == kind;
}

bool TokenCursor::at_name(std::size_t ahead) const {
    const Token& token = peek(ahead);
    if (token.kind == TokenKind::kQuotedName) return true;
    return token.kind == TokenKind::kWord && !is_reserved(text(token));
}

bool TokenCursor::at_statement_end() const {
    return at_end() || at_symbol(";");
}

bool TokenCursor::accept_keyword(std::string_view keyword) {
    if (!at_keyword(keyword)) return false;
    ++index_;
    return true;
}

bool TokenCursor::accept_keywords(std::string_view first, std::string_view second) {
    if (!at_keyword(first) || !at_keyword(second, 1)) return false;
    index_ += 2;
    return true;
}

bool TokenCursor::accept_symbol(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    ++index_;
    return true;
}

void TokenCursor::expect_keyword(std::string_view keyword) {
    if (!accept_keyword(keyword)) fail_expected(std::string(keyword));
}

void TokenCursor::expect_symbol(std::string_view symbol, std::string_view purpose) {
    if (accept_symbol(symbol)) return;
    std::string what = "'" + std::string(symbol) + "'";
    if (!purpose.empty()) what += " " + std::string(purpose);
    fail_expected(what);
}

Name TokenCursor::expect_name(std::string_view what) {
    if (at_name()) return name_of(take());
    const Token& token = peek();
    if (token.kind != TokenKind::kWord) fail_expected(std::string(what));
    fail_at_misspelt_alias();
    const std::string word(text(token));
    throw SqlError(token.location,
                   "expected " + std::string(what) + ", found the reserved word " + word,
                   "to use it as a name, write it in backticks: `" + word + "`");
}

Name TokenCursor::expect_any_name(std::string_view what) {
    const bool name = at_kind(TokenKind::kWord) || at_kind(TokenKind::kQuotedName);
    if (!name) fail_expected(std::string(what));
    return name_of(take());
}

QualifiedName TokenCursor::expect_qualified_name(std::string_view what) {
    QualifiedName name;
    name.parts.push_back(expect_name(what));
    while (accept_symbol("."))
        name.parts.push_back(expect_any_name("a name after '.'"));
    name.location = since(name.parts.front().location);
    return name;
}

Text TokenCursor::expect_string(std::string_view what) {
    if (!at_kind(TokenKind::kString)) fail_expected(std::string(what) + " in single quotes");
    const Token token = take();
    return {decode_string(text(token)), token.location};
}

std::uint32_t TokenCursor::expect_number(std::string_view what) {
    std::uint32_t value = 0;
    if (!at_kind(TokenKind::kExact)) fail_expected(std::string(what));
    const std::string_view digits = text(peek());
    const char* const end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) {
        throw SqlError(here(), "expected " + std::string(what) + ", a whole number below 2^32");
    }
    take();
    return value;
}

std::optional<Name> TokenCursor::accept_alias() {
    if (accept_keyword("AS")) return expect_name("a name after AS");
    if (!at_name()) return std::nullopt;
    const Token& token = peek();
    if (token.kind == TokenKind::kWord && opens_clause(text(token))) return std::nullopt;
    Name name = name_of(take());
    if (!name.quoted) alias_index_ = index_;
    return name;
}

const Token& TokenCursor::peek(std::size_t ahead) const {
    const std::vector<Token>& tokens = lexer_.tokens();
    const Token& token = tokens[std::min(index_ + ahead, tokens.size() - 1)];
    if (token.kind == TokenKind::kError) throw SqlError(*lexer_.error());
    return token;
}

Token TokenCursor::take() {
    const Token token = peek();
    if (token.kind != TokenKind::kEnd) ++index_;
    return token;
}

Location TokenCursor::last() const {
    return index_ == 0 ? Location{} : lexer_.tokens()[index_ - 1].location;
}

std::string_view TokenCursor::text(const Token& token) const {
    return text_.substr(token.location.offset, token.location.length);
}

void TokenCursor::fail_expected(const std::string& what) {
    fail_at_misspelt_alias();
    const Token& token = peek();
    throw SqlError(token.location,
                   "expected " + what + ", found " + describe(token),
                   did_you_mean(suggestion(token)));
}

Name TokenCursor::name_of(const Token& token) const {
    const std::string_view spelling = text(token);
    const bool quoted = token.kind == TokenKind::kQuotedName;
    return {quoted ? decode_quoted_name(spelling) : std::string(spelling), token.location, quoted};
}

std::string TokenCursor::describe(const Token& token) const {
    const std::string shown = shortened(text(token));
    switch (token.kind) {
        case TokenKind::kEnd: return "the end of the text";
        case TokenKind::kString:
        case TokenKind::kUnicodeString:
        case TokenKind::kBinaryString: return "the string " + shown;
        case TokenKind::kQuotedName: return "the name " + shown;
        case TokenKind::kExact:
        case TokenKind::kApproximate: return "the number " + shown;
        default: return "'" + shown + "'";
    }
}

std::string TokenCursor::suggestion(const Token& token) const {
    if (token.kind != TokenKind::kWord || asked_index_ != index_) return {};
    std::string word = nearest(text(token), std::span<const std::string_view>(asked_));
    return same_keyword(word, text(token)) ? "" : word;
}

void TokenCursor::fail_at_misspelt_alias() {
    if (alias_index_ == 0 || alias_index_ != index_) return;
    const Token& alias = lexer_.tokens()[index_ - 1];
    const std::string word = nearest(text(alias), std::span<const std::string_view>(kAfterAlias));
    if (word.empty()) return;
    throw SqlError(alias.location, "unexpected " + describe(alias), did_you_mean(word));
}

}  // namespace thalweg::sql
