// The notes name every function there is, and no other; docs/FUNCTIONS.md is made of them.

#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"
#include "ops/function_notes.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

// The names of all lines.
std::set<std::string> documented() {
    std::set<std::string> names;
    for (const FunctionSection& section : function_sections()) {
        for (const FunctionNote& note : section.notes) {
            INFO(note.names);
            CHECK_FALSE(note.text.empty());
            std::string_view rest = note.names;
            for (std::size_t end = 0; end != std::string_view::npos;) {
                end = rest.find(", ");
                names.emplace(rest.substr(0, end));
                if (end != std::string_view::npos) rest.remove_prefix(end + 2);
            }
        }
    }
    return names;
}

TEST_CASE("functions document: is what the binary prints") {
    std::ifstream in(std::string(THALWEG_SOURCE_DIR) + "/docs/FUNCTIONS.md");
    std::stringstream text;
    text << in.rdbuf();
    INFO("write it anew: thalweg functions > docs/FUNCTIONS.md");
    CHECK_EQ(text.str(), functions_document());
}

TEST_CASE("functions document: finds a line by a name in any case") {
    REQUIRE(find_function_note("md5") != nullptr);
    CHECK_EQ(find_function_note("is null")->names, "IS NULL, IS NOT NULL");
    CHECK_EQ(find_function_note("||")->names, "||");
    CHECK(find_function_note("MD") == nullptr);
    CHECK(find_function_note("") == nullptr);
}

TEST_CASE("functions document: names what there is") {
    const std::set<std::string> names = documented();
    REQUIRE(names.size() > 100);
    std::vector<std::string> known = function_names();
    for (const std::string& name : aggregate_names())
        known.push_back(name);
    for (const std::string& name : known) {
        INFO(name, " has no line in ops/function_notes.cc");
        CHECK(names.contains(name));
    }
    // CASE, CAST and the like may be known to the binder alone, but must then be one of these.
    const std::set<std::string> elsewhere = {"CASE", "CAST", "TRY_CAST", "AND", "OR", "OVERLAPS"};
    const std::set<std::string> all(known.begin(), known.end());
    for (const std::string& name : names) {
        INFO("ops/function_notes.cc has ", name, ", which there is not");
        CHECK((all.contains(name) || elsewhere.contains(name)));
    }
}

}  // namespace
}  // namespace thalweg
