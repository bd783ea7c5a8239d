// Functions of strings, one line a call.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

const Cell kNone = null_of(Type::string());

TEST_CASE("string functions: case, length and order of characters") {
    check_calls({
        {"UPPER", {text("abcXYZ 123 {}[]@`")}, "STRING", "ABCXYZ 123 {}[]@`"},
        {"UPPER", {text("gr\u00fcn \u0436\u03c9")}, "STRING", "GR\u00dcN \u0416\u03a9"},
        {"UPPER", {text("a text longer than twelve")}, "STRING", "A TEXT LONGER THAN TWELVE"},
        {"LOWER", {text("ABC xyz 123")}, "STRING", "abc xyz 123"},
        {"LOWER", {text("\u00c4\u0416")}, "STRING", "\u00e4\u0436"},
        {"LOWER", {kNone}, "STRING", "NULL"},
        {"INITCAP", {text("hello wORLD x2y-z")}, "STRING", "Hello World X2y-Z"},
        {"REVERSE", {text("abc")}, "STRING", "cba"},
        {"REVERSE", {text("a\u00e9\u20ac")}, "STRING", "\u20ac\u00e9a"},
        {"CHAR_LENGTH", {text("abc")}, "INT", "3"},
        {"CHAR_LENGTH", {text("a\u00e9\u20ac\U0001f600")}, "INT", "4"},
        {"CHARACTER_LENGTH", {text("")}, "INT", "0"},
        {"CHAR_LENGTH", {kNone}, "INT", "NULL"},
    });
}

TEST_CASE("string functions: parts") {
    check_calls({
        {"SUBSTRING", {text("hello"), integer(2)}, "STRING", "ello"},
        {"SUBSTRING", {text("hello"), integer(2), integer(3)}, "STRING", "ell"},
        {"SUBSTRING", {text("hello"), integer(0), integer(2)}, "STRING", "he"},
        {"SUBSTRING", {text("hello"), integer(-3), integer(2)}, "STRING", "ll"},
        {"SUBSTRING", {text("hello"), integer(-9), integer(2)}, "STRING", ""},
        {"SUBSTRING", {text("hello"), integer(9), integer(2)}, "STRING", ""},
        {"SUBSTRING", {text("hello"), integer(4), integer(100)}, "STRING", "lo"},
        {"SUBSTRING", {text("hello"), integer(2), integer(0)}, "STRING", ""},
        {"SUBSTRING", {text("hello"), integer(2), integer(-1)}, "STRING", "NULL"},
        {"SUBSTR", {text("a\u00e9\u20acz"), big(2), integer(2)}, "STRING", "\u00e9\u20ac"},
        {"SUBSTR",
         {text("a long text, cut to a long part"), integer(3)},
         "STRING",
         "long text, cut to a long part"},
        {"LEFT", {text("hello"), integer(2)}, "STRING", "he"},
        {"LEFT", {text("hello"), integer(-2)}, "STRING", ""},
        {"LEFT", {text("\u20acx"), integer(1)}, "STRING", "\u20ac"},
        {"RIGHT", {text("hello"), integer(2)}, "STRING", "lo"},
        {"RIGHT", {text("hello"), integer(9)}, "STRING", "hello"},
        {"RIGHT", {text("hello"), integer(0)}, "STRING", ""},
        {"RIGHT", {text("x\u20ac"), integer(1)}, "STRING", "\u20ac"},
        {"COUNT_CHAR", {text("abcacb"), text("c")}, "BIGINT", "2"},
        {"COUNT_CHAR", {text("abcacb"), text("cb")}, "BIGINT", "2"},
        {"COUNT_CHAR", {text("abc"), text("x")}, "BIGINT", "0"},
        {"COUNT_CHAR", {text("abc"), text("")}, "BIGINT", "0"},
        {"COUNT_CHAR", {text(""), text("x")}, "BIGINT", "0"},
        {"COUNT_CHAR", {text("\u00e9t\u00e9\u00e8"), text("\u00e9")}, "BIGINT", "2"},
        {"SPLIT_INDEX", {text("a,b,,c"), text(","), integer(0)}, "STRING", "a"},
        {"SPLIT_INDEX", {text("a,b,,c"), text(","), integer(2)}, "STRING", ""},
        {"SPLIT_INDEX", {text("a,b,,c"), text(","), integer(3)}, "STRING", "c"},
        {"SPLIT_INDEX", {text("a,b,,c"), text(","), integer(4)}, "STRING", "NULL"},
        {"SPLIT_INDEX", {text("a,b"), text(","), integer(-1)}, "STRING", "NULL"},
        {"SPLIT_INDEX", {text("a--b"), text("--"), integer(1)}, "STRING", "b"},
        {"SPLIT_INDEX", {text(""), text(","), integer(0)}, "STRING", "NULL"},
        {"SPLIT_INDEX", {text("abc"), text(","), integer(0)}, "STRING", "abc"},
    });
}

