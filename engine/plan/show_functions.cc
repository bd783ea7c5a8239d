#include "engine/plan/show_functions.h"

#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace thalweg::plan {

namespace {

bool is_word(std::string_view name) {
    return std::ranges::all_of(
        name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::set<std::string> names() {
    std::set<std::string> all;
    for (std::string& name : function_names()) {
        if (is_word(name)) all.insert(std::move(name));
    }
    for (std::string& name : aggregate_names())
        all.insert(std::move(name));
    return all;
}

}  // namespace

std::string functions_text() {
    std::string out;
    for (const std::string& name : names()) {
        out += name;
        out += '\n';
    }
    return out;
}

}  // namespace thalweg::plan
