#include "engine/plan/grouping_sets.h"

#include "engine/sql/sql_error.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace thalweg::plan {

namespace {

void check_count(std::size_t count, sql::Location at) {
    if (count <= kGroupingSetsMax) return;
    throw sql::SqlError(
        at, "GROUP BY makes more than " + std::to_string(kGroupingSetsMax) + " grouping sets");
}

KeySet united(const KeySet& a, const KeySet& b) {
    KeySet both;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
}

// From all arguments to none, each less than the one before by its last.
std::vector<KeySet> prefixes(const std::vector<KeySet>& arguments) {
    std::vector<KeySet> sets = {{}};
    for (const KeySet& argument : arguments)
        sets.push_back(united(sets.back(), argument));
    std::reverse(sets.begin(), sets.end());
    return sets;
}

}  // namespace

std::vector<KeySet> sets_of(const sql::GroupingElement& element,
                            const std::vector<KeySet>& arguments) {
    check_count(arguments.size(), element.location);
    if (element.kind == sql::GroupingKind::kRollup) return prefixes(arguments);
    if (element.kind != sql::GroupingKind::kCube) return arguments;
    std::vector<KeySet> sets = {{}};
    for (const KeySet& argument : arguments)
        sets = combined(sets, {argument, {}}, element.location);
    return sets;
}

std::optional<GroupingCall> find_grouping_call(std::string_view name) {
    std::string upper(name);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (upper == "GROUPING" || upper == "GROUPING_ID") return GroupingCall::kGrouping;
    if (upper == "GROUP_ID") return GroupingCall::kGroupId;
    return std::nullopt;
}

std::vector<KeySet> combined(const std::vector<KeySet>& left,
                             const std::vector<KeySet>& right,
                             sql::Location at) {
    check_count(left.size() * right.size(), at);
    std::vector<KeySet> sets;
    for (const KeySet& a : left) {
        for (const KeySet& b : right)
            sets.push_back(united(a, b));
    }
    return sets;
}

}  // namespace thalweg::plan