TEST_CASE("string functions: trimming and padding") {
    check_calls({
        {"TRIM", {text("  a b  ")}, "STRING", "a b"},
        {"TRIM", {text("   ")}, "STRING", ""},
        {"TRIM", {text("\t a ")}, "STRING", "\t a"},
        {"BTRIM", {text("xyaxy"), text("yx")}, "STRING", "a"},
        {"LTRIM", {text("  a  ")}, "STRING", "a  "},
        {"LTRIM", {text("xxa"), text("x")}, "STRING", "a"},
        {"RTRIM", {text("  a  ")}, "STRING", "  a"},
        {"RTRIM", {text("a\u20ac\u00e9\u20ac"), text("\u20ac\u00e9")}, "STRING", "a"},
        {"RTRIM", {text("\u20ac"), text("\u20ac")}, "STRING", ""},
        {"RTRIM", {text("a\xff"), text("\xff")}, "STRING", "a"},
        {"LPAD", {text("hi"), integer(4), text("?")}, "STRING", "??hi"},
        {"LPAD", {text("hi"), integer(7), text("abc")}, "STRING", "abcabhi"},
        {"LPAD", {text("hi"), integer(1), text("?")}, "STRING", "h"},
        {"LPAD", {text("hi"), integer(0), text("?")}, "STRING", ""},
        {"LPAD", {text("hi"), integer(-1), text("?")}, "STRING", "NULL"},
        {"LPAD", {text("hi"), integer(4), text("")}, "STRING", "NULL"},
        {"RPAD", {text("hi"), integer(4), text("\u20ac")}, "STRING", "hi\u20ac\u20ac"},
        {"RPAD", {text("hi"), integer(1), text("?")}, "STRING", "h"},
        {"REPEAT", {text("ab"), integer(3)}, "STRING", "ababab"},
        {"REPEAT", {text("ab"), integer(0)}, "STRING", ""},
        {"REPEAT", {text("ab"), integer(-1)}, "STRING", ""},
    });
    const std::string error = call("REPEAT", {text("ab"), big(1'000'000'000'000)}).show();
    CHECK(error.find("REPEAT would make") != std::string::npos);
}

TEST_CASE("string functions: TRIM with a side and a set") {
    const auto trim = [](const char* side) {
        const Cell cell = text(side);
        return evaluate({text("xy"), text("xyaxy")},
                        [&](const std::vector<ExprPtr>& arguments) {
                            return make_call(
                                "TRIM", {literal(cell), arguments[0], arguments[1]}, {});
                        })
            .show();
    };
    CHECK_EQ(trim("BOTH"), "a");
    CHECK_EQ(trim("LEADING"), "axy");
    CHECK_EQ(trim("TRAILING"), "xya");
}

TEST_CASE("string functions: joining and replacing") {
    check_calls({
        {"||", {text("Flink"), text("SQL")}, "STRING", "FlinkSQL"},
        {"||", {text("Flink"), kNone}, "STRING", "NULL"},
        {"CONCAT", {text("a")}, "STRING", "a"},
        {"CONCAT",
         {text("AA"), text("BB"), text("CC, and more text")},
         "STRING",
         "AABBCC, and more text"},
        {"CONCAT", {text("AA"), kNone, text("CC")}, "STRING", "NULL"},
        {"CONCAT_WS", {text("~"), text("AA"), kNone, text("BB"), text("")}, "STRING", "AA~BB~"},
        {"CONCAT_WS", {text("~"), kNone}, "STRING", ""},
        {"CONCAT_WS", {kNone, text("a"), text("b")}, "STRING", "NULL"},
        {"REPLACE", {text("hello world"), text("world"), text("flink")}, "STRING", "hello flink"},
        {"REPLACE", {text("ababab"), text("abab"), text("z")}, "STRING", "zab"},
        {"REPLACE", {text("abc"), text("x"), text("y")}, "STRING", "abc"},
        {"REPLACE", {text("a\u20ac"), text(""), text("-")}, "STRING", "-a-\u20ac-"},
        {"TRANSLATE",
         {text("www.apache.org"), text("wapcheorg"), text("zxy")},
         "STRING",
         "zzz.xyx."},
        {"TRANSLATE", {text("a\u20acb"), text("\u20aca"), text("e\u00e9")}, "STRING", "\u00e9eb"},
        {"OVERLAY", {text("xxxxxtest"), text("xxxx"), integer(6)}, "STRING", "xxxxxxxxx"},
        {"OVERLAY",
         {text("xxxxxtest"), text("xxxx"), integer(6), integer(2)},
         "STRING",
         "xxxxxxxxxst"},
        {"OVERLAY", {text("abc"), text("X"), integer(0)}, "STRING", "abc"},
        {"OVERLAY", {text("abc"), text("X"), integer(4)}, "STRING", "abc"},
        {"OVERLAY", {text("a\u20acc"), text("X"), integer(2)}, "STRING", "aXc"},
    });
}

