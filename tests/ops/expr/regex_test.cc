// Java's regular expressions on RE2: what is translated, what is refused, and replacing.

#include "ops/expr/regex.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string replaced(const std::string& text, const std::string& pattern, const std::string& with) {
    const auto regex = make_regex(pattern);
    if (!regex) return regex.error().message;
    const auto replacement = Replacement::make(with, **regex);
    if (!replacement) return replacement.error().message;
    std::string out;
    replacement->replace_all(out, text, **regex);
    return out;
}

TEST_CASE("regex: what matches is replaced as Java does") {
    struct Row {
        std::string text;
        std::string pattern;
        std::string with;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"foobar", "oo|ar", "", "fb"},
        {"abc", "b", "[$0]", "a[b]c"},
        {"john smith", "(\\w+) (\\w+)", "$2, $1", "smith, john"},
        {"ab", "(a)(b)", "$2$10", "ba0"},
        {"2024-05", "(?<year>\\d+)-(?<month>\\d+)", "${month}/${year}", "05/2024"},
        {"abc", "b", "\\$\\\\", "a$\\c"},
        {"abc", "x*", "-", "-a-b-c-"},
        {"aaa", "a*", "-", "--"},
        {"\u00e9\u00e9", "x*", "-", "-\u00e9-\u00e9-"},
        {"", "^", "x", "x"},
        {"aXbX", "(?i)x", "-", "a-b-"},
        {"a\u000bb c", "\\s", "_", "a_b_c"},
        {"a\u000bb c", "[\\s]", "_", "a_b_c"},
        {"a b", "\\S", "x", "x x"},
        {"a1b2", "\\p{Alpha}", "x", "x1x2"},
        {"a1b2", "[^\\p{Digit}]", "x", "x1x2"},
        {"a1b2", "\\P{Alpha}", "-", "a-b-"},
        {"aB", "\\p{Upper}", "x", "ax"},
        {"\u00e9a", "\\p{L}", "x", "xx"},
        {"\u00e9a", "\\p{IsL}", "x", "xx"},
        {"\u00e9a", "\\u00e9", "e", "ea"},
        {"a.b", "\\Q.\\E", "-", "a-b"},
        {"a.b", "\\Q.", "-", "a-b"},
        {"a]b", "[]]", "-", "a-b"},
        {"a[b", "[\\[]", "-", "a-b"},
        {"a.b", "[.]", "-", "a-b"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.pattern);
        CHECK_EQ(replaced(row.text, row.pattern, row.with), row.expected);
    }
}

TEST_CASE("regex: what RE2 cannot do, or would read in another way, is refused") {
    for (const char* pattern : {"(",
                                "a(?=b)",
                                "(?<!a)b",
                                "(a)\\1",
                                "a++",
                                "[a&&b]",
                                "[a[bc]]",
                                "(?x)a b",
                                "(?U)a",
                                "[\\P{Alpha}]",
                                "\\h",
                                "\\uzzzz",
                                "*"}) {
        CAPTURE(pattern);
        const auto regex = make_regex(pattern);
        REQUIRE_FALSE(regex.has_value());
        CHECK(regex.error().message.find(pattern) != std::string::npos);
    }
    for (const char* with : {"$1", "$", "${name}", "${", "\\"}) {
        CAPTURE(with);
        CHECK_FALSE(Replacement::make(with, **make_regex("a")).has_value());
    }
}

TEST_CASE("regex: SIMILAR TO matches the whole text") {
    struct Row {
        std::string text;
        std::string pattern;
        std::string escape;
        bool matches;
    };

    const std::vector<Row> rows = {
        {"abc", "abc", "", true},       {"abc", "b", "", false},
        {"abc", "%b%", "", true},       {"abc", "a_c", "", true},
        {"abc", "a.c", "", false},      {"a.c", "a.c", "", true},
        {"abc", "(abc|xyz)", "", true}, {"xyz", "abc|xyz", "", true},
        {"xyzq", "abc|xyz", "", false}, {"aaa", "a{2,3}", "", true},
        {"aaaa", "a{2,3}", "", false},  {"ab", "[a-c]+", "", true},
        {"ad", "[a-c]+", "", false},    {"d", "[^a-c]", "", true},
        {"7", "[[:digit:]]", "", true}, {"a$", "a$", "", true},
        {"^a", "^a", "", true},         {"a%", "a!%", "!", true},
        {"ab", "a!%", "!", false},      {"a\nb", "a%b", "", true},
        {"\u00e9", "_", "", true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.pattern);
        const auto regex = make_similar(row.pattern, row.escape);
        REQUIRE(regex.has_value());
        CHECK_EQ(RE2::PartialMatch(row.text, **regex), row.matches);
    }
    CHECK_FALSE(make_similar("a", "!!").has_value());
    CHECK_FALSE(make_similar("a!", "!").has_value());
    CHECK_FALSE(make_similar("(a", "").has_value());
    CHECK_FALSE(make_similar("[a[b]]", "").has_value());
}

}  // namespace
}  // namespace thalweg
