// Durations and sizes in Flink's spelling.

#include "state/text/duration.h"

#include <doctest/doctest.h>

#include <array>

namespace thalweg {
namespace {

TEST_CASE("duration: every spelling that Flink takes") {
    struct Case {
        std::string_view text;
        std::int64_t nanos;
    };

    constexpr std::array kCases = {Case{"1 s", 1'000'000'000},
                                   Case{"1min", 60'000'000'000},
                                   Case{"500ms", 500'000'000},
                                   Case{"2 H", 7'200'000'000'000},
                                   Case{"1 d", 86'400'000'000'000},
                                   Case{"3 minutes", 180'000'000'000},
                                   Case{"10 us", 10'000},
                                   Case{"5ns", 5},
                                   Case{"200", 200'000'000},
                                   Case{"0 s", 0}};
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CHECK_EQ(parse_duration_ns(c.text), c.nanos);
    }
    for (const std::string_view text :
         {"", "s", "1 parsec", "-1 s", "1.5 s", "1 s s", "99999999 d"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration_ns(text).has_value());
    }
}

TEST_CASE("size: factors of 1,024") {
    CHECK_EQ(parse_size_bytes("64mb"), 64U << 20U);
    CHECK_EQ(parse_size_bytes("64 kb"), 64U << 10U);
    CHECK_EQ(parse_size_bytes("100"), 100U);
    CHECK_EQ(parse_size_bytes("2 bytes"), 2U);
    CHECK_FALSE(parse_size_bytes("64 mib/s").has_value());
}

}  // namespace
}  // namespace thalweg
