#pragma once

#include "engine/sql/ast.h"
#include "engine/sql/lexer.h"
#include "engine/sql/sql_error.h"

#include <string>
#include <string_view>
#include <vector>

// A place in the tokens of a script, and the questions a parser asks there.
//
// `at_...` looks, `accept_...` moves on when it fits, `expect_...` moves on or throws. Keywords
// that were asked for and not found are remembered until the cursor moves, and a word that looks
// like one of them becomes the hint of the error. A word that was taken as an alias without AS is
// remembered as well: when what follows makes no sense, the alias was most likely a misspelt
// keyword.

namespace thalweg::sql {

class TokenCursor {
  public:
    /// Borrows `text` for its own life.
    explicit TokenCursor(std::string_view text);

    [[nodiscard]] bool at_keyword(std::string_view keyword, std::size_t ahead = 0);
    [[nodiscard]] bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const;
    [[nodiscard]] bool at_kind(TokenKind kind, std::size_t ahead = 0) const;

    /// A quoted name or a word that is not reserved.
    [[nodiscard]] bool at_name(std::size_t ahead = 0) const;

    /// True at a semicolon and behind the last token.
    [[nodiscard]] bool at_statement_end() const;

    [[nodiscard]] bool at_end() const { return at_kind(TokenKind::kEnd); }

    bool accept_keyword(std::string_view keyword);

    /// Both words, or neither.
    bool accept_keywords(std::string_view first, std::string_view second);
    bool accept_symbol(std::string_view symbol);

    void expect_keyword(std::string_view keyword);

    /// `purpose` completes "expected ')' ...": "to close the argument list of SUM".
    void expect_symbol(std::string_view symbol, std::string_view purpose);

    /// `what` completes "expected ...": "a column name".
    Name expect_name(std::string_view what);

    /// Any word, reserved or not: after a dot, where nothing else can stand.
    Name expect_any_name(std::string_view what);
    QualifiedName expect_qualified_name(std::string_view what);
    Text expect_string(std::string_view what);
    std::uint32_t expect_number(std::string_view what);

    /// `[AS] alias`; nothing when none is there.
    std::optional<Name> accept_alias();

    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    Token take();

    /// Where the next token is, and where the one before it was.
    [[nodiscard]] Location here() const { return peek().location; }

    [[nodiscard]] Location last() const;

    /// From the start of `start` to the end of the last token taken.
    [[nodiscard]] Location since(Location start) const { return span(start, last()); }

    [[nodiscard]] std::string_view text(const Token& token) const;

    /// Throws "expected `what`, found ..." at the next token.
    [[noreturn]] void fail_expected(const std::string& what);

  private:
    Name name_of(const Token& token) const;
    [[nodiscard]] std::string describe(const Token& token) const;
    [[nodiscard]] std::string suggestion(const Token& token) const;
    void fail_at_misspelt_alias();

    std::string_view text_;
    Lexer lexer_;
    std::size_t index_ = 0;
    std::vector<std::string_view> asked_;  // Keywords asked for at asked_index_.
    std::size_t asked_index_ = 0;
    std::size_t alias_index_ = 0;  // One more than the token that was taken as a bare alias.
};

}  // namespace thalweg::sql
