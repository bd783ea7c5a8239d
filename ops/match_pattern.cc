#include "ops/match_pattern.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

using Kind = MatchPattern::Kind;

bool is_fixed(const MatchPattern& pattern) {
    return pattern.maximum == pattern.minimum;
}

bool is_optional(const MatchPattern& pattern) {
    return pattern.minimum == 0 && pattern.maximum == 1U;
}

// Of a variable in a plain pattern: rows that it can take are its own.
bool is_committed(const MatchPattern& pattern) {
    return !pattern.is_reluctant && !is_fixed(pattern) && !is_optional(pattern);
}

bool is_variable(const MatchPattern& pattern) {
    return pattern.kind == Kind::kVariable && !(pattern.is_reluctant && is_optional(pattern));
}

std::size_t bounded(std::size_t count) {
    return std::min(count, MatchProgram::kStepsMax + 1);
}

std::string quantifier(const MatchPattern& pattern) {
    std::string text;
    if (!pattern.maximum) {
        text = pattern.minimum == 0   ? "*"
               : pattern.minimum == 1 ? "+"
                                      : "{" + std::to_string(pattern.minimum) + ",}";
    } else if (is_optional(pattern)) {
        text = "?";
    } else if (is_fixed(pattern)) {
        if (pattern.minimum == 1) return {};
        text = "{" + std::to_string(pattern.minimum) + "}";
    } else {
        text = "{" + std::to_string(pattern.minimum) + "," + std::to_string(*pattern.maximum) + "}";
    }
    return text + (pattern.is_reluctant ? "?" : "");
}

}  // namespace

std::size_t step_count(const MatchPattern& pattern) {
    std::size_t once = pattern.kind == Kind::kSequence ? 0 : 1;
    for (const MatchPattern& child : pattern.children)
        once = bounded(once + step_count(child) + (pattern.kind == Kind::kAlternation ? 1 : 0));
    const std::size_t times = pattern.maximum.value_or(pattern.minimum + std::size_t{1});
    if (times > MatchProgram::kStepsMax) return MatchProgram::kStepsMax + 1;
    constexpr std::size_t kGuard = 3;
    return bounded((once + 1) * times + (is_committed(pattern) && pattern.maximum ? kGuard : 0));
}

bool is_plain(const MatchPattern& pattern) {
    if (pattern.kind == Kind::kVariable) return is_variable(pattern);
    if (pattern.kind != Kind::kSequence || !is_fixed(pattern) || pattern.minimum != 1) return false;
    std::vector<std::uint32_t> variables;
    for (const MatchPattern& child : pattern.children) {
        if (!is_variable(child)) return false;
        variables.push_back(child.variable);
    }
    std::sort(variables.begin(), variables.end());
    return std::adjacent_find(variables.begin(), variables.end()) == variables.end();
}

bool ends_greedily(const MatchPattern& pattern) {
    if (pattern.kind == Kind::kVariable) return is_committed(pattern);
    for (auto child = pattern.children.rbegin(); child != pattern.children.rend(); ++child) {
        if (is_committed(*child)) return true;
        if (child->minimum != 0) return false;
    }
    return false;
}

std::string to_string(const MatchPattern& pattern, const std::vector<std::string>& variables) {
    if (pattern.kind == Kind::kVariable) return variables[pattern.variable] + quantifier(pattern);
    std::string text;
    for (const MatchPattern& child : pattern.children) {
        if (!text.empty()) text += pattern.kind == Kind::kSequence ? " " : " | ";
        const bool needs_parentheses =
            child.kind == Kind::kAlternation && quantifier(child).empty();
        text += needs_parentheses ? "(" + to_string(child, variables) + ")"
                                  : to_string(child, variables);
    }
    const std::string times = quantifier(pattern);
    return times.empty() ? text : "(" + text + ")" + times;
}

MatchProgram::MatchProgram(const MatchPattern& pattern) : is_plain_(thalweg::is_plain(pattern)) {
    start_ = add_repeated(pattern, add({}));
    reached_.resize(steps_.size());
    for (std::uint32_t step = 0; step < steps_.size(); ++step) {
        find_reached(step);
        const auto& reached = reached_[step];
        can_end_.push_back(std::any_of(reached.begin(), reached.end(), [&](std::uint32_t each) {
            return steps_[each].kind == Step::Kind::kEnd;
        }));
    }
}

std::uint32_t MatchProgram::add(Step step) {
    steps_.push_back(step);
    return static_cast<std::uint32_t>(steps_.size() - 1);
}

// The pattern but for its quantifier; `next` is what follows. Returns where it begins.
std::uint32_t MatchProgram::add_once(const MatchPattern& pattern, std::uint32_t next) {
    if (pattern.kind == Kind::kVariable)
        return add({Step::Kind::kRow, false, pattern.variable, next, 0});
    if (pattern.kind == Kind::kSequence) {
        for (auto child = pattern.children.rbegin(); child != pattern.children.rend(); ++child)
            next = add_repeated(*child, next);
        return next;
    }
    std::uint32_t entry = add_repeated(pattern.children.back(), next);
    for (std::size_t i = pattern.children.size() - 1; i-- > 0;) {
        const std::uint32_t first = add_repeated(pattern.children[i], next);
        entry = add({Step::Kind::kSplit, false, 0, first, entry});
    }
    return entry;
}

std::uint32_t MatchProgram::add_repeated(const MatchPattern& pattern, std::uint32_t next) {
    Step split;
    split.kind = Step::Kind::kSplit;
    split.is_committed = is_plain_ && is_committed(pattern);
    const bool takes_first = is_plain_ || !pattern.is_reluctant;
    const auto choose = [&](std::uint32_t body) {
        split.next = takes_first ? body : next;
        split.other = takes_first ? next : body;
        return split;
    };
    std::uint32_t entry = next;
    if (split.is_committed && pattern.maximum) entry = add_guard(pattern.variable, next);
    if (!pattern.maximum) {
        entry = add(split);
        const std::uint32_t body = add_once(pattern, entry);
        steps_[entry] = choose(body);
    }
    for (std::uint32_t i = pattern.minimum; i < pattern.maximum.value_or(0); ++i) {
        const std::uint32_t body = add_once(pattern, entry);
        entry = add(choose(body));
    }
    for (std::uint32_t i = 0; i < pattern.minimum; ++i)
        entry = add_once(pattern, entry);
    return entry;
}

// What follows a greedy variable that has all its rows: none that it would take.
std::uint32_t MatchProgram::add_guard(std::uint32_t variable, std::uint32_t next) {
    const std::uint32_t dead = add({Step::Kind::kDead, false, 0, 0, 0});
    const std::uint32_t once_more = add({Step::Kind::kRow, false, variable, dead, 0});
    return add({Step::Kind::kSplit, true, 0, once_more, next});
}

void MatchProgram::find_reached(std::uint32_t from) {
    std::vector<bool> seen(steps_.size(), false);
    std::vector<std::uint32_t> open = {from};
    while (!open.empty()) {
        const std::uint32_t at = open.back();
        open.pop_back();
        if (seen[at]) continue;
        seen[at] = true;
        const Step& step = steps_[at];
        if (step.kind == Step::Kind::kSplit) {
            open.push_back(step.other);
            open.push_back(step.next);
        } else {
            reached_[from].push_back(at);
        }
    }
}

}  // namespace thalweg
