#pragma once

#include "engine/sql/sql_error.h"
#include "engine/sql/token.h"

#include <optional>
#include <string_view>
#include <vector>

// Cuts a script into tokens. Comments (`-- ...` and `/* ... */`) and white space are left out;
// hints
// (`/*+ ... */`) become the symbols `/*+` and `*/` around their tokens.
//
// Failure: the first thing that is no token ends the list with a kError token, and error() has what
// the parser throws when it gets there; so a mistake of grammar before it is reported first.

namespace thalweg::sql {

class Lexer {
  public:
    /// Borrows `text` for the time of the call.
    explicit Lexer(std::string_view text);

    /// At least one token; the last one is kEnd or kError and stands right behind the one before.
    [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }

    /// What is wrong at the kError token.
    [[nodiscard]] const std::optional<SqlError>& error() const { return error_; }

  private:
    void run();
    void skip_blank();
    void skip_comment();
    void next();
    void take_word();
    void take_number();
    void take_quoted_name();
    void take_string(TokenKind kind, std::size_t prefix);
    void take_symbol();
    void push(TokenKind kind, std::size_t length);
    [[nodiscard]] char at(std::size_t ahead) const;
    [[nodiscard]] Location here(std::size_t length) const;
    void advance(std::size_t length);

    std::string_view text_;
    std::size_t offset_ = 0;
    std::uint32_t line_ = 1;
    std::size_t line_start_ = 0;
    std::size_t statement_start_ = 0;
    bool in_hint_ = false;
    std::vector<Token> tokens_;
    std::optional<SqlError> error_;
};

}  // namespace thalweg::sql
