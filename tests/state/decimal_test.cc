// DECIMAL: reading, writing, rounding half up, and the ends of 38 digits.

#include "state/text/decimal.h"

#include "state/base/random.h"
#include "state/text/number.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string text_of(std::optional<Int128> value, std::int32_t scale) {
    if (!value) return "none";
    std::string text;
    append_decimal(text, *value, scale);
    return text;
}

TEST_CASE("decimal: text is read at the scale, rounded half up, or refused") {
    struct Row {
        std::string text;
        std::int32_t precision;
        std::int32_t scale;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"12.3", 10, 2, "12.30"},
        {"-12.3", 10, 2, "-12.30"},
        {"+12.3", 10, 2, "12.30"},
        {" 1.5 ", 10, 1, "1.5"},
        {"0", 10, 2, "0.00"},
        {"-0.00", 10, 2, "0.00"},
        {"0.05", 10, 2, "0.05"},
        {".5", 10, 1, "0.5"},
        {"5.", 10, 0, "5"},
        {"0.005", 10, 2, "0.01"},
        {"0.0049", 10, 2, "0.00"},
        {"-0.005", 10, 2, "-0.01"},
        {"0.0005", 10, 2, "0.00"},
        {"1.005", 3, 2, "1.01"},
        {"9.995", 3, 2, "none"},
        {"99.9", 3, 2, "none"},
        {"1e3", 10, 0, "1000"},
        {"1E-2", 10, 2, "0.01"},
        {"1.23e+1", 10, 2, "12.30"},
        {"123e-3", 10, 1, "0.1"},
        {"150e-3", 10, 1, "0.2"},
        {"0e99", 10, 2, "0.00"},
        {"1e99", 38, 0, "none"},
        {"1e-99", 38, 0, "0"},
        {"99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999"},
        {"-0.99999999999999999999999999999999999999",
         38,
         38,
         "-0.99999999999999999999999999999999999999"},
        {"100000000000000000000000000000000000000", 38, 0, "none"},
        {"0.000000000000000000000000000000000000000000001", 38, 10, "0.0000000000"},
        {"3.14159265358979323846264338327950288419716939937510",
         38,
         37,
         "3.1415926535897932384626433832795028842"},
        {"0000000000000000000000000000000000000000000000001", 38, 0, "1"},
        {"", 10, 2, "none"},
        {".", 10, 2, "none"},
        {"-", 10, 2, "none"},
        {"1.2.3", 10, 2, "none"},
        {"1e", 10, 2, "none"},
        {"1ex", 10, 2, "none"},
        {"abc", 10, 2, "none"},
        {"1 2", 10, 2, "none"},
        {"1e99999999999", 10, 2, "none"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK_EQ(text_of(parse_decimal(row.text, row.precision, row.scale), row.scale),
                 row.expected);
    }
}

TEST_CASE("decimal: another scale rounds half up and checks the precision") {
    struct Row {
        std::string text;
        std::int32_t from_scale;
        std::int32_t precision;
        std::int32_t scale;
        std::string expected;
    };

    const std::vector<Row> rows = {
        {"12.34", 2, 10, 4, "12.3400"},
        {"12.34", 2, 5, 4, "none"},
        {"12.35", 2, 10, 1, "12.4"},
        {"-12.35", 2, 10, 1, "-12.4"},
        {"12.349", 3, 10, 1, "12.3"},
        {"0.5", 1, 10, 0, "1"},
        {"-0.5", 1, 10, 0, "-1"},
        {"9.9", 1, 1, 0, "none"},
        {"0.00", 2, 38, 38, "0.00000000000000000000000000000000000000"},
        {"5", 0, 38, 38, "none"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const Int128 value = parse_decimal(row.text, 38, row.from_scale).value();
        const auto scaled = rescale_decimal(value, row.from_scale, row.precision, row.scale);
        CHECK_EQ(text_of(scaled, row.scale), row.expected);
    }
}

TEST_CASE("decimal: doubles count by their shortest digits") {
    CHECK_EQ(text_of(decimal_from_double(0.1, 38, 20), 20), "0.10000000000000000000");
    CHECK_EQ(text_of(decimal_from_double(2.675, 10, 2), 2), "2.68");
    CHECK_EQ(text_of(decimal_from_double(-1e20, 38, 0), 0), "-100000000000000000000");
    CHECK_EQ(text_of(decimal_from_double(1e20, 10, 0), 0), "none");
    CHECK_EQ(text_of(decimal_from_double(std::nan(""), 10, 0), 0), "none");
    CHECK_EQ(text_of(decimal_from_double(HUGE_VAL, 10, 0), 0), "none");
    CHECK_EQ(decimal_to_double(1230, 2), 12.3);
    CHECK_EQ(decimal_to_double(parse_decimal("12345678901234567890.12345", 38, 5).value(), 5),
             12345678901234567890.12345);
    CHECK_EQ(decimal_to_double(-1, 38), -1e-38);
}

TEST_CASE("decimal: what is written reads back, also as the nearest double") {
    constexpr std::uint64_t kSeed = 23;
    CAPTURE(kSeed);
    Random random(kSeed);
    for (int i = 0; i < 20'000; ++i) {
        const auto digits = static_cast<std::int32_t>(1 + random.below(38));
        const auto scale = static_cast<std::int32_t>(random.below(39));
        Int128 value = static_cast<Int128>(random()) * static_cast<Int128>(random() >> 2U);
        value %= power_of_ten(digits);
        if (random.below(2) == 0) value = -value;
        std::string text;
        append_decimal(text, value, scale);
        REQUIRE(parse_decimal(text, 38, scale) == value);
        REQUIRE(decimal_to_double(value, scale) == parse_double(text));
    }
}

}  // namespace
}  // namespace thalweg
