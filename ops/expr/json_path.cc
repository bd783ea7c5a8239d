#include "ops/expr/json_path.h"

#include "state/text/number.h"

#include <algorithm>
#include <utility>

namespace thalweg {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Reads a path from left to right.
struct JsonPath::Reader {
    std::string_view whole;
    std::string_view rest;

    [[nodiscard]] tl::unexpected<Error> wrong(std::string_view why) const {
        return fail(Code::kInvalid,
                    "the JSON path '" + std::string(whole) + "' " + std::string(why));
    }

    bool accept(std::string_view text) {
        if (!rest.starts_with(text)) return false;
        rest.remove_prefix(text.size());
        return true;
    }

    void skip_blanks() {
        while (rest.starts_with(' '))
            rest.remove_prefix(1);
    }

    // Whether it begins with the word and a blank, in any case.
    bool accept_mode(std::string_view word) {
        if (rest.size() <= word.size() || rest[word.size()] != ' ') return false;
        const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
        if (!std::ranges::equal(rest.substr(0, word.size()), word, same)) return false;
        rest.remove_prefix(word.size());
        skip_blanks();
        return true;
    }

    std::string take_name() {
        const std::string_view name = rest.substr(0, rest.find_first_of(".["));
        rest.remove_prefix(name.size());
        return std::string(name);
    }

    std::optional<std::string> take_quoted() {
        const char quote = rest.front();
        std::string name;
        for (std::size_t at = 1; at < rest.size(); ++at) {
            if (rest[at] == quote) {
                rest.remove_prefix(at + 1);
                return name;
            }
            if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
            name += rest[at];
        }
        return std::nullopt;
    }

    std::optional<std::int64_t> take_integer() {
        const std::size_t sign = rest.starts_with('-') ? 1 : 0;
        const std::size_t end = std::min(rest.find_first_not_of("0123456789", sign), rest.size());
        const auto value = parse_int64(rest.substr(0, end));
        if (value.has_value()) rest.remove_prefix(end);
        return value;
    }

    // From behind the opening bracket to behind the closing one.
    Result<Step> take_selector() {
        skip_blanks();
        Step step;
        if (accept("*")) {
            step.kind = StepKind::kAll;
        } else if (rest.starts_with('\'') || rest.starts_with('"')) {
            auto name = take_quoted();
            if (!name.has_value()) return wrong("has a name without its closing quote");
            step = {.kind = StepKind::kMember, .name = *std::move(name)};
        } else if (rest.starts_with('?') || rest.starts_with('(')) {
            return wrong("has a filter, which is not supported");
        } else {
            const auto first = take_integer();
            step = {.kind = StepKind::kElement, .first = first.value_or(0)};
            if (accept(":")) {
                step.kind = StepKind::kSlice;
                step.end = take_integer();
            } else if (!first.has_value()) {
                return wrong("has neither a number, nor a name, nor a star in brackets");
            }
        }
        skip_blanks();
        if (!accept("]")) return wrong("has a bracket that is not closed");
        return step;
    }

    Result<Step> take_step() {
        if (accept("[")) return take_selector();
        if (accept("..")) {
            Step step{.kind = StepKind::kDeep, .name = take_name()};
            if (step.name.empty() || step.name == "*") return wrong("needs a name behind '..'");
            return step;
        }
        if (!accept(".")) return wrong("has something that is no step: '.name' or '[index]'");
        if (accept("[")) return take_selector();
        Step step{.kind = StepKind::kMember, .name = take_name()};
        if (step.name.empty()) return wrong("needs a name behind '.'");
        if (step.name.ends_with("()")) return wrong("calls a function, which is not supported");
        if (step.name == "*") step.kind = StepKind::kAll;
        return step;
    }
};

Result<std::shared_ptr<const JsonPath>> JsonPath::make(std::string_view text) {
    Reader reader{.whole = text, .rest = text};
    JsonPath path;
    reader.skip_blanks();
    path.is_lax_ = reader.accept_mode("lax");
    if (!path.is_lax_) static_cast<void>(reader.accept_mode("strict"));
    if (!reader.accept("$")) return reader.wrong("does not begin with '$'");
    while (!reader.rest.empty()) {
        TRY(Step step, reader.take_step());
        path.steps_.push_back(std::move(step));
    }
    return std::make_shared<const JsonPath>(std::move(path));
}

// Follows one step after the other, and counts the values that it looks at.
struct JsonPath::Walker {
    std::size_t looks = 0;
    std::vector<element> found = {};

    // False when there have been too many.
    bool look() noexcept { return ++looks <= kLooksMax; }

    void follow_deep(const std::string& name, element from) {
        object members;
        array elements;
        if (from.get(members) == simdjson::SUCCESS) {
            for (const auto member : members) {
                if (!look()) return;
                if (member.key == name) found.push_back(member.value);
                follow_deep(name, member.value);
            }
        } else if (from.get(elements) == simdjson::SUCCESS) {
            for (const element each : elements) {
                if (!look()) return;
                follow_deep(name, each);
            }
        }
    }

    void follow_members(const Step& step, object members) {
        std::optional<element> last;
        for (const auto member : members) {
            if (!look()) return;
            if (step.kind == StepKind::kAll) found.push_back(member.value);
            if (step.kind == StepKind::kMember && member.key == step.name) last = member.value;
        }
        if (last.has_value()) found.push_back(*last);
    }

    void follow_elements(const Step& step, array elements) {
        const auto size = static_cast<std::int64_t>(elements.size());
        if (size == 0) return;
        const auto at = [=](std::int64_t index) { return index < 0 ? index + size : index; };
        std::int64_t first = 0;
        std::int64_t last = size - 1;
        if (step.kind == StepKind::kElement) {
            first = last = at(step.first);
        } else if (step.kind == StepKind::kSlice) {
            first = std::max<std::int64_t>(0, at(step.first));
            if (step.end.has_value()) last = at(*step.end) - 1;
        }
        std::int64_t index = 0;
        for (const element each : elements) {
            if (index > last || !look()) return;
            if (index >= first) found.push_back(each);
            ++index;
        }
    }

    void follow(const Step& step, element from) {
        if (step.kind == StepKind::kDeep) return follow_deep(step.name, from);
        object members;
        array elements;
        if (from.get(members) == simdjson::SUCCESS) {
            follow_members(step, members);
        } else if (step.kind != StepKind::kMember && from.get(elements) == simdjson::SUCCESS) {
            follow_elements(step, elements);
        }
    }
};

JsonPath::Found JsonPath::find(element root) const {
    Found found{.is_list = false, .values = {root}};
    Walker walker;
    for (const Step& step : steps_) {
        walker.found.clear();
        for (const element each : found.values) {
            if (!walker.look()) break;
            walker.follow(step, each);
        }
        if (walker.looks > kLooksMax) return {.is_beyond = true};
        const bool was_missing = found.is_missing();
        std::swap(found.values, walker.found);
        const bool finds_many = step.kind != StepKind::kMember && step.kind != StepKind::kElement;
        if (finds_many && !was_missing) found.is_list = true;
        if (found.is_missing()) return found;
    }
    return found;
}

}  // namespace thalweg
