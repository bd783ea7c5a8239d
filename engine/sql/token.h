#pragma once

#include "engine/sql/location.h"

#include <cstdint>
#include <string>
#include <string_view>

// A word, a literal or a sign of SQL text, and what is known about words.
//
// A token is its kind and its place: the text is looked up in the script, 20 bytes a token.
// Keywords are kWord like every other word. Whether a word is a keyword depends on where it stands;
// reserved words are those that can never name a thing without backticks.

namespace thalweg::sql {

enum class TokenKind : std::uint8_t {
    kEnd,            // After the last token; never inside the text.
    kWord,           // SELECT, price
    kQuotedName,     // `price`
    kString,         // 'it''s'
    kUnicodeString,  // U&'\00e9'
    kBinaryString,   // X'45f0'
    kExact,          // 12, 1.5
    kApproximate,    // 1e3
    kSymbol,         // + <= => :: (, and the brackets of hints: /*+ and */
    kError,          // The text is broken here; Lexer::error() says how. Always the last token.
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    Location location;
};

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_keyword(std::string_view left, std::string_view right);

/// ASCII letters in capitals.
[[nodiscard]] std::string to_upper(std::string_view text);

/// Words that name nothing without backticks: SELECT, FROM, AND.
[[nodiscard]] bool is_reserved(std::string_view word);

/// Words that cannot follow an expression or a table as its name without AS: the reserved ones, and
/// those that open a clause there, such as WINDOW.
[[nodiscard]] bool opens_clause(std::string_view word);

/// Reserved words that name a function when a parenthesis follows: LEFT, RIGHT.
[[nodiscard]] bool is_reserved_function(std::string_view word);

/// Words that are not reserved and yet mean something at the start of an expression or of a clause:
/// DATE, INTERVAL, EXTRACT, ROWS. They name columns where nothing of that sort follows, and stand
/// in backticks when they are written back.
[[nodiscard]] bool begins_special_form(std::string_view word);

}  // namespace thalweg::sql
