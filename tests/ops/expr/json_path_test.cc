// Paths into JSON, one line a path; how the functions use them is told in tests/sql/json.test.

#include "ops/expr/json_path.h"

#include "ops/expr/json_text.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

// What the path leads to, a list in angle brackets.
std::string find(std::string_view json, std::string_view path) {
    const auto made = JsonPath::make(path);
    if (!made) return "error: " + made.error().message;
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    REQUIRE(parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS);
    const JsonPath::Found found = (*made)->find(root);
    if (found.is_missing()) return "nothing";
    std::string out = found.is_list ? "<" : "";
    for (const simdjson::dom::element value : found.values) {
        append_json(out, value);
        if (found.is_list) out += ';';
    }
    return out + (found.is_list ? ">" : "");
}

TEST_CASE("json path: finds") {
    const std::string json = R"({"a":{"b":[10,{"c":1.50},[]],"":3,"x.y":"\u00e9/"},"n":null})";

    struct Row {
        std::string_view path;
        std::string_view found;
    };

    const std::vector<Row> rows = {
        {"$", R"({"a":{"":3,"b":[10,{"c":1.5},[]],"x.y":"é/"},"n":null})"},
        {"$.a.b[0]", "10"},
        {"  LAX   $.a.b[1].c", "1.5"},
        {"strict $['a'][\"b\"][2]", "[]"},
        {"$.a.['b'] [0]",
         "error: the JSON path '$.a.['b'] [0]' has something that is no step: "
         "'.name' or '[index]'"},
        {"$.a['x.y']", "\"é/\""},
        {"$.a['']", "3"},
        {"$.a['it\\'s']", "nothing"},
        {"$.a.b[-1]", "[]"},
        {"$.a.b[-4]", "nothing"},
        {"$.a.b[3]", "nothing"},
        {"$.a.b[9223372036854775807]", "nothing"},
        {"$.a.b[-9223372036854775808]", "nothing"},
        {"$.a.b[2][0:-9223372036854775808]", "<>"},
        {"$.a[0]", "nothing"},
        {"$.a.b.c", "nothing"},
        {"$.n", "null"},
        {"$.n.x", "nothing"},
        {"$.a.b[*]", "<10;{\"c\":1.5};[];>"},
        {"$.a.b[*].c", "<1.5;>"},
        {"$.a.b[*].z", "<>"},
        {"$.z[*]", "nothing"},
        {"$.a.b[ 1 : ]", "error: the JSON path '$.a.b[ 1 : ]' has a bracket that is not closed"},
        {"$.a.b[1:]", "<{\"c\":1.5};[];>"},
        {"$.a.b[:-1]", "<10;{\"c\":1.5};>"},
        {"$.a.b[5:9]", "<>"},
        {"$..c", "<1.5;>"},
        {"$..z", "<>"},
        {"$.*", "<{\"\":3,\"b\":[10,{\"c\":1.5},[]],\"x.y\":\"é/\"};null;>"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.path);
        CHECK_EQ(find(json, row.path), row.found);
    }
}

TEST_CASE("json path: of equal keys the last counts") {
    CHECK_EQ(find(R"({"a":1,"b":2,"a":3})", "$.a"), "3");
    CHECK_EQ(find(R"({"b":2,"a":1,"a":3})", "$"), R"({"a":3,"b":2})");
}

// "a" within "a", a thousand of them.
TEST_CASE("json path: a path that looks at too much is given up") {
    std::string json = "1";
    for (int i = 0; i < 1'000; ++i)
        json = "{\"a\":" + json + "}";
    simdjson::dom::parser parser;
    const simdjson::dom::element root = parser.parse(json).value();
    const auto walk = [&](std::string_view path) {
        return JsonPath::make(path).value()->find(root);
    };
    CHECK_EQ(walk("$..a").values.size(), 1'000);
    CHECK_EQ(walk("$..a..a").values.size(), 499'500);
    const JsonPath::Found found = walk("$..a..a..a");
    CHECK(found.is_beyond);
    CHECK(found.values.empty());
}

TEST_CASE("json path: what is no path is refused") {
    for (const std::string_view path : {"",
                                        "a",
                                        "lax",
                                        "lax a",
                                        "$.",
                                        "$[",
                                        "$[]",
                                        "$[x]",
                                        "$['a]",
                                        "$..",
                                        "$..*",
                                        "$a",
                                        "$.a[?(@.b > 1)]",
                                        "$.a.length()",
                                        "$[99999999999999999999]"}) {
        CAPTURE(path);
        CHECK(find("{}", path).starts_with("error: the JSON path"));
    }
}

}  // namespace
}  // namespace thalweg
