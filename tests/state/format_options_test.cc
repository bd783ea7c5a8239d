#include "state/text/format_options.h"

#include <doctest/doctest.h>

#include <array>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 2> kKnown = {"field-delimiter", "mode"};
constexpr std::array<std::string_view, 2> kModes = {"Fast", "Safe"};

FormatOptions options_with(std::string name, std::string value) {
    auto options = FormatOptions::check("csv", {{std::move(name), std::move(value)}}, kKnown);
    REQUIRE(options.has_value());
    return *options;
}

}  // namespace

TEST_CASE("format options: those of a WITH clause are told from others by their prefix") {
    const FormatOptions::Values with = {{"csv.mode", "safe"}, {"path", "x"}, {"csvmode", "y"}};
    const auto options = FormatOptions::check_prefixed("csv", with, kKnown);
    REQUIRE(options.has_value());
    CHECK(options->text("mode", "") == "safe");
    CHECK_FALSE(options->has("field-delimiter"));

    const auto unknown = FormatOptions::check_prefixed("csv", {{"csv.node", "1"}}, kKnown);
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().message == "unknown option 'csv.node' (did you mean 'csv.mode'?)");
}

TEST_CASE("format options: a value, its absence, and what it may not be") {
    CHECK(options_with("mode", "FAST").choice("mode", kModes).value() == "Fast");
    CHECK(options_with("field-delimiter", ";").choice("mode", kModes).value() == "Fast");
    CHECK(options_with("mode", "slow").choice("mode", kModes).error().message ==
          "option 'csv.mode' must be one of 'Fast' 'Safe', not 'slow'");
    CHECK(options_with("mode", "True").boolean("mode", false).value());
    CHECK(options_with("mode", "x").boolean("field-delimiter", true).value());
    CHECK_FALSE(options_with("mode", "yes").boolean("mode", false).has_value());
    CHECK(options_with("field-delimiter", "\\t").character("field-delimiter", ',').value() == '\t');
    CHECK(options_with("mode", "x").character("field-delimiter", ',').value() == ',');
    CHECK_FALSE(options_with("field-delimiter", ";;").character("field-delimiter", ','));
}

}  // namespace thalweg
