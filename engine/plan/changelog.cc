#include "engine/plan/changelog.h"

#include "engine/plan/conjuncts.h"

#include <algorithm>
#include <variant>
#include <vector>

namespace thalweg::plan {

namespace {

std::string name_of(const Aggregate& node) {
    std::string keys;
    for (const std::size_t key : node.keys) {
        keys += keys.empty() ? " BY " : ", ";
        keys += node.input->columns[key].name;
    }
    return keys.empty() ? "an aggregate without GROUP BY" : "GROUP" + keys;
}

// What needs rows that stay as they are, in words; empty: it takes changes.
std::string_view gaining_operator(const Rel& rel) {
    if (const auto* node = std::get_if<Aggregate>(&rel.node))
        return node->window != nullptr ? "a windowed GROUP BY"
               : node->calls.empty()   ? "DISTINCT, UNION or GROUP BY"
                                       : "GROUP BY";
    if (std::holds_alternative<AssignWindow>(rel.node)) return "a window table function";
    if (std::holds_alternative<WindowJoin>(rel.node)) return "a window join";
    if (std::holds_alternative<LookupJoin>(rel.node)) return "a lookup join";
    return {};
}

// Whether RAND() or the clock is in what the operator computes for each row by itself.
bool is_unrepeatable(const Rel& rel) {
    const auto is_other = [](const ExprPtr& expr) { return !is_repeatable(*expr); };
    if (const auto* node = std::get_if<Filter>(&rel.node)) return is_other(node->condition);
    if (const auto* node = std::get_if<Unnest>(&rel.node)) return is_other(node->list);
    const auto* node = std::get_if<Project>(&rel.node);
    return node != nullptr &&
           std::any_of(node->expressions.begin(), node->expressions.end(), is_other);
}

}  // namespace

std::string changing_operator(const Rel& rel) {
    if (const auto* node = std::get_if<Aggregate>(&rel.node)) {
        const bool changes = node->window == nullptr && !node->calls.empty();
        return changes ? name_of(*node) : std::string();
    }
    if (std::holds_alternative<WindowJoin>(rel.node)) return {};
    for (const RelPtr& input : inputs_of(rel)) {
        if (std::string found = changing_operator(*input); !found.empty()) return found;
    }
    return {};
}

void check_changes(const Rel& rel, sql::Location at) {
    const std::string_view gaining = gaining_operator(rel);
    for (const RelPtr& input : inputs_of(rel)) {
        check_changes(*input, at);
        const std::string changing = changing_operator(*input);
        if (changing.empty()) continue;
        if (is_unrepeatable(rel)) {
            throw sql::SqlError(at,
                                "RAND() or the clock over rows that change (" + changing +
                                    "): what was computed for a row could not be taken back");
        }
        if (!gaining.empty()) {
            throw sql::SqlError(at,
                                std::string(gaining) + " over rows that change (" + changing +
                                    ") is not supported yet");
        }
    }
}

}  // namespace thalweg::plan
