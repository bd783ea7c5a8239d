// LikePattern: a table, and a matcher that tries everything.

#include "ops/expr/like.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

bool like(std::string_view text, std::string_view pattern, std::string_view escape = "") {
    return (*LikePattern::make(pattern, escape))->matches(text);
}

TEST_CASE("like: patterns match whole texts") {
    struct Row {
        std::string text;
        std::string pattern;
        bool matches;
    };

    const std::vector<Row> rows = {
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"abc", "ab%", true},
        {"abc", "%bc", true},
        {"abc", "%b%", true},
        {"abc", "%", true},
        {"", "%", true},
        {"", "", true},
        {"a", "", false},
        {"", "_", false},
        {"abc", "___", true},
        {"abc", "____", false},
        {"abc", "_b_", true},
        {"abc", "%_c", true},
        {"abc", "a_%", true},
        {"abcabd", "%ab_", true},
        {"aab", "a%ab", true},
        {"ab", "a%ab", false},
        {"mississippi", "m%iss%ip%i", true},
        {"mississippi", "m%issi%issi%issi%", false},
        {"a\u00e9c", "a_c", true},
        {"a\u00e9c", "a__c", false},
        {"\u20ac\u20acx", "%_x", true},
        {"a.c", "a.c", true},
        {"abc", "a.c", false},
        {"a\nb", "a%b", true},
        {"a\\b", "a\\b", true},
        {"a%", "a\\%", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.pattern);
        CHECK_EQ(like(row.text, row.pattern), row.matches);
    }
}

TEST_CASE("like: the escape character takes the next one as it is") {
    CHECK(like("10%", "10!%", "!"));
    CHECK_FALSE(like("100", "10!%", "!"));
    CHECK(like("a_b", "a\\_b", "\\"));
    CHECK_FALSE(like("axb", "a\\_b", "\\"));
    CHECK(like("a!b%c", "a!!b!%_", "!"));
    CHECK(like("x%", "%\u20ac%", "\u20ac"));
    CHECK_FALSE(LikePattern::make("a", "!!").has_value());
    CHECK_FALSE(LikePattern::make("a!", "!").has_value());
    CHECK_FALSE(LikePattern::make("a!b", "!").has_value());
}

// The definition of LIKE, for single bytes.
bool model(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '%') {
        for (std::size_t i = 0; i <= text.size(); ++i)
            if (model(text.substr(i), pattern.substr(1))) return true;
        return false;
    }
    if (text.empty()) return false;
    return (pattern[0] == '_' || pattern[0] == text[0]) && model(text.substr(1), pattern.substr(1));
}

TEST_CASE("like: agrees with the definition on random texts") {
    constexpr std::uint64_t kSeed = 31;
    CAPTURE(kSeed);
    Random random(kSeed);
    const auto make = [&](std::string_view alphabet) {
        std::string text(random.below(8), ' ');
        for (char& c : text)
            c = alphabet[random.below(alphabet.size())];
        return text;
    };
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = make("ab");
        const std::string pattern = make("ab%%_");
        CAPTURE(text);
        CAPTURE(pattern);
        REQUIRE_EQ(like(text, pattern), model(text, pattern));
    }
}

}  // namespace
}  // namespace thalweg
