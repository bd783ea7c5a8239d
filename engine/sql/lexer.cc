#include "engine/sql/lexer.h"

#include "engine/sql/limits.h"

#include <array>
#include <cstdio>
#include <string>

namespace thalweg::sql {
namespace {

// Longer ones first: the first that fits is taken.
constexpr auto kSymbols = std::to_array<std::string_view>({
    "<=", ">=", "<>", "!=", "||", "=>", "::", "{-", "-}", "(", ")", ",", ";", ".", "+", "-",
    "*",  "/",  "%",  "=",  "<",  ">",  "[",  "]",  "{",  "}", "?", "|", ":", "^", "$",
});

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

// Every byte of a character beyond ASCII counts as a letter.
bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
           static_cast<unsigned char>(letter) >= 0x80U;
}

bool is_word_part(char letter) {
    return is_letter(letter) || is_digit(letter) || letter == '$';
}

bool is_blank(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' || letter == '\f';
}

std::string shown(char letter) {
    if (letter >= ' ' && letter <= '~') return std::string("'") + letter + "'";
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "byte 0x%02x", static_cast<unsigned char>(letter));
    return buffer.data();
}

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) {
    try {
        run();
    } catch (const SqlError& error) {
        error_ = error;
        tokens_.push_back({TokenKind::kError, error.location()});
    }
}

void Lexer::run() {
    if (text_.size() > kScriptBytesLimit) {
        throw SqlError({},
                       "the script is longer than " + std::to_string(kScriptBytesLimit) + " bytes");
    }
    skip_blank();
    while (offset_ < text_.size()) {
        next();
        if (tokens_.back().location.end() - statement_start_ > kStatementBytesLimit) {
            throw SqlError(
                tokens_.back().location,
                "the statement is longer than " + std::to_string(kStatementBytesLimit) + " bytes");
        }
        skip_blank();
    }
    Location end;
    if (!tokens_.empty()) {
        const Location last = tokens_.back().location;
        const std::string_view token = text_.substr(last.offset, last.length);
        const std::size_t newline = token.rfind('\n');
        end = {last.end(), last.line, last.column + last.length, 0};
        if (newline != std::string_view::npos) {
            for (const char letter : token)
                end.line += letter == '\n' ? 1 : 0;
            end.column = static_cast<std::uint32_t>(token.size() - newline);
        }
    }
    tokens_.push_back({TokenKind::kEnd, end});
}

void Lexer::skip_blank() {
    while (offset_ < text_.size()) {
        if (is_blank(at(0))) {
            advance(1);
        } else if (at(0) == '-' && at(1) == '-') {
            while (offset_ < text_.size() && at(0) != '\n')
                advance(1);
        } else if (at(0) == '/' && at(1) == '*' && at(2) != '+') {
            skip_comment();
        } else {
            return;
        }
    }
}

void Lexer::skip_comment() {
    const std::size_t end = text_.find("*/", offset_ + 2);
    if (end == std::string_view::npos) {
        throw SqlError(here(2), "the comment is not closed", "comments end with */");
    }
    advance(end + 2 - offset_);
}

void Lexer::next() {
    const char first = at(0);
    if (is_digit(first) || (first == '.' && is_digit(at(1)))) {
        take_number();
    } else if ((first == 'x' || first == 'X') && at(1) == '\'') {
        take_string(TokenKind::kBinaryString, 1);
    } else if ((first == 'u' || first == 'U') && at(1) == '&' && at(2) == '\'') {
        take_string(TokenKind::kUnicodeString, 2);
    } else if (is_letter(first)) {
        take_word();
    } else if (first == '\'') {
        take_string(TokenKind::kString, 0);
    } else if (first == '`') {
        take_quoted_name();
    } else {
        take_symbol();
    }
}

void Lexer::take_word() {
    std::size_t length = 1;
    while (is_word_part(at(length)))
        ++length;
    push(TokenKind::kWord, length);
}

void Lexer::take_number() {
    std::size_t length = 0;
    TokenKind kind = TokenKind::kExact;
    while (is_digit(at(length)))
        ++length;
    if (at(length) == '.') {
        ++length;
        while (is_digit(at(length)))
            ++length;
    }
    if (at(length) == 'e' || at(length) == 'E') {
        const std::size_t sign = at(length + 1) == '+' || at(length + 1) == '-' ? 1 : 0;
        if (is_digit(at(length + 1 + sign))) {
            kind = TokenKind::kApproximate;
            length += 1 + sign;
            while (is_digit(at(length)))
                ++length;
        }
    }
    if (is_word_part(at(length))) {
        while (is_word_part(at(length)))
            ++length;
        throw SqlError(here(length),
                       "'" + std::string(text_.substr(offset_, length)) + "' is not a number",
                       "a name that begins with a digit is written in backticks");
    }
    push(kind, length);
}

void Lexer::take_quoted_name() {
    std::size_t length = 1;
    while (at(length) != '`' || at(length + 1) == '`') {
        if (offset_ + length >= text_.size()) {
            throw SqlError(here(1), "the name in backticks is not closed");
        }
        length += at(length) == '`' ? 2U : 1U;
    }
    if (length == 1) throw SqlError(here(2), "the name in backticks is empty");
    push(TokenKind::kQuotedName, length + 1);
}

void Lexer::take_string(TokenKind kind, std::size_t prefix) {
    std::size_t length = prefix + 1;
    while (at(length) != '\'' || at(length + 1) == '\'') {
        if (offset_ + length >= text_.size()) {
            throw SqlError(here(prefix + 1),
                           "the string is not closed",
                           "a quote inside a string is doubled: 'it''s'");
        }
        length += at(length) == '\'' ? 2U : 1U;
    }
    push(kind, length + 1);
}

void Lexer::take_symbol() {
    if (text_.substr(offset_, 3) == "/*+") {
        if (in_hint_) throw SqlError(here(3), "a hint cannot stand inside a hint");
        in_hint_ = true;
        return push(TokenKind::kSymbol, 3);
    }
    if (in_hint_ && text_.substr(offset_, 2) == "*/") {
        in_hint_ = false;
        return push(TokenKind::kSymbol, 2);
    }
    for (const std::string_view symbol : kSymbols) {
        if (text_.substr(offset_, symbol.size()) != symbol) continue;
        const bool ends_statement = symbol == ";";
        push(TokenKind::kSymbol, symbol.size());
        if (ends_statement) statement_start_ = offset_;
        return;
    }
    std::string hint;
    if (at(0) == '"') hint = "names are quoted with backticks, strings with single quotes";
    throw SqlError(here(1), "unexpected " + shown(at(0)), std::move(hint));
}

void Lexer::push(TokenKind kind, std::size_t length) {
    tokens_.push_back({kind, here(length)});
    advance(length);
}

// '\0' beyond the end. Inside the text it is no part of any token but a string, where the loops
// look at the offset as well.
char Lexer::at(std::size_t ahead) const {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
}

Location Lexer::here(std::size_t length) const {
    return {static_cast<std::uint32_t>(offset_),
            line_,
            static_cast<std::uint32_t>(offset_ - line_start_ + 1),
            static_cast<std::uint32_t>(length)};
}

void Lexer::advance(std::size_t length) {
    for (const std::size_t end = offset_ + length; offset_ < end; ++offset_) {
        if (text_[offset_] != '\n') continue;
        ++line_;
        line_start_ = offset_ + 1;
    }
}

}  // namespace thalweg::sql
