// docs/FUNCTIONS.md names every function there is, and no other.

#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// The code spans of the first cells of all tables; "\|" is a bar.
std::set<std::string> documented() {
    std::ifstream in(std::string(THALWEG_SOURCE_DIR) + "/docs/FUNCTIONS.md");
    std::set<std::string> names;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| `")) continue;
        std::string cell = line.substr(2, line.find(" | ", 2) - 2);
        for (std::size_t begin = cell.find('`'); begin != std::string::npos;) {
            const std::size_t end = cell.find('`', begin + 1);
            REQUIRE(end != std::string::npos);
            std::string name = cell.substr(begin + 1, end - begin - 1);
            if (name == "\\|\\|") name = "||";
            names.insert(name);
            begin = cell.find('`', end + 1);
        }
    }
    return names;
}

TEST_CASE("functions document: names what there is") {
    const std::set<std::string> names = documented();
    REQUIRE(names.size() > 100);
    std::vector<std::string> known = function_names();
    for (const std::string& name : aggregate_names())
        known.push_back(name);
    for (const std::string& name : known) {
        INFO(name, " has no line in docs/FUNCTIONS.md");
        CHECK(names.contains(name));
    }
    // CASE, CAST and the like may be known to the binder alone, but must then be one of these.
    const std::set<std::string> elsewhere = {"CASE", "CAST", "TRY_CAST", "AND", "OR"};
    const std::set<std::string> all(known.begin(), known.end());
    for (const std::string& name : names) {
        INFO("docs/FUNCTIONS.md has ", name, ", which there is not");
        CHECK((all.contains(name) || elsewhere.contains(name)));
    }
}

}  // namespace
}  // namespace thalweg
