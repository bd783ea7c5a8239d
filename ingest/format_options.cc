#include "ingest/format_options.h"

#include "state/text/suggest.h"

#include <algorithm>

namespace thalweg {

namespace {

bool equal_but_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && edit_distance(a, b, 0) == 0;
}

}  // namespace

Result<FormatOptions> FormatOptions::check(const FormatSpec& spec,
                                           std::span<const std::string_view> known) {
    for (const auto& [name, value] : spec.options) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string message = "unknown option '";
        message.append(spec.format).append(".").append(name).append("'");
        const std::string_view near = nearest_of(name, known);
        if (!near.empty()) {
            message.append(" (did you mean '").append(spec.format).append(".");
            message.append(near).append("'?)");
        }
        return fail(Code::kInvalid, std::move(message));
    }
    return FormatOptions(spec);
}

bool FormatOptions::has(std::string_view name) const {
    return spec_->options.contains(std::string(name));
}

std::string FormatOptions::text(std::string_view name, std::string_view otherwise) const {
    const auto found = spec_->options.find(std::string(name));
    return found == spec_->options.end() ? std::string(otherwise) : found->second;
}

tl::unexpected<Error> FormatOptions::bad(std::string_view name, std::string_view expected) const {
    std::string message = "option '";
    message.append(spec_->format).append(".").append(name).append("' must be ");
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
