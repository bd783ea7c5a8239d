#include "tools/load/generator_spec.h"

#include "state/text/duration.h"
#include "state/text/number.h"

#include <algorithm>
#include <array>
#include <optional>

namespace thalweg::load {

namespace {

bool read_count(std::string_view text, std::int64_t min, std::int64_t max, std::uint64_t& out) {
    const auto value = parse_int64(text);
    if (!value || *value < min || *value > max) return false;
    out = static_cast<std::uint64_t>(*value);
    return true;
}

// Up to 24 days: an event time lies back by an int32 of milliseconds.
bool read_duration(std::string_view text, std::int64_t& out) {
    constexpr std::int64_t kDurationMax = std::int64_t{INT32_MAX} / 2 * 1'000'000;
    const auto value = parse_duration_ns(text);
    if (!value || *value > kDurationMax) return false;
    out = *value;
    return true;
}

bool set_keys(std::string_view text, GeneratorSpec& spec) {
    return read_count(text, 1, std::int64_t{1} << 40, spec.keys);
}

bool set_distribution(std::string_view text, GeneratorSpec& spec) {
    spec.zipf_exponent = 0;
    if (text == "uniform") return true;
    if (!text.starts_with("zipf:")) return false;
    const auto exponent = parse_double(text.substr(5));
    if (!exponent || !(*exponent > 0) || *exponent > 10) return false;
    spec.zipf_exponent = *exponent;
    return true;
}

bool set_values(std::string_view text, GeneratorSpec& spec) {
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) return false;
    const auto min = parse_int64(text.substr(0, dots));
    const auto max = parse_int64(text.substr(dots + 2));
    if (!min || !max || *min > *max) return false;
    spec.value_min = *min;
    spec.value_max = *max;
    return true;
}

bool set_disorder(std::string_view text, GeneratorSpec& spec) {
    return read_duration(text, spec.disorder_ns);
}

bool set_lateness(std::string_view text, GeneratorSpec& spec) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto fraction = parse_double(text.substr(0, colon));
    if (!fraction || !(*fraction >= 0) || *fraction > 1) return false;
    spec.late_fraction = *fraction;
    return read_duration(text.substr(colon + 1), spec.late_by_ns);
}

bool set_payload(std::string_view text, GeneratorSpec& spec) {
    return read_count(text, 0, 1 << 16, spec.payload_bytes);
}

bool set_step(std::string_view text, GeneratorSpec& spec) {
    return read_duration(text, spec.step_ns) && spec.step_ns > 0;
}

bool set_start(std::string_view text, GeneratorSpec& spec) {
    const auto value = parse_int64(text);
    if (!value || *value < 0 || *value > 9'000'000'000'000) return false;
    spec.event_start_ms = *value;
    return true;
}

bool set_extra(std::string_view text, GeneratorSpec& spec) {
    spec.has_extra = true;
    if (text == "time") spec.extra = ExtraField::kTime;
    if (text == "index") spec.extra = ExtraField::kIndex;
    if (text == "zero") spec.extra = ExtraField::kZero;
    return text == "time" || text == "index" || text == "zero";
}

bool set_seed(std::string_view text, GeneratorSpec& spec) {
    return read_count(text, 0, INT64_MAX, spec.seed);
}

struct Setting {
    std::string_view key;
    std::string_view expected;
    bool (*set)(std::string_view, GeneratorSpec&);
};

constexpr std::array kSettings = {
    Setting{"keys", "a count from 1", set_keys},
    Setting{"distribution", "uniform, or zipf:EXPONENT up to 10", set_distribution},
    Setting{"values", "MIN..MAX", set_values},
    Setting{"disorder", "a duration such as 50ms", set_disorder},
    Setting{"lateness", "FRACTION:DURATION such as 0.01:2s", set_lateness},
    Setting{"payload", "a count of bytes, at most 65536", set_payload},
    Setting{"step", "a duration above 0, such as 10us", set_step},
    Setting{"start", "milliseconds since 1970", set_start},
    Setting{"extra", "time, index or zero", set_extra},
    Setting{"seed", "a number from 0", set_seed},
};

tl::unexpected<Error> unknown_key(std::string_view key) {
    std::string message = "--generate: '" + std::string(key) + "' is none of";
    for (const Setting& setting : kSettings)
        message += (setting.key == "keys" ? " " : ", ") + std::string(setting.key);
    return fail(Code::kInvalid, message);
}

}  // namespace

Result<GeneratorSpec> parse_generator_spec(std::string_view text, WireFormat format) {
    GeneratorSpec spec;
    spec.format = format;
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        const std::size_t equals = item.find('=');
        const std::string_view key = item.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? "" : item.substr(equals + 1);
        const Setting* found = nullptr;
        for (const Setting& setting : kSettings) {
            if (setting.key == key) found = &setting;
        }
        if (found == nullptr) return unknown_key(key);
        if (!found->set(value, spec)) {
            return fail(Code::kInvalid,
                        "--generate: " + std::string(key) + " expects " +
                            std::string(found->expected) + ", found '" + std::string(value) + "'");
        }
    }
    return spec;
}

}  // namespace thalweg::load
