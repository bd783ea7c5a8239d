#include "engine/plan/settings.h"

#include "state/text/duration.h"
#include "state/text/number.h"

#include <algorithm>
#include <array>

namespace thalweg::plan {

namespace {

constexpr std::string_view kZone = "table.local-time-zone";
constexpr std::string_view kPhases = "table.optimizer.agg-phase-strategy";
constexpr std::string_view kNotNull = "table.exec.sink.not-null-enforcer";
constexpr std::string_view kIdleTimeout = "table.exec.source.idle-timeout";
constexpr std::string_view kStateTtl = "table.exec.state.ttl";
constexpr std::string_view kParallelism = "parallelism.default";
constexpr std::string_view kStateDirectory = "state.dir";
constexpr std::string_view kEpochInterval = "execution.checkpointing.interval";
constexpr std::string_view kRebalancing = "execution.rebalancing.enabled";

// Known to Flink and harmless to leave without effect: no warning.
constexpr std::array<std::string_view, 4> kQuiet = {
    "pipeline.name",
    "execution.runtime-mode",
    "sql-client.execution.result-mode",
    "pipeline.auto-watermark-interval",
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

auto bad_value(const std::string& key, const std::string& value, std::string_view expected) {
    return fail(
        Code::kInvalid,
        "option '" + key + "' expects " + std::string(expected) + ", found '" + value + "'");
}

}  // namespace

Settings::Settings() : zone_(TimeZone::utc()) {}

Result<void> Settings::set(const std::string& key,
                           const std::string& value,
                           std::vector<std::string>& warnings) {
    if (key == kZone) {
        TRY(zone_, TimeZone::find(value));
    } else if (key == kPhases) {
        const std::string text = lower(value);
        if (text == "auto") {
            phases_ = AggregatePhases::kAuto;
        } else if (text == "one_phase") {
            phases_ = AggregatePhases::kOne;
        } else if (text == "two_phase") {
            phases_ = AggregatePhases::kTwo;
        } else {
            return bad_value(key, value, "AUTO, ONE_PHASE or TWO_PHASE");
        }
    } else if (key == kNotNull) {
        const std::string text = lower(value);
        if (text != "error" && text != "drop") return bad_value(key, value, "ERROR or DROP");
        drops_null_rows_ = text == "drop";
    } else if (key == kIdleTimeout) {
        const auto duration = parse_duration_ns(value);
        if (!duration) return bad_value(key, value, "a duration such as '30 s'");
        idle_timeout_ns_ = *duration;
    } else if (key == kStateTtl) {
        const auto duration = parse_duration_ns(value);
        if (!duration) return bad_value(key, value, "a duration such as '1 d', or 0 for none");
        state_ttl_ns_ = *duration;
    } else if (key == kParallelism) {
        const auto number = parse_int64(value);
        if (!number || *number < 1 || *number > 1024)
            return bad_value(key, value, "a number from 1 to 1024");
        parallelism_ = static_cast<std::uint32_t>(*number);
    } else if (key == kStateDirectory) {
        state_directory_ = value;
    } else if (key == kEpochInterval) {
        const auto duration = parse_duration_ns(value);
        if (!duration || *duration < kNanosPerMilli)
            return bad_value(key, value, "a duration of at least 1 ms such as '1 s'");
        epoch_interval_ns_ = *duration;
    } else if (key == kRebalancing) {
        const std::string text = lower(value);
        if (text != "true" && text != "false") return bad_value(key, value, "true or false");
        rebalances_ = text == "true";
    } else if (std::find(kQuiet.begin(), kQuiet.end(), key) == kQuiet.end()) {
        warnings.push_back("option '" + key + "' has no effect in Thalweg");
    }
    values_[key] = value;
    return {};
}

void Settings::reset(const std::string& key) {
    std::map<std::string, std::string> kept;
    if (!key.empty()) {
        kept = values_;
        kept.erase(key);
    }
    *this = Settings();
    std::vector<std::string> ignored;
    for (const auto& [name, value] : kept)
        static_cast<void>(set(name, value, ignored));
}

}  // namespace thalweg::plan
