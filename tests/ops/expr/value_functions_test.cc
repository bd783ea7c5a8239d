// Functions that say what a value is, or make digits, digests and addresses of it; and chance.

#include "tests/ops/expr/calls.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

Cell bytes(std::string value) {
    return {{std::move(value)}, Type::bytes().not_null()};
}

const Cell kNone = null_of(Type::string());

TEST_CASE("value functions: digests") {
    check_calls({
        {"MD5", {text("")}, "STRING", "d41d8cd98f00b204e9800998ecf8427e"},
        {"MD5", {text("test")}, "STRING", "098f6bcd4621d373cade4e832627b4f6"},
        {"MD5", {kNone}, "STRING", "NULL"},
        {"SHA1", {text("test")}, "STRING", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"},
        {"SHA224",
         {text("test")},
         "STRING",
         "90a3ed9e32b2aaf4c61c410eb925426119e1a9dc53d4286ade99a809"},
        {"SHA256",
         {text("test")},
         "STRING",
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        {"SHA2",
         {text("test"), integer(256)},
         "STRING",
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        {"SHA2", {text("test"), null_of(Type::integer())}, "STRING", "NULL"},
    });
    CHECK_EQ(call("SHA384", {text("test")}).show().size(), 96);
    CHECK_EQ(call("SHA512", {text("test")}).show().substr(0, 16), "ee26b0dd4af7e749");
    CHECK_EQ(call("SHA512", {text("test")}).show(),
             call("SHA2", {text("test"), integer(512)}).show());
    CHECK(call("SHA2", {text("a"), integer(1)}).show().find("224, 256") != std::string::npos);
}

TEST_CASE("value functions: digits") {
    check_calls({
        {"HEX", {integer(20)}, "STRING", "14"},
        {"HEX", {integer(0)}, "STRING", "0"},
        {"HEX", {big(-1)}, "STRING", "FFFFFFFFFFFFFFFF"},
        {"HEX", {text("hello,world")}, "STRING", "68656C6C6F2C776F726C64"},
        {"HEX", {text("")}, "STRING", ""},
        {"HEX", {kNone}, "STRING", "NULL"},
        {"BIN", {tiny(4)}, "STRING", "100"},
        {"BIN", {integer(0)}, "STRING", "0"},
        {"BIN",
         {integer(-7)},
         "STRING",
         std::string_view("11111111111111111111111111111111"
                          "11111111111111111111111111111001")},
        {"UNHEX", {text("466C696E6B")}, "BYTES", "Flink"},
        {"UNHEX", {text("466c696E6b")}, "BYTES", "Flink"},
        {"UNHEX", {text("")}, "BYTES", ""},
        {"UNHEX", {text("4z")}, "BYTES", "NULL"},
        {"UNHEX", {text("z41")}, "BYTES", "NULL"},
        {"UNHEX", {kNone}, "BYTES", "NULL"},
    });
    const Outcome odd = call("UNHEX", {text("146")});
    CHECK_EQ(std::get<std::string>(odd.value.data), std::string("\0F", 2));
}

TEST_CASE("value functions: character sets") {
    const auto encoded = [](const char* in, const char* charset) {
        const Outcome outcome = call("ENCODE", {text(in), text(charset)});
        return outcome.error.empty() ? std::get<std::string>(outcome.value.data) : outcome.error;
    };
    CHECK_EQ(encoded("a\u00e9", "utf-8"), "a\u00e9");
    CHECK_EQ(encoded("a\u00e9\u20ac", "ISO-8859-1"), "a\xe9?");
    CHECK_EQ(encoded("a\u00e9", "US-ASCII"), "a?");
    CHECK_EQ(encoded("a\u20ac", "UTF-16BE"), std::string("\0a\x20\xac", 4));
    CHECK_EQ(encoded("a\u20ac", "UTF-16LE"), std::string("a\0\xac\x20", 4));
    CHECK_EQ(encoded("a", "UTF-16"), std::string("\xfe\xff\0a", 4));
    CHECK_EQ(encoded("", "UTF-16"), "");
    CHECK_EQ(encoded("\U0001f600", "UTF-16BE"), std::string("\xd8\x3d\xde\x00", 4));
    CHECK(encoded("a", "EBCDIC").find("no character set") != std::string::npos);
    const std::string pair("\xd8\x3d\xde\x00", 4);
    check_calls({
        {"DECODE", {bytes("a\xe9"), text("ISO-8859-1")}, "STRING", "a\u00e9"},
        {"DECODE", {bytes("a\xe9"), text("US-ASCII")}, "STRING", "a\ufffd"},
        {"DECODE", {bytes("a\u20ac"), text("UTF-8")}, "STRING", "a\u20ac"},
        {"DECODE", {bytes(pair), text("utf-16be")}, "STRING", "\U0001f600"},
        {"DECODE",
         {bytes(std::string("\xff\xfe"
                            "a\0",
                            4)),
          text("UTF-16")},
         "STRING",
         "a"},
        {"DECODE", {bytes(std::string("\0a\0", 3)), text("UTF-16BE")}, "STRING", "a\ufffd"},
        {"DECODE", {bytes("\xd8\x3d"), text("UTF-16BE")}, "STRING", "\ufffd"},
        {"DECODE", {null_of(Type::bytes()), text("UTF-8")}, "STRING", "NULL"},
    });
}

TEST_CASE("value functions: addresses") {
    const Cell url = text("http://me:pw@host.org:8080/a/b.php?query=1&k2=v=2&query=3#Ref");
    check_calls({
        {"PARSE_URL", {url, text("HOST")}, "STRING", "host.org"},
        {"PARSE_URL", {url, text("PATH")}, "STRING", "/a/b.php"},
        {"PARSE_URL", {url, text("QUERY")}, "STRING", "query=1&k2=v=2&query=3"},
        {"PARSE_URL", {url, text("REF")}, "STRING", "Ref"},
        {"PARSE_URL", {url, text("PROTOCOL")}, "STRING", "http"},
        {"PARSE_URL", {url, text("FILE")}, "STRING", "/a/b.php?query=1&k2=v=2&query=3"},
        {"PARSE_URL", {url, text("AUTHORITY")}, "STRING", "me:pw@host.org:8080"},
        {"PARSE_URL", {url, text("USERINFO")}, "STRING", "me:pw"},
        {"PARSE_URL", {url, text("PORT")}, "STRING", "NULL"},
        {"PARSE_URL", {url, text("QUERY"), text("query")}, "STRING", "1"},
        {"PARSE_URL", {url, text("QUERY"), text("k2")}, "STRING", "v=2"},
        {"PARSE_URL", {url, text("QUERY"), text("k")}, "STRING", "NULL"},
        {"PARSE_URL", {url, text("PATH"), text("k2")}, "STRING", "NULL"},
        {"PARSE_URL", {text("http://h"), text("PATH")}, "STRING", ""},
        {"PARSE_URL", {text("http://h"), text("QUERY")}, "STRING", "NULL"},
        {"PARSE_URL", {text("http://h?x"), text("QUERY")}, "STRING", "x"},
        {"PARSE_URL", {text("http://[::1]:80/"), text("HOST")}, "STRING", "[::1]"},
        {"PARSE_URL", {text("http://[::1]/"), text("HOST")}, "STRING", "[::1]"},
        {"PARSE_URL", {text("gopher://h/"), text("HOST")}, "STRING", "NULL"},
        {"PARSE_URL", {text("http://h:x/"), text("HOST")}, "STRING", "NULL"},
        {"PARSE_URL", {text(""), text("HOST")}, "STRING", "NULL"},
        {"PARSE_URL", {kNone, text("HOST")}, "STRING", "NULL"},
        {"URL_ENCODE",
         {text("https://a b/?q=\u20ac*")},
         "STRING",
         "https%3A%2F%2Fa+b%2F%3Fq%3D%E2%82%AC*"},
        {"URL_ENCODE", {text("")}, "STRING", ""},
        {"URL_DECODE", {text("a+b%2f%E2%82%AC")}, "STRING", "a b/\u20ac"},
        {"URL_DECODE", {text("%2")}, "STRING", "NULL"},
        {"URL_DECODE", {text("%zz")}, "STRING", "NULL"},
        {"URL_DECODE", {kNone}, "STRING", "NULL"},
    });
}

TEST_CASE("value functions: of which characters") {
    check_calls({
        {"IS_ALPHA", {text("asABZ\u00e9")}, "BOOLEAN", "TRUE"},
        {"IS_ALPHA", {text("a1")}, "BOOLEAN", "FALSE"},
        {"IS_ALPHA", {text("")}, "BOOLEAN", "FALSE"},
        {"IS_ALPHA", {kNone}, "BOOLEAN", "FALSE"},
        {"IS_ALPHA", {integer(1)}, "BOOLEAN", "FALSE"},
        {"IS_DIGIT", {text("0123")}, "BOOLEAN", "TRUE"},
        {"IS_DIGIT", {text("1.5")}, "BOOLEAN", "FALSE"},
        {"IS_DIGIT", {text("")}, "BOOLEAN", "FALSE"},
        {"IS_DIGIT", {integer(-5)}, "BOOLEAN", "TRUE"},
        {"IS_DIGIT", {number(5)}, "BOOLEAN", "FALSE"},
        {"IS_DIGIT", {null_of(Type::integer())}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {text("1")}, "BOOLEAN", "TRUE"},
        {"IS_DECIMAL", {text("-1.5e3")}, "BOOLEAN", "TRUE"},
        {"IS_DECIMAL", {text(" 3. ")}, "BOOLEAN", "TRUE"},
        {"IS_DECIMAL", {text("-Infinity")}, "BOOLEAN", "TRUE"},
        {"IS_DECIMAL", {text("nan")}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {text("f")}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {text("1a")}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {text("")}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {kNone}, "BOOLEAN", "FALSE"},
        {"IS_DECIMAL", {decimal("1.5", 3, 1)}, "BOOLEAN", "TRUE"},
    });
}

TEST_CASE("value functions: types and choices") {
    check_calls({
        {"TYPEOF", {integer(1)}, "STRING", "INT NOT NULL"},
        {"TYPEOF", {null_of(Type::decimal(5, 2))}, "STRING", "DECIMAL(5, 2)"},
        {"TYPEOF", {text("x"), boolean(true)}, "STRING", "STRING NOT NULL"},
        {"ELT", {integer(1), text("a"), text("b")}, "STRING", "a"},
        {"ELT", {integer(2), kNone, text("b")}, "STRING", "b"},
        {"ELT", {integer(1), kNone, text("b")}, "STRING", "NULL"},
        {"ELT", {integer(3), text("a"), text("b")}, "STRING", "NULL"},
        {"ELT", {integer(0), text("a")}, "STRING", "NULL"},
        {"ELT", {null_of(Type::integer()), text("a")}, "STRING", "NULL"},
        {"ELT", {integer(1), bytes("a"), bytes("b")}, "BYTES", "a"},
    });
}

TEST_CASE("value functions: formats") {
    const auto print = [](const char* format, std::vector<Cell> cells) {
        cells.insert(cells.begin(), text(format));
        return call("PRINTF", cells).show();
    };
    CHECK_EQ(print("Hello %s, %d times%%%n", {text("World"), integer(2)}),
             "Hello World, 2 times%\n");
    CHECK_EQ(print("plain", {}), "plain");
    CHECK_EQ(print("", {integer(1)}), "");
    CHECK_EQ(print("[%5d|%-5d|%05d|%+d|% d]",
                   {integer(-42), integer(42), integer(-42), integer(7), integer(7)}),
             "[  -42|42   |-0042|+7| 7]");
    CHECK_EQ(print("%,d %(d %d", {big(1234567), integer(-3), big(INT64_MIN)}),
             "1,234,567 (3) -9223372036854775808");
    CHECK_EQ(print("%x %X %#x %o", {integer(255), big(-1), tiny(-1), integer(8)}),
             "ff FFFFFFFFFFFFFFFF 0xff 10");
    CHECK_EQ(print("%.2f %f %8.1f %.0f", {number(0.125), number(-1.5), real(2.25), number(2.5)}),
             "0.13 -1.500000      2.3 3");
    CHECK_EQ(print("%e %E %g %f", {number(12345.678), number(0.5), number(1.5), number(1e20)}),
             "1.234568e+04 5.000000E-01 1.50000 100000000000000000000.000000");
    CHECK_EQ(
        print("%s %s %s %.2s", {boolean(true), number(1), decimal("1.50", 3, 2), text("\u20acab")}),
        "true 1.0 1.50 \u20aca");
    CHECK_EQ(print("%2$s %1$s %s %b", {text("a"), text("b")}), "b a a true");
    CHECK_EQ(print("%c%3c", {integer(233), integer(97)}), "\u00e9  a");
    CHECK_EQ(print("%s %d|%6s", {kNone, null_of(Type::integer()), kNone}), "null null|  null");
    CHECK_EQ(print("%S %B", {text("abc"), boolean(true)}), "ABC TRUE");
    CHECK_EQ(print("%05f", {number(std::numeric_limits<double>::infinity())}), "Infinity");
    for (const char* bad :
         {"%", "%d", "%y", "%-d", "%05", "%s %s", "%.1d", "%9999999999d", "%0$s"}) {
        CAPTURE(bad);
        CHECK_EQ(print(bad, {text("a")}), "NULL");
    }
    CHECK_EQ(call("PRINTF", {kNone, integer(1)}).show(), "NULL");
}

TEST_CASE("value functions: a seed gives the numbers of java.util.Random") {
    const auto run = [](const char* name, const std::vector<Cell>& cells) {
        std::vector<ExprPtr> literals;
        for (const Cell& cell : cells)
            literals.push_back(literal(cell));
        Program program({make_call(name, literals, {}).value()});
        OpContext context;
        const auto results = program.run({.columns = {}, .selection = Selection::all(2)}, context);
        if (context.failed()) return context.error;
        const Type& type = results[0]->type();
        return show(value_at(*results[0], 0), type) + " " + show(value_at(*results[0], 1), type);
    };
    CHECK_EQ(run("RAND", {integer(1)}), "0.7308781907032909 0.41008081149220166");
    CHECK_EQ(run("RAND_INTEGER", {integer(1), integer(10)}), "5 8");
    CHECK_EQ(run("RAND_INTEGER", {integer(42), integer(16)}), "11 0");
    CHECK(run("RAND_INTEGER", {integer(1), integer(0)}).find("above 0") != std::string::npos);
    CHECK(run("RAND_INTEGER", {integer(-1)}).find("above 0") != std::string::npos);
}

TEST_CASE("value functions: UUIDs differ and are of version 4") {
    Program program({make_call("UUID", {}, {}).value()});
    OpContext context;
    const auto results = program.run({.columns = {}, .selection = Selection::all(100)}, context);
    std::set<std::string> seen;
    for (std::size_t row = 0; row < 100; ++row) {
        const std::string uuid = std::get<std::string>(value_at(*results[0], row).data);
        CAPTURE(uuid);
        REQUIRE_EQ(uuid.size(), 36);
        CHECK_EQ(uuid[14], '4');
        CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
        CHECK(seen.insert(uuid).second);
    }
}

}  // namespace
}  // namespace thalweg
