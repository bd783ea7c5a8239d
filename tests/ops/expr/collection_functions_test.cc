// Functions of arrays and maps, one line a call.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

Value::List values(const std::vector<std::optional<std::int64_t>>& items) {
    Value::List list;
    for (const auto& item : items)
        list.push_back(item.has_value() ? Value{*item} : Value{});
    return list;
}

Cell ints(const std::vector<std::optional<std::int64_t>>& items) {
    return {{values(items)}, Type::array(Type::integer()).not_null()};
}

Value::List text_values(const std::vector<std::optional<std::string>>& items) {
    Value::List list;
    for (const auto& item : items)
        list.push_back(item.has_value() ? Value{*item} : Value{});
    return list;
}

Cell strings(const std::vector<std::optional<std::string>>& items) {
    return {{text_values(items)}, Type::array(Type::string()).not_null()};
}

// Keys and values in turn.
Cell text_map(const std::vector<std::optional<std::string>>& items) {
    return {{text_values(items)}, Type::map(Type::string().not_null(), Type::string()).not_null()};
}

// Of arrays: {{1, 2}, {}}.
Cell nested(const std::vector<std::vector<std::optional<std::int64_t>>>& items) {
    Value::List list;
    for (const auto& item : items)
        list.push_back(Value{values(item)});
    return {{list}, Type::array(Type::array(Type::integer())).not_null()};
}

const Cell kNoArray = null_of(Type::array(Type::integer()));
const Cell kNoInt = null_of(Type::integer());
constexpr std::string_view kInts = "ARRAY<INT>";
const std::string kLong = "a text that is longer than twelve bytes";

TEST_CASE("collection functions: looking into arrays") {
    check_calls({
        {"ARRAY_CONTAINS", {ints({1, 2}), integer(2)}, "BOOLEAN", "TRUE"},
        {"ARRAY_CONTAINS", {ints({1, 2}), integer(3)}, "BOOLEAN", "FALSE"},
        {"ARRAY_CONTAINS", {ints({1, 2}), kNoInt}, "BOOLEAN", "FALSE"},
        {"ARRAY_CONTAINS", {ints({1, {}}), kNoInt}, "BOOLEAN", "TRUE"},
        {"ARRAY_CONTAINS", {kNoArray, integer(1)}, "BOOLEAN", "NULL"},
        {"ARRAY_CONTAINS", {strings({"a", kLong}), text(kLong)}, "BOOLEAN", "TRUE"},
        {"ARRAY_CONTAINS", {nested({{1, 2}, {}}), ints({1, 2})}, "BOOLEAN", "TRUE"},
        {"ARRAY_CONTAINS", {nested({{1, 2}, {}}), ints({1})}, "BOOLEAN", "FALSE"},
        {"ARRAY_POSITION", {ints({1, 2, 2}), integer(2)}, "INT", "2"},
        {"ARRAY_POSITION", {ints({1, 2, 2}), integer(9)}, "INT", "0"},
        {"ARRAY_POSITION", {ints({1, {}}), kNoInt}, "INT", "NULL"},
        {"ARRAY_POSITION", {kNoArray, integer(2)}, "INT", "NULL"},
        {"ELEMENT", {ints({7})}, "INT", "7"},
        {"ELEMENT", {ints({})}, "INT", "NULL"},
        {"ELEMENT", {strings({kLong})}, "STRING", kLong},
        {"ARRAY_MAX", {ints({3, {}, 9, 1})}, "INT", "9"},
        {"ARRAY_MIN", {ints({3, {}, 9, 1})}, "INT", "1"},
        {"ARRAY_MAX", {ints({{}, {}})}, "INT", "NULL"},
        {"ARRAY_MAX", {ints({})}, "INT", "NULL"},
        {"ARRAY_MAX", {kNoArray}, "INT", "NULL"},
        {"ARRAY_MIN", {strings({"b", kLong})}, "STRING", kLong},
        {"ARRAY_JOIN", {strings({"a", {}, "b"}), text("-")}, "STRING", "a-b"},
        {"ARRAY_JOIN", {strings({"a", {}, "b"}), text("-"), text("?")}, "STRING", "a-?-b"},
        {"ARRAY_JOIN", {strings({}), text("-")}, "STRING", ""},
        {"ARRAY_JOIN", {strings({"", ""}), text("-")}, "STRING", "-"},
        {"ARRAY_JOIN", {strings({"a"}), null_of(Type::string())}, "STRING", "NULL"},
        {"CARDINALITY", {ints({1, {}})}, "INT", "2"},
    });
    CHECK(call("ELEMENT", {ints({1, 2})}).show().find("2 elements") != std::string::npos);
    CHECK(call("ARRAY_JOIN", {ints({1}), text("-")}).show().find("ARRAY<STRING>") !=
          std::string::npos);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Cell numbers = {{Value::List{Value{1.5}, Value{nan}}},
                          Type::array(Type::double_precision()).not_null()};
    CHECK_EQ(call("ARRAY_CONTAINS", {numbers, number(nan)}).show(), "TRUE");
    CHECK_EQ(call("ARRAY_MAX", {numbers}).show(), "NaN");
}

