#include "state/text/format_options.h"

#include "state/text/suggest.h"

#include <algorithm>

namespace thalweg {

namespace {

bool equal_but_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && edit_distance(a, b, 0) == 0;
}

}  // namespace

Result<FormatOptions> FormatOptions::check(std::string_view format,
                                           Values values,
                                           std::span<const std::string_view> known) {
    for (const auto& [name, value] : values) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string message = "unknown option '";
        message.append(format).append(".").append(name).append("'");
        const std::string_view near = nearest_of(name, known);
        if (!near.empty())
            message.append(" (did you mean '")
                .append(format)
                .append(".")
                .append(near)
                .append("'?)");
        return fail(Code::kInvalid, std::move(message));
    }
    return FormatOptions(format, std::move(values));
}

Result<FormatOptions> FormatOptions::check_prefixed(std::string_view format,
                                                    const Values& values,
                                                    std::span<const std::string_view> known) {
    const std::string prefix = std::string(format) + ".";
    Values mine;
    for (const auto& [key, value] : values) {
        if (key.starts_with(prefix)) mine.emplace(key.substr(prefix.size()), value);
    }
    return check(format, std::move(mine), known);
}

bool FormatOptions::has(std::string_view name) const {
    return values_.contains(std::string(name));
}

std::string FormatOptions::text(std::string_view name, std::string_view otherwise) const {
    const auto found = values_.find(std::string(name));
    return found == values_.end() ? std::string(otherwise) : found->second;
}

tl::unexpected<Error> FormatOptions::bad(std::string_view name, std::string_view expected) const {
    std::string message = "option '";
    message.append(format_).append(".").append(name).append("' must be ");
    message.append(expected).append(", not '").append(text(name, "")).append("'");
    return fail(Code::kInvalid, std::move(message));
}

Result<bool> FormatOptions::boolean(std::string_view name, bool otherwise) const {
    if (!has(name)) return otherwise;
    const std::string value = text(name, "");
    if (equal_but_case(value, "true")) return true;
    if (equal_but_case(value, "false")) return false;
    return bad(name, "'true' or 'false'");
}

Result<char> FormatOptions::character(std::string_view name, char otherwise) const {
    if (!has(name)) return otherwise;
    const std::string value = text(name, "");
    if (value == "\\t") return '\t';
    if (value == "\\n") return '\n';
    if (value.size() != 1) return bad(name, "one character");
    return value.front();
}

Result<std::string_view> FormatOptions::choice(std::string_view name,
                                               std::span<const std::string_view> allowed) const {
    if (!has(name)) return allowed.front();
    const std::string value = text(name, "");
    std::string expected = "one of";
    for (const std::string_view candidate : allowed) {
        if (equal_but_case(value, candidate)) return candidate;
        expected.append(" '").append(candidate).append("'");
    }
    return bad(name, expected);
}

}  // namespace thalweg
