// Numbers of up to 16 characters, read at once: against the reader of the state layer.

#include "ingest/short_number.h"

#include "state/base/random.h"
#include "state/text/number.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace thalweg {
namespace {

// Followed by what would be wrong to read.
std::array<char, 128> followed(std::string_view text, char next) {
    std::array<char, 128> bytes{};
    bytes.fill(next);
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

TEST_CASE("short number: what it takes and what it leaves") {
    struct Case {
        std::string_view text;
        bool is_integer;
        bool is_double;
    };

    constexpr std::array<Case, 22> kCases = {{{"0", true, true},
                                              {"7", true, true},
                                              {"-7", true, true},
                                              {"1234567890123456", true, true},
                                              {"-9999999999999999", true, true},
                                              {"12345678901234567", false, false},
                                              {"-0", true, true},
                                              {"007", true, true},
                                              {"", false, false},
                                              {"-", false, false},
                                              {"+1", false, false},
                                              {"--1", false, false},
                                              {" 1", false, false},
                                              {"1 ", false, false},
                                              {"1/", false, false},
                                              {"1:", false, false},
                                              {"12.5", false, true},
                                              {"-0.25", false, true},
                                              {"0.00000000000001", false, true},
                                              {".5", false, false},
                                              {"5.", false, false},
                                              {"1.2.3", false, false}}};
    for (const Case& row : kCases) {
        for (const char next : {'\0', '9', '.', '-'}) {
            CAPTURE(row.text);
            CAPTURE(next);
            const auto bytes = followed(row.text, next);
            std::int64_t integer = 0;
            CHECK_EQ(ShortNumber::read_integer(bytes.data(), row.text.size(), integer),
                     row.is_integer);
            if (row.is_integer) CHECK_EQ(integer, *parse_int64(row.text));
            double real = 0;
            CHECK_EQ(ShortNumber::read_double(bytes.data(), row.text.size(), real), row.is_double);
            if (row.is_double) {
                CHECK_EQ(std::bit_cast<std::uint64_t>(real),
                         std::bit_cast<std::uint64_t>(*parse_double(row.text)));
            }
        }
    }
}

TEST_CASE("short number: random numbers of every length are the nearest") {
    const std::uint64_t seed = 11;
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
        std::string text = random.below(2) == 0 ? "-" : "";
        const std::size_t size = 1 + random.below(16);
        const std::size_t point = random.below(2 * size);
        for (std::size_t at = 0; at < size; ++at) {
            const bool is_point = at == point && at > 0 && at + 1 < size;
            text += is_point ? '.' : static_cast<char>('0' + random.below(10));
        }
        CAPTURE(text);
        const auto bytes = followed(text, static_cast<char>(random.below(256)));
        double real = 0;
        REQUIRE(ShortNumber::read_double(bytes.data(), text.size(), real));
        CHECK_EQ(std::bit_cast<std::uint64_t>(real),
                 std::bit_cast<std::uint64_t>(*parse_double(text)));
        std::int64_t integer = 0;
        const bool has_point = text.find('.') != std::string::npos;
        REQUIRE_EQ(ShortNumber::read_integer(bytes.data(), text.size(), integer), !has_point);
        if (!has_point) CHECK_EQ(integer, *parse_int64(text));
    }
}

TEST_CASE("short number: how far digits and points go") {
    for (std::size_t digits = 0; digits <= 16; ++digits) {
        for (const char next : {'/', ':', '\0', 'e', '\xb5'}) {
            const auto bytes = followed(std::string(digits, '5'), next);
            CHECK_EQ(ShortNumber::count_digits(bytes.data()), digits);
            CHECK_EQ(ShortNumber::count_digits_and_points(bytes.data()), digits);
            const auto pointed = followed(std::string(digits, '.'), next);
            CHECK_EQ(ShortNumber::count_digits_and_points(pointed.data()), digits);
        }
    }
}

}  // namespace
}  // namespace thalweg
