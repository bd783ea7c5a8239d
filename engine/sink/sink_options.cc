#include "engine/sink/sink_options.h"

#include "state/text/duration.h"
#include "state/text/suggest.h"

#include <algorithm>
#include <array>
#include <vector>

namespace thalweg {

namespace {

auto bad_value(std::string_view key, const std::string& value, std::string_view expected) {
    return fail(Code::kInvalid,
                "option '" + std::string(key) + "' expects " + std::string(expected) + ", found '" +
                    value + "'");
}

}  // namespace

Result<void> check_known(const SinkSpec& spec, std::span<const std::string_view> known) {
    std::vector<std::string_view> all(known.begin(), known.end());
    for (const std::string_view key : {"connector", "format", "connector.type", "format.type"})
        all.push_back(key);
    for (const auto& [key, value] : spec.options) {
        if (std::find(all.begin(), all.end(), key) != all.end()) continue;
        if (!spec.format.empty() && key.starts_with(spec.format + ".")) continue;
        // changelog-json takes the options of json.
        if (spec.format == "changelog-json" && key.starts_with("json.")) continue;
        return fail(Code::kInvalid,
                    "unknown option '" + key + "' of the " + spec.connector + " sink" +
                        suggestion_for(key, all));
    }
    return {};
}

const std::string* find_option(const SinkSpec& spec, std::string_view key) {
    const auto found = spec.options.find(std::string(key));
    return found == spec.options.end() ? nullptr : &found->second;
}

Result<std::string> required_option(const SinkSpec& spec, std::string_view key) {
    const std::string* const value = find_option(spec, key);
    if (value == nullptr || value->empty())
        return fail(Code::kInvalid,
                    "the " + spec.connector + " sink needs option '" + std::string(key) + "'");
    return *value;
}

Result<std::uint64_t> size_option(const SinkSpec& spec,
                                  std::string_view key,
                                  std::uint64_t otherwise) {
    const std::string* const text = find_option(spec, key);
    if (text == nullptr) return otherwise;
    const auto size = parse_size_bytes(*text);
    if (!size || *size == 0) return bad_value(key, *text, "a size such as '64mb'");
    return *size;
}

Result<std::int64_t> duration_option(const SinkSpec& spec,
                                     std::string_view key,
                                     std::int64_t otherwise_ns) {
    const std::string* const text = find_option(spec, key);
    if (text == nullptr) return otherwise_ns;
    const auto duration = parse_duration_ns(*text);
    if (!duration || *duration == 0) return bad_value(key, *text, "a duration such as '30 s'");
    return *duration;
}

Result<bool> boolean_option(const SinkSpec& spec, std::string_view key, bool otherwise) {
    static constexpr std::array<std::string_view, 2> kAllowed = {"true", "false"};
    if (find_option(spec, key) == nullptr) return otherwise;
    TRY(const std::string_view text, choice_option(spec, key, kAllowed));
    return text == "true";
}

Result<std::string_view> choice_option(const SinkSpec& spec,
                                       std::string_view key,
                                       std::span<const std::string_view> allowed) {
    const std::string* const text = find_option(spec, key);
    if (text == nullptr) return allowed.front();
    for (const std::string_view choice : allowed) {
        if (choice == *text) return choice;
    }
    std::string expected;
    for (const std::string_view choice : allowed) {
        if (!expected.empty()) expected += ", ";
        expected += choice;
    }
    return bad_value(key, *text, "one of " + expected);
}

Result<RecordFraming> framing_option(const SinkSpec& spec) {
    static constexpr std::array<std::string_view, 3> kAllowed = {
        "newline", "length-prefixed", "fixed"};
    if (find_option(spec, "framing") == nullptr) return default_framing(spec.format);
    TRY(const std::string_view text, choice_option(spec, "framing", kAllowed));
    if (text == "newline") return RecordFraming::kNewline;
    if (text == "length-prefixed") return RecordFraming::kLengthPrefixed;
    if (spec.format != "raw-struct")
        return bad_value(
            "framing", "fixed", "newline or length-prefixed for format " + spec.format);
    return RecordFraming::kNone;
}

}  // namespace thalweg
