// JSON strings and the UTF-8 under them.

#include "state/text/json.h"

#include "state/base/random.h"
#include "state/text/utf8.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

using std::string_literals::operator""s;

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST_CASE("json: strings are escaped where they must be") {
    struct Row {
        std::string text;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {"a\"b", R"("a\"b")"},
        {"a\\b", R"("a\\b")"},
        {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"a\0b"s, R"("a\u0000b")"},
        {"a/b", R"("a/b")"},
        {"gr\u00fc\u00df \u20ac \U0001f600", "\"gr\u00fc\u00df \u20ac \U0001f600\""},
        {"\xff", "\"\ufffd\""},
        {"a\xc3", "\"a\ufffd\""},
        {"\xc0\xaf", "\"\ufffd\ufffd\""},
        {"\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""},
        {"0123456789abcde\n0123456789abcdef\"", R"("0123456789abcde\n0123456789abcdef\"")"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK_EQ(json(row.text), row.expected);
    }
}

TEST_CASE("json: one odd character is found at every place of every length") {
    for (std::size_t size = 1; size < 50; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, '~');
            text[at] = '\n';
            const std::string expected =
                '"' + std::string(at, '~') + "\\n" + std::string(size - at - 1, '~') + '"';
            REQUIRE_EQ(json(text), expected);
        }
    }
}

TEST_CASE("utf8: every code point is written and read back; what is not one is a byte") {
    for (char32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37) {
        std::string text;
        append_utf8(text, c);
        const bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
        const CodePoint read = utf8_decode(text);
        REQUIRE(read.value == (is_surrogate ? kReplacement : c));
        REQUIRE(read.bytes == text.size());
        REQUIRE(utf8_length(text + "x") == 2);
        // Cut short, it is as many characters as bytes.
        const std::string cut = text.substr(0, text.size() - 1);
        REQUIRE(utf8_length(cut) == cut.size());
    }
    CHECK_EQ(utf8_length("\xf0\x80\x80\x80"), 4);  // Overlong.
    CHECK_EQ(utf8_length("\xf4\x90\x80\x80"), 4);  // Beyond the last.
    CHECK_EQ(utf8_offset("a\u00e9\u20acz", 2), 3);
    CHECK_EQ(utf8_offset("a\u00e9\u20acz", 9), 7);
    CHECK(is_ascii("0123456789"));
    CHECK_FALSE(is_ascii("0123456789\u00e9"));
    CHECK_FALSE(is_ascii("\u00e9 0123456789"));
}

TEST_CASE("utf8: capitals and small letters pair up") {
    const std::vector<std::pair<std::u32string, std::u32string>> rows = {
        {U"AZ", U"az"},
        {U"\u00c4\u00d6\u00dc\u00c9", U"\u00e4\u00f6\u00fc\u00e9"},
        {U"\u0141\u017b\u0160\u0178", U"\u0142\u017c\u0161\u00ff"},
        {U"\u0391\u03a9\u0386\u038f", U"\u03b1\u03c9\u03ac\u03ce"},
        {U"\u0410\u042f\u0401\u0490", U"\u0430\u044f\u0451\u0491"},
        {U"\u0531\u0556", U"\u0561\u0586"},
        {U"\u1ea4", U"\u1ea5"},
    };
    for (const auto& [upper, lower] : rows) {
        for (std::size_t i = 0; i < upper.size(); ++i) {
            CHECK(to_lower(upper[i]) == lower[i]);
            CHECK(to_upper(lower[i]) == upper[i]);
            CHECK(to_upper(upper[i]) == upper[i]);
            CHECK(to_lower(lower[i]) == lower[i]);
        }
    }
    for (const char32_t c : {U'1', U'\u00d7', U'\u00f7', U'\u00df', U'\u4e2d', U'\U0001f600'}) {
        CHECK(to_upper(c) == c);
        CHECK(to_lower(c) == c);
    }
}

}  // namespace
}  // namespace thalweg
