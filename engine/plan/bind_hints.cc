#include "engine/plan/bind_query.h"
#include "engine/sql/token.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// Hints: OPTIONS of a table replaces options of its CREATE TABLE; those of a SELECT that ask for
// another way to the same result are warned about, and left.

namespace thalweg::plan {

namespace {

// A table as a query wants it, with what that points to.
struct TableWithOptions {
    TableDefinition definition;
    std::shared_ptr<const BoundTable> table;
};

}  // namespace

void QueryBinder::bind_hints_of(const sql::Select& select) {
    constexpr std::array<std::string_view, 7> kWithoutEffect = {"LOOKUP",
                                                                "STATE_TTL",
                                                                "BROADCAST",
                                                                "SHUFFLE_HASH",
                                                                "SHUFFLE_MERGE",
                                                                "NEST_LOOP",
                                                                "MULTI_JOIN"};
    for (const sql::Hint& hint : select.hints) {
        const std::string name = sql::to_upper(hint.name.text);
        if (std::find(kWithoutEffect.begin(), kWithoutEffect.end(), name) == kWithoutEffect.end())
            throw sql::not_supported(hint.name.location, "the hint " + hint.name.text);
        warnings_.push_back("the hint " + name + " has no effect in Thalweg");
    }
}

std::shared_ptr<const BoundTable> QueryBinder::bind_options(const TableDefinition& definition,
                                                            const std::vector<sql::Hint>& hints) {
    auto changed = std::make_shared<TableWithOptions>();
    changed->definition = definition;
    std::map<std::string, std::string> said;
    for (const sql::Hint& hint : hints) {
        if (sql::to_upper(hint.name.text) != "OPTIONS")
            throw sql::not_supported(hint.name.location, "the hint " + hint.name.text);
        for (const sql::Option& option : hint.options) {
            changed->definition.options[option.key.value] = option.value.value;
            said[option.key.value] = option.value.value;
            changed->definition.option_locations[option.key.value] = {option.key.location,
                                                                      option.value.location};
        }
    }
    // How far it has been read is its own: the state knows it by this name.
    for (const auto& [key, value] : said)
        changed->definition.name += " " + key + "=" + value;
    changed->table = bind_table(changed->definition, settings_);
    const BoundTable* const table = changed->table.get();
    return {std::move(changed), table};
}

}  // namespace thalweg::plan