TEST_CASE("collection functions: arrays of arrays") {
    check_calls({
        {"ARRAY_APPEND", {ints({1}), integer(2)}, kInts, "[1, 2]"},
        {"ARRAY_APPEND", {ints({}), kNoInt}, kInts, "[NULL]"},
        {"ARRAY_APPEND", {kNoArray, integer(2)}, kInts, "NULL"},
        {"ARRAY_PREPEND", {ints({1}), integer(2)}, kInts, "[2, 1]"},
        {"ARRAY_REMOVE", {ints({1, 2, 1}), integer(1)}, kInts, "[2]"},
        {"ARRAY_REMOVE", {ints({1, {}}), kNoInt}, kInts, "[1]"},
        {"ARRAY_REMOVE", {ints({1}), integer(1)}, kInts, "[]"},
        {"ARRAY_REVERSE", {ints({1, {}, 3})}, kInts, "[3, NULL, 1]"},
        {"ARRAY_REVERSE", {strings({"a", kLong})}, "ARRAY<STRING>", "[" + kLong + ", a]"},
        {"ARRAY_CONCAT", {ints({1}), ints({}), ints({2, 1})}, kInts, "[1, 2, 1]"},
        {"ARRAY_CONCAT", {ints({1})}, kInts, "[1]"},
        {"ARRAY_CONCAT", {ints({1}), kNoArray}, kInts, "NULL"},
        {"ARRAY_DISTINCT", {ints({2, 1, 2, {}, {}})}, kInts, "[2, 1, NULL]"},
        {"ARRAY_DISTINCT", {nested({{1}, {1}, {}})}, "ARRAY<ARRAY<INT>>", "[[1], []]"},
        {"ARRAY_UNION", {ints({2, 1, 2}), ints({3, 1})}, kInts, "[2, 1, 3]"},
        {"ARRAY_UNION", {ints({2}), kNoArray}, kInts, "NULL"},
        {"ARRAY_EXCEPT", {ints({2, 1, 2, 3}), ints({3})}, kInts, "[2, 1]"},
        {"ARRAY_EXCEPT", {ints({1, {}}), ints({{}})}, kInts, "[1]"},
        {"ARRAY_INTERSECT", {ints({2, 1, 2, {}}), ints({{}, 2})}, kInts, "[2, NULL]"},
        {"ARRAY_INTERSECT", {ints({1}), ints({2})}, kInts, "[]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(2), integer(3)}, kInts, "[2, 3]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(3)}, kInts, "[3, 4]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(-2)}, kInts, "[3, 4]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(-3), integer(-2)}, kInts, "[2, 3]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(0), integer(0)}, kInts, "[1]"},
        {"ARRAY_SLICE", {ints({1, 2, 3, 4}), integer(3), integer(2)}, kInts, "[]"},
        {"ARRAY_SLICE", {ints({1, 2}), integer(5), integer(9)}, kInts, "[]"},
        {"ARRAY_SLICE", {ints({1, 2}), integer(-9), integer(9)}, kInts, "[1, 2]"},
        {"ARRAY_SLICE", {ints({}), integer(1), integer(1)}, kInts, "[]"},
        {"ARRAY_SLICE", {ints({1}), kNoInt}, kInts, "NULL"},
        {"ARRAY_SORT", {ints({2, {}, 1})}, kInts, "[NULL, 1, 2]"},
        {"ARRAY_SORT", {ints({2, {}, 3}), boolean(false)}, kInts, "[3, 2, NULL]"},
        {"ARRAY_SORT", {ints({2, {}, 3}), boolean(false), boolean(true)}, kInts, "[NULL, 3, 2]"},
        {"ARRAY_SORT", {ints({2, {}, 1}), boolean(true), boolean(false)}, kInts, "[1, 2, NULL]"},
        {"ARRAY_SORT", {strings({"b", "", "a"})}, "ARRAY<STRING>", "[, a, b]"},
    });
    CHECK(call("ARRAY_APPEND", {ints({1}), text("x")}).show().starts_with("error"));
}

