#include "engine/plan/bind_query.h"
#include "engine/sql/token.h"
#include "state/text/duration.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Hints: OPTIONS of a table replaces options of its CREATE TABLE; STATE_TTL of a SELECT says for
// how long joins and the GROUP BY of that SELECT keep what they have of a relation of its FROM;
// those that ask for another way to the same result are warned about, and left.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// A table as a query wants it, with what that points to.
struct TableWithOptions {
    TableDefinition definition;
    std::shared_ptr<const BoundTable> table;
};

std::int64_t duration_of(const sql::Text& text) {
    const std::optional<std::int64_t> duration = parse_duration_ns(text.value);
    if (!duration)
        throw SqlError(text.location,
                       "STATE_TTL expects a duration, found '" + text.value + "'",
                       "'1 d', '12 h', '0 s' for none");
    return *duration;
}

}  // namespace

std::vector<QueryBinder::HintedTtl> QueryBinder::begin_hints(const sql::Select& select) {
    constexpr std::array<std::string_view, 6> kWithoutEffect = {
        "LOOKUP", "BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"};
    std::vector<HintedTtl> ttls;
    for (const sql::Hint& hint : select.hints) {
        const std::string name = sql::to_upper(hint.name.text);
        if (name == "STATE_TTL") {
            if (hint.options.empty())
                throw SqlError(hint.name.location,
                               "STATE_TTL names no relation",
                               "STATE_TTL('orders' = '1 d', 'customers' = '20 d')");
            for (const sql::Option& option : hint.options)
                ttls.push_back({option.key, duration_of(option.value)});
            continue;
        }
        if (std::find(kWithoutEffect.begin(), kWithoutEffect.end(), name) == kWithoutEffect.end())
            throw sql::not_supported(hint.name.location, "the hint " + hint.name.text);
        warnings_.push_back("the hint " + name + " has no effect in Thalweg");
    }
    return std::exchange(ttls_, std::move(ttls));
}

void QueryBinder::end_hints(std::vector<HintedTtl> outer, const Scope& from) {
    for (const HintedTtl& ttl : std::exchange(ttls_, std::move(outer))) {
        if (ttl.is_used) continue;
        const std::string& alias = ttl.alias.value;
        const bool is_known = std::any_of(
            from.relations.begin(), from.relations.end(), [&](const Scope::Relation& relation) {
                return relation.alias == alias;
            });
        if (!is_known)
            throw SqlError(ttl.alias.location,
                           "STATE_TTL names '" + alias + "', which this FROM does not have");
        warnings_.push_back("STATE_TTL of '" + alias +
                            "' has no effect: neither a join nor a GROUP BY keeps it by itself");
    }
}

std::optional<std::int64_t> QueryBinder::hinted_ttl(const Scope& from) {
    if (from.relations.size() != 1) return std::nullopt;
    for (HintedTtl& ttl : ttls_) {
        if (ttl.alias.value != from.relations[0].alias) continue;
        ttl.is_used = true;
        return ttl.ttl_ns;
    }
    return std::nullopt;
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
