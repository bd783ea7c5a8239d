// Any text: the parser answers with a tree or with an error that points into the text, and a tree
// written back parses to the same tree.

#include "engine/sql/parser.h"
#include "engine/sql/sql_error.h"
#include "engine/sql/unparse.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace thalweg::sql {
namespace {

[[noreturn]] void disagree(std::string_view what, const std::string& canonical) {
    std::fprintf(
        stderr, "%.*s:\n%s\n", static_cast<int>(what.size()), what.data(), canonical.c_str());
    std::abort();
}

void check_round_trip(const Statement& statement) {
    const std::string canonical = to_sql(statement);
    const auto again = parse_statement(canonical);
    if (!again) {
        // Parentheses that make the order of operators plain may pass the limits.
        const std::string& message = again.error().message();
        const bool limit = message.find("nested deeper") != std::string::npos ||
                           message.find("is longer than") != std::string::npos;
        if (!limit) disagree(format_error("canonical", canonical, again.error()), canonical);
        return;
    }
    const std::string twice = to_sql(*again);
    if (twice != canonical) disagree("written back differently: " + twice, canonical);
}

void check(const std::string& text) {
    const auto parsed = parse_script(text);
    if (!parsed) {
        if (parsed.error().location().offset > text.size()) disagree("outside", text);
        if (format_error("input", text, parsed.error()).empty()) disagree("silent", text);
        return;
    }
    for (const Statement& statement : *parsed)
        check_round_trip(statement);
}

}  // namespace
}  // namespace thalweg::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::sql::check(std::string(data, data + size));
    return 0;
}
