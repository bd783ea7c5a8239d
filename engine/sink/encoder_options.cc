#include "engine/sink/encoder_options.h"

#include "state/text/suggest.h"

#include <algorithm>

namespace thalweg {

namespace {

bool equal_but_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && edit_distance(a, b, 0) == 0;
}

}  // namespace

Result<EncoderOptions> EncoderOptions::check(const SinkSpec& spec,
                                             std::span<const std::string_view> known) {
    const std::string prefix = spec.format + ".";
    for (const auto& [key, value] : spec.options) {
        if (!key.starts_with(prefix)) continue;
        const std::string_view name = std::string_view(key).substr(prefix.size());
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string message = "unknown option '";
        message.append(key).append("'");
        const std::string_view near = nearest_of(name, known);
        if (!near.empty())
            message.append(" (did you mean '").append(prefix).append(near).append("'?)");
        return fail(Code::kInvalid, std::move(message));
    }
    return EncoderOptions(spec);
}

const std::string* EncoderOptions::find(std::string_view name) const {
    std::string key = spec_->format;
    key.append(".").append(name);
    const auto found = spec_->options.find(key);
    return found == spec_->options.end() ? nullptr : &found->second;
}

std::string EncoderOptions::text(std::string_view name, std::string_view otherwise) const {
    const std::string* const value = find(name);
    return value == nullptr ? std::string(otherwise) : *value;
}

tl::unexpected<Error> EncoderOptions::bad(std::string_view name, std::string_view expected) const {
    std::string message = "option '";
    message.append(spec_->format).append(".").append(name).append("' must be ");
    message.append(expected).append(", not '").append(text(name, "")).append("'");
    return fail(Code::kInvalid, std::move(message));
}

Result<bool> EncoderOptions::boolean(std::string_view name, bool otherwise) const {
    if (!has(name)) return otherwise;
    const std::string value = text(name, "");
    if (equal_but_case(value, "true")) return true;
    if (equal_but_case(value, "false")) return false;
    return bad(name, "'true' or 'false'");
}

Result<char> EncoderOptions::character(std::string_view name, char otherwise) const {
    if (!has(name)) return otherwise;
    const std::string value = text(name, "");
    if (value == "\\t") return '\t';
    if (value == "\\n") return '\n';
    if (value.size() != 1) return bad(name, "one character");
    return value.front();
}

Result<std::string_view> EncoderOptions::choice(std::string_view name,
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
