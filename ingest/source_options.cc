#include "ingest/source_options.h"

#include "state/text/duration.h"
#include "state/text/number.h"
#include "state/text/suggest.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

struct Alias {
    std::string_view old_name;
    std::string_view name;
};

constexpr std::array kAliases = {
    Alias{"connector.type", "connector"},
    Alias{"connector.path", "path"},
    Alias{"format.type", "format"},
};

// What every source takes. Watermark options are the planner's to read.
constexpr std::array<std::string_view, 3> kKnownToAll = {"connector", "format", "scan.watermark.*"};

constexpr std::array<std::string_view, 6> kWatermarkOptions = {
    "scan.watermark.emit.strategy",
    "scan.watermark.emit.on-event.gap",
    "scan.watermark.idle-timeout",
    "scan.watermark.alignment.group",
    "scan.watermark.alignment.max-drift",
    "scan.watermark.alignment.update-interval",
};

std::string modern_name(const std::string& name) {
    for (const Alias& alias : kAliases) {
        if (alias.old_name == name) return std::string(alias.name);
    }
    return name;
}

bool matches(std::string_view name, std::string_view rule) {
    if (!rule.ends_with('*')) return name == rule;
    return name.starts_with(rule.substr(0, rule.size() - 1));
}

bool is_known(std::string_view name, std::span<const std::string_view> rules) {
    return std::any_of(
        rules.begin(), rules.end(), [&](std::string_view rule) { return matches(name, rule); });
}

// Exact names that a misspelt one may have meant.
std::string suggest(std::string_view name, std::span<const std::string_view> known) {
    std::vector<std::string_view> candidates(kKnownToAll.begin(), kKnownToAll.end());
    candidates.insert(candidates.end(), known.begin(), known.end());
    candidates.insert(candidates.end(), kWatermarkOptions.begin(), kWatermarkOptions.end());
    std::erase_if(candidates, [](std::string_view rule) { return rule.ends_with('*'); });
    return suggestion_for(name, candidates);
}

}  // namespace

Result<SourceOptions> SourceOptions::read(const SourceSpec& spec,
                                          std::span<const std::string_view> known) {
    SourceOptions result;
    result.table_ = spec.name;
    result.connector_ = spec.connector;
    for (const auto& [name, value] : spec.options)
        result.options_.insert_or_assign(modern_name(name), value);
    result.format_ = result.text("format", spec.format.format);
    const std::string prefix = result.format_ + ".";
    for (const auto& [name, value] : spec.options) {
        if (is_known(modern_name(name), known)) continue;
        if (!result.format_.empty() && name.starts_with(prefix)) {
            result.of_format_.emplace(name.substr(prefix.size()), value);
            continue;
        }
        // changelog-json takes the options of json.
        if (result.format_ == "changelog-json" && name.starts_with("json.")) {
            result.of_format_.emplace(name.substr(5), value);
            continue;
        }
        const bool is_watermark = name.starts_with("scan.watermark.");
        const bool is_general = is_watermark ? is_known(name, kWatermarkOptions)
                                             : is_known(modern_name(name), kKnownToAll);
        if (is_general) continue;
        return fail(Code::kInvalid,
                    "table '" + spec.name + "': unknown option '" + name + "' of connector '" +
                        spec.connector + "'" + suggest(name, known));
    }
    return result;
}

bool SourceOptions::has(std::string_view name) const {
    return options_.contains(std::string(name));
}

std::string SourceOptions::text(std::string_view name, std::string_view otherwise) const {
    const auto found = options_.find(std::string(name));
    return found == options_.end() ? std::string(otherwise) : found->second;
}

Result<std::string> SourceOptions::required(std::string_view name) const {
    if (has(name)) return text(name, "");
    return fail(Code::kInvalid,
                "table '" + table_ + "': connector '" + connector_ + "' needs the option '" +
                    std::string(name) + "'");
}

Result<std::int64_t> SourceOptions::duration_ns(std::string_view name,
                                                std::int64_t otherwise) const {
    if (!has(name)) return otherwise;
    const std::optional<std::int64_t> value = parse_duration_ns(text(name, ""));
    if (!value) return bad(name, "a duration such as '10 s' or '500 ms'");
    return *value;
}

Result<std::size_t> SourceOptions::size_bytes(std::string_view name, std::size_t otherwise) const {
    if (!has(name)) return otherwise;
    const std::optional<std::uint64_t> value = parse_size_bytes(text(name, ""));
    if (!value || *value == 0 || *value > (std::uint64_t{1} << 30U)) {
        return bad(name, "a size from 1 b to 1 gb, such as '64kb'");
    }
    return static_cast<std::size_t>(*value);
}

Result<std::int64_t> SourceOptions::number(std::string_view name,
                                           std::int64_t otherwise,
                                           std::int64_t smallest) const {
    if (!has(name)) return otherwise;
    const std::optional<std::int64_t> value = parse_int64(text(name, ""));
    if (!value || *value < smallest) {
        return bad(name, "a whole number of at least " + std::to_string(smallest));
    }
    return *value;
}

Result<std::size_t> SourceOptions::choice(std::string_view name,
                                          std::span<const std::string_view> allowed) const {
    if (!has(name)) return std::size_t{0};
    const std::string value = text(name, "");
    std::string what = "one of";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        if (value.size() == allowed[i].size() && edit_distance(value, allowed[i], 0) == 0) return i;
        what.append(i == 0 ? " '" : ", '").append(allowed[i]).append("'");
    }
    return bad(name, what);
}

tl::unexpected<Error> SourceOptions::bad(std::string_view name, std::string_view what) const {
    return fail(Code::kInvalid,
                "table '" + table_ + "': option '" + std::string(name) + "' must be " +
                    std::string(what) + ", not '" + text(name, "") + "'");
}

}  // namespace thalweg
