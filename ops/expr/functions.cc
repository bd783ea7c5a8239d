#include "ops/expr/functions.h"

#include <string>
#include <unordered_map>

namespace thalweg {

namespace {

using Table = std::span<const Function> (*)();

constexpr Table kParts[] = {
    arithmetic_functions, array_functions,       choice_functions,     collection_functions,
    compare_functions,    conditional_functions, digest_functions,     encoding_functions,
    gather_functions,     in_functions,          inspection_functions, interval_functions,
    json_functions,       logic_functions,       map_functions,        math_functions,
    printf_functions,     random_functions,      regex_functions,      search_functions,
    string_functions,     time_functions,        time_text_functions,  url_functions,
};

struct Registry {
    std::unordered_map<std::string_view, std::vector<const Function*>> by_name;
    std::vector<std::string> names;
};

Registry make_registry() {
    Registry registry;
    for (const Table table : kParts) {
        for (const Function& function : table()) {
            auto& overloads = registry.by_name[function.name];
            const bool is_ours = function.name.front() == '$';  // No query can name it.
            if (overloads.empty() && !is_ours) registry.names.emplace_back(function.name);
            overloads.push_back(&function);
        }
    }
    return registry;
}

const Registry& registry() {
    static const Registry kRegistry = make_registry();
    return kRegistry;
}

}  // namespace

std::span<const Function* const> find_functions(std::string_view name) {
    const auto found = registry().by_name.find(name);
    if (found == registry().by_name.end()) return {};
    return found->second;
}

std::vector<std::string> function_names() {
    return registry().names;
}

}  // namespace thalweg