TEST_CASE("string functions: characters and base 64") {
    check_calls({
        {"ASCII", {text("abc")}, "INT", "97"},
        {"ASCII", {text("")}, "INT", "0"},
        {"CHR", {integer(97)}, "STRING", "a"},
        {"CHR", {integer(353)}, "STRING", "a"},
        {"CHR", {integer(-1)}, "STRING", ""},
        {"CHR", {integer(233)}, "STRING", "\u00e9"},
        {"TO_BASE64", {text("hello world")}, "STRING", "aGVsbG8gd29ybGQ="},
        {"TO_BASE64", {text("")}, "STRING", ""},
        {"TO_BASE64", {text("a")}, "STRING", "YQ=="},
        {"TO_BASE64", {text("\xff\xfe\xfd")}, "STRING", "//79"},
        {"FROM_BASE64", {text("aGVsbG8gd29ybGQ=")}, "STRING", "hello world"},
        {"FROM_BASE64", {text("aGVsbG8gd29ybGQ")}, "STRING", "hello world"},
        {"FROM_BASE64", {text("YQ==")}, "STRING", "a"},
        {"FROM_BASE64", {text("")}, "STRING", ""},
    });
    for (const char* bad : {"a", "a*==", "YQ=x", "===="}) {
        CAPTURE(bad);
        CHECK(call("FROM_BASE64", {text(bad)}).show().find("not base 64") != std::string::npos);
    }
}

TEST_CASE("string functions: looking for text") {
    check_calls({
        {"POSITION", {text("l"), text("hello")}, "INT", "3"},
        {"POSITION", {text("x"), text("hello")}, "INT", "0"},
        {"POSITION", {text(""), text("hello")}, "INT", "1"},
        {"POSITION", {text("x"), text("\u20ac\u20acx")}, "INT", "3"},
        {"LOCATE", {text("l"), text("hello")}, "INT", "3"},
        {"LOCATE", {text("l"), text("hello"), integer(4)}, "INT", "4"},
        {"LOCATE", {text("l"), text("hello"), integer(5)}, "INT", "0"},
        {"LOCATE", {text("l"), text("hello"), integer(-5)}, "INT", "3"},
        {"INSTR", {text("hello"), text("lo")}, "INT", "4"},
        {"INSTR", {kNone, text("lo")}, "INT", "NULL"},
        {"STARTSWITH", {text("hello"), text("he")}, "BOOLEAN", "TRUE"},
        {"STARTSWITH", {text("hello"), text("")}, "BOOLEAN", "TRUE"},
        {"STARTSWITH", {text("hello"), text("lo")}, "BOOLEAN", "FALSE"},
        {"ENDSWITH", {text("hello"), text("lo")}, "BOOLEAN", "TRUE"},
        {"ENDSWITH", {text("hello"), text("he")}, "BOOLEAN", "FALSE"},
        {"LIKE", {text("hello"), text("h%o")}, "BOOLEAN", "TRUE"},
        {"LIKE", {text("hello"), text("h_o")}, "BOOLEAN", "FALSE"},
        {"LIKE", {kNone, text("h%")}, "BOOLEAN", "NULL"},
        {"LIKE", {text("hello"), kNone}, "BOOLEAN", "NULL"},
        {"LIKE", {text("50%"), text("50!%"), text("!")}, "BOOLEAN", "TRUE"},
        {"NOT LIKE", {text("hello"), text("h%")}, "BOOLEAN", "FALSE"},
        {"NOT LIKE", {text("hello"), text("x%"), text("!")}, "BOOLEAN", "TRUE"},
    });
    // What is wrong with a literal is said when the query is planned.
    const ExprPtr column = make_column(0, Type::string());
    CHECK_FALSE(make_call("LIKE", {column, literal(text("a!")), literal(text("!"))}, {}));
    CHECK(call("LIKE", {text("a"), text("a!"), text("!")}).show().find("escape") !=
          std::string::npos);
}

TEST_CASE("string functions: SPLIT gives all parts") {
    const auto split = [](const char* whole, const char* delimiter) {
        const Outcome outcome = call("SPLIT", {text(whole), text(delimiter)});
        if (!outcome.error.empty()) return outcome.error;
        std::string joined;
        for (const Value& part : std::get<Value::List>(outcome.value.data))
            joined += "<" + std::get<std::string>(part.data) + ">";
        return joined;
    };
    CHECK_EQ(split("a,b,c", ","), "<a><b><c>");
    CHECK_EQ(split(",a,,", ","), "<><a><><>");
    CHECK_EQ(split("abc", ","), "<abc>");
    CHECK_EQ(split("", ","), "<>");
    CHECK_EQ(split("a\u20acb", ""), "<a><\u20ac><b>");
    CHECK_EQ(split("", ""), "<>");
    CHECK_EQ(split("one long part here--and another long part", "--"),
             "<one long part here><and another long part>");
    CHECK(call("SPLIT", {kNone, text(",")}).value.is_null());
    CHECK_EQ(call("SPLIT", {text("a"), text(",")}).type.with_nullable(true).to_string(),
             "ARRAY<STRING NOT NULL>");
}

}  // namespace
}  // namespace thalweg
