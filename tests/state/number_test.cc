// Numbers as text: Java's forms, the ends of the ranges, and round trips.

#include "state/text/number.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string text_of(double value) {
    std::string text;
    append_double(text, value);
    return text;
}

TEST_CASE("number: integers are a sign and digits that fit") {
    struct Row {
        std::string text;
        std::optional<std::int64_t> value;
    };

    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    const std::vector<Row> rows = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"123456789012345678", 123456789012345678},
        {"9223372036854775807", 9223372036854775807},
        {"9223372036854775808", std::nullopt},
        {"-9223372036854775808", kMin},
        {"-9223372036854775809", std::nullopt},
        {"99999999999999999999999", std::nullopt},
        {"000000000000000000000000000005", 5},
        {"", std::nullopt},
        {"-", std::nullopt},
        {"+-1", std::nullopt},
        {" 1", std::nullopt},
        {"1 ", std::nullopt},
        {"1.0", std::nullopt},
        {"12345678901234567x", std::nullopt},
        {"1234567890123456789x", std::nullopt},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parse_int64(row.text) == row.value);
    }
}

TEST_CASE("number: one character that is no digit is found at every place") {
    for (std::size_t size = 1; size <= 19; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int c = 0; c < 256; ++c) {
                std::string text(size, '1');
                text[at] = static_cast<char>(c);
                const bool is_sign = at == 0 && size > 1 && (c == '-' || c == '+');
                const bool is_digit = c >= '0' && c <= '9';
                REQUIRE(parse_int64(text).has_value() == (is_digit || is_sign));
            }
        }
    }
}

TEST_CASE("number: doubles have Java's form") {
    struct Row {
        double value;
        std::string text;
    };

    const std::vector<Row> rows = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {100.0, "100.0"},
        {123456.789, "123456.789"},
        {0.001, "0.001"},
        {0.00123, "0.00123"},
        {0.0001, "1.0E-4"},
        {0.00012345, "1.2345E-4"},
        {9999999.0, "9999999.0"},
        {1e7, "1.0E7"},
        {12345678.0, "1.2345678E7"},
        {1e10, "1.0E10"},
        {1e-5, "1.0E-5"},
        {1e100, "1.0E100"},
        {1.7976931348623157e308, "1.7976931348623157E308"},
        {4.9e-324, "5.0E-324"},
        {std::numeric_limits<double>::infinity(), "Infinity"},
        {-std::numeric_limits<double>::infinity(), "-Infinity"},
        {std::numeric_limits<double>::quiet_NaN(), "NaN"},
    };
    for (const Row& row : rows)
        CHECK_EQ(text_of(row.value), row.text);
    std::string text;
    append_float(text, 0.1F);
    text += ' ';
    append_float(text, 16777216.0F);
    CHECK_EQ(text, "0.1 1.6777216E7");
}

TEST_CASE("number: doubles are read as fast_float reads them, with a sign and Java's words") {
    CHECK(parse_double("1.5") == 1.5);
    CHECK(parse_double("+1.5") == 1.5);
    CHECK(parse_double(".5") == 0.5);
    CHECK(parse_double("5.") == 5.0);
    CHECK(parse_double("1e3") == 1000.0);
    CHECK(parse_double("1.0E-3") == 0.001);
    CHECK(parse_double("-Infinity") == -std::numeric_limits<double>::infinity());
    CHECK(parse_double("1e999") == std::numeric_limits<double>::infinity());
    CHECK(parse_double("1e-999") == 0.0);
    CHECK(std::isnan(parse_double("NaN").value()));
    CHECK(parse_float("0.1") == 0.1F);
    for (const char* text : {"", "-", "+", "+-1", "--1", "1.5x", " 1", "1 ", "e5", "1e", "0x10"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_double(text).has_value());
        CHECK_FALSE(parse_float(text).has_value());
    }
}

TEST_CASE("number: what is written reads back as the same bits") {
    constexpr std::uint64_t kSeed = 11;
    CAPTURE(kSeed);
    Random random(kSeed);
    for (int i = 0; i < 50'000; ++i) {
        const std::uint64_t bits = random();
        const std::int64_t integer = static_cast<std::int64_t>(bits >> (bits & 63U));
        std::string text;
        append_int64(text, integer);
        REQUIRE(parse_int64(text) == integer);

        const double value = std::bit_cast<double>(bits);
        if (std::isnan(value)) continue;
        REQUIRE(parse_double(text_of(value)) == value);

        const float small = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        if (std::isnan(small)) continue;
        text.clear();
        append_float(text, small);
        REQUIRE(parse_float(text) == small);
    }
}

}  // namespace
}  // namespace thalweg
