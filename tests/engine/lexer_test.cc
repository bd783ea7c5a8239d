#include "engine/sql/lexer.h"

#include "engine/sql/token.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace thalweg::sql {
namespace {

// "kind:text@line:column" for each token but the last.
std::string shown(std::string_view text) {
    static constexpr auto kKinds = std::to_array<std::string_view>(
        {"end", "word", "name", "string", "unicode", "binary", "exact", "approx", "sign", "error"});
    const Lexer lexer(text);
    std::string result;
    for (const Token& token : lexer.tokens()) {
        if (token.kind == TokenKind::kEnd) break;
        if (!result.empty()) result += ' ';
        result += std::string(kKinds[static_cast<std::size_t>(token.kind)]) + ':';
        if (token.kind == TokenKind::kError) return result + lexer.error()->message();
        result += std::string(text.substr(token.location.offset, token.location.length));
        result += '@' + std::to_string(token.location.line) + ':';
        result += std::to_string(token.location.column);
    }
    return result;
}

TEST_CASE("tokens and their places") {
    struct {
        const char* text;
        const char* tokens;
    } const rows[] = {
        {"", ""},
        {" \t\r\n", ""},
        {"a1_$ B", "word:a1_$@1:1 word:B@1:6"},
        {"1 1.5 .5 1. 1e3 1E-3",
         "exact:1@1:1 exact:1.5@1:3 exact:.5@1:7 exact:1.@1:10 "
         "approx:1e3@1:13 approx:1E-3@1:17"},
        {"'it''s'", "string:'it''s'@1:1"},
        {"x'00'X'ff'", "binary:x'00'@1:1 binary:X'ff'@1:6"},
        {"u&'a' u", "unicode:u&'a'@1:1 word:u@1:7"},
        {"`a``b`.c", "name:`a``b`@1:1 sign:.@1:7 word:c@1:8"},
        {"a<=b<>c", "word:a@1:1 sign:<=@1:2 word:b@1:4 sign:<>@1:5 word:c@1:7"},
        {"a--b\n-c", "word:a@1:1 sign:-@2:1 word:c@2:2"},
        {"/* a\n*/ b", "word:b@2:4"},
        {"/*+ H */ a*/", "sign:/*+@1:1 word:H@1:5 sign:*/@1:7 word:a@1:10 sign:*@1:11 sign:/@1:12"},
        {"'a\nb' c", "string:'a\nb'@1:1 word:c@2:4"},
        {"{2,}?", "sign:{@1:1 exact:2@1:2 sign:,@1:3 sign:}@1:4 sign:?@1:5"},
        {"\xc3\xa9t", "word:\xc3\xa9t@1:1"},
        {"a 'b", "word:a@1:1 error:the string is not closed"},
        {"`b", "error:the name in backticks is not closed"},
        {"``", "error:the name in backticks is empty"},
        {"/* b", "error:the comment is not closed"},
        {"12ab", "error:'12ab' is not a number"},
        {"\"a\"", "error:unexpected '\"'"},
        {"\x01", "error:unexpected byte 0x01"},
    };

    for (const auto& row : rows) {
        CAPTURE(row.text);
        CHECK(shown(row.text) == row.tokens);
    }
}

TEST_CASE("the end stands right behind the last token") {
    const auto end = [](std::string_view text) { return Lexer(text).tokens().back().location; };
    CHECK(end("ab  \n ").column == 3);
    CHECK(end("ab  \n ").line == 1);
    CHECK(end("'a\nbc'  ").line == 2);
    CHECK(end("'a\nbc'  ").column == 4);
}

TEST_CASE("words") {
    CHECK(same_keyword("SeLeCt", "select"));
    CHECK_FALSE(same_keyword("select", "selec"));
    CHECK(is_reserved("From"));
    CHECK_FALSE(is_reserved("value"));
    CHECK(opens_clause("window"));
    CHECK(is_reserved_function("left"));
    CHECK(begins_special_form("date"));
}

}  // namespace
}  // namespace thalweg::sql