TEST_CASE("collection functions: an array grows beyond a batch") {
    std::vector<std::optional<std::int64_t>> items(5000);
    for (std::size_t i = 0; i < items.size(); ++i)
        items[i] = static_cast<std::int64_t>(i % 2500);
    const Outcome twice = call("ARRAY_CONCAT", {ints(items), ints(items)});
    CHECK_EQ(std::get<Value::List>(twice.value.data).size(), 10000);
    const Outcome once = call("ARRAY_DISTINCT", {ints(items)});
    CHECK_EQ(std::get<Value::List>(once.value.data).size(), 2500);
}

TEST_CASE("collection functions: maps") {
    const Cell map = text_map({"k", "v", "l", {}});
    const std::string_view map_type = "MAP<STRING NOT NULL, STRING>";
    check_calls({
        {"MAP_KEYS", {map}, "ARRAY<STRING NOT NULL>", "[k, l]"},
        {"MAP_VALUES", {map}, "ARRAY<STRING>", "[v, NULL]"},
        {"MAP_KEYS", {text_map({})}, "ARRAY<STRING NOT NULL>", "[]"},
        {"MAP_KEYS", {null_of(map.type)}, "ARRAY<STRING NOT NULL>", "NULL"},
        {"MAP_ENTRIES",
         {map},
         "ARRAY<ROW<`key` STRING NOT NULL, `value` STRING> NOT NULL>",
         "[(k, v), (l, NULL)]"},
        {"MAP_FROM_ARRAYS",
         {strings({"a", "b"}), ints({1, {}})},
         "MAP<STRING, INT>",
         "{a=1, b=NULL}"},
        {"MAP_FROM_ARRAYS", {strings({}), ints({})}, "MAP<STRING, INT>", "{}"},
        {"MAP_UNION", {map, text_map({"m", "1", "k", "2"})}, map_type, "{k=2, l=NULL, m=1}"},
        {"MAP_UNION", {map}, map_type, "{k=v, l=NULL}"},
        {"MAP_UNION", {map, null_of(map.type)}, map_type, "NULL"},
        {"STR_TO_MAP", {text("k1=v1,k2=v2")}, map_type, "{k1=v1, k2=v2}"},
        {"STR_TO_MAP", {text("k=1=2,k=3,x")}, map_type, "{k=3, x=NULL}"},
        {"STR_TO_MAP", {text("")}, map_type, "{}"},
        {"STR_TO_MAP", {text("a=,,")}, map_type, "{a=}"},
        {"STR_TO_MAP", {text("a:1|b:2"), text("\\|"), text(":")}, map_type, "{a=1, b=2}"},
        {"STR_TO_MAP", {text("a=1"), text(","), null_of(Type::string())}, map_type, "NULL"},
        {"CARDINALITY", {map}, "INT", "2"},
    });
    CHECK(call("MAP_FROM_ARRAYS", {strings({"a"}), ints({})}).show().find("1 keys and 0") !=
          std::string::npos);
    CHECK(call("STR_TO_MAP", {text("a"), text("("), text("=")}).show().find("STR_TO_MAP") !=
          std::string::npos);
}

}  // namespace
}  // namespace thalweg
