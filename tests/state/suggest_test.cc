// Near misses: which word a typo is taken for, and when none is.

#include "state/text/suggest.h"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

namespace thalweg {
namespace {

TEST_CASE("suggest: edit distance counts inserts, deletes, replacements and swaps") {
    struct Row {
        std::string_view left;
        std::string_view right;
        std::size_t distance;
    };

    const std::array<Row, 9> rows = {{
        {"", "", 0},
        {"json", "JSON", 0},
        {"json", "jsno", 1},
        {"json", "jso", 1},
        {"json", "jsonn", 1},
        {"json", "kson", 1},
        {"kitten", "sitting", 3},
        {"abcd", "wxyz", 4},
        {"", "four", 4},
    }};
    for (const Row& row : rows) {
        CAPTURE(row.left);
        CAPTURE(row.right);
        CHECK_EQ(edit_distance(row.left, row.right, 10), row.distance);
        CHECK_EQ(edit_distance(row.right, row.left, 10), row.distance);
    }
    CHECK_EQ(edit_distance("abcd", "wxyz", 2), 3);
}

TEST_CASE("suggest: the nearest candidate, or none") {
    const std::array<std::string_view, 4> options = {
        "field-delimiter", "quote-character", "null-literal", "path"};
    CHECK_EQ(nearest_of("feild-delimiter", options), "field-delimiter");
    CHECK_EQ(nearest_of("fielddelimeter", options), "field-delimiter");
    CHECK_EQ(nearest_of("Null-Litteral", options), "null-literal");
    CHECK_EQ(nearest_of("pth", options), "path");
    CHECK_EQ(nearest_of("p", options), "");
    CHECK_EQ(nearest_of("colour", options), "");
    CHECK_EQ(nearest_of("", options), "");
    CHECK_EQ(suggestion_for("paht", options), " (did you mean 'path'?)");
    CHECK_EQ(suggestion_for("nothing-like-it", options), "");
}

}  // namespace
}  // namespace thalweg
