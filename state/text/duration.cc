#include "state/text/duration.h"

#include "state/base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace thalweg {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array kDurationUnits = {
    Unit{"", kNanosPerMilli},
    Unit{"ns", 1},
    Unit{"nano", 1},
    Unit{"nanosecond", 1},
    Unit{"us", kNanosPerMicro},
    Unit{"µs", kNanosPerMicro},
    Unit{"micro", kNanosPerMicro},
    Unit{"microsecond", kNanosPerMicro},
    Unit{"ms", kNanosPerMilli},
    Unit{"milli", kNanosPerMilli},
    Unit{"millisecond", kNanosPerMilli},
    Unit{"s", kNanosPerSecond},
    Unit{"sec", kNanosPerSecond},
    Unit{"second", kNanosPerSecond},
    Unit{"m", kNanosPerMinute},
    Unit{"min", kNanosPerMinute},
    Unit{"minute", kNanosPerMinute},
    Unit{"h", kNanosPerHour},
    Unit{"hour", kNanosPerHour},
    Unit{"d", kNanosPerDay},
    Unit{"day", kNanosPerDay},
};

constexpr std::array kSizeUnits = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"byte", 1},
    Unit{"k", 1ULL << 10U},
    Unit{"kb", 1ULL << 10U},
    Unit{"m", 1ULL << 20U},
    Unit{"mb", 1ULL << 20U},
    Unit{"g", 1ULL << 30U},
    Unit{"gb", 1ULL << 30U},
    Unit{"t", 1ULL << 40U},
    Unit{"tb", 1ULL << 40U},
};

template <std::size_t N>
std::optional<std::int64_t> parse(std::string_view text, const std::array<Unit, N>& units) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;
    std::string_view rest(after, static_cast<std::size_t>(end - after));
    while (rest.starts_with(' '))
        rest.remove_prefix(1);
    while (rest.ends_with(' '))
        rest.remove_suffix(1);
    std::string name(rest);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto find = [&](std::string_view wanted) {
        return std::find_if(
            units.begin(), units.end(), [&](const Unit& unit) { return unit.name == wanted; });
    };
    auto unit = find(name);
    if (unit == units.end() && name.size() > 2 && name.ends_with('s'))
        unit = find(std::string_view(name).substr(0, name.size() - 1));
    if (unit == units.end()) return std::nullopt;
    std::int64_t result = 0;
    if (__builtin_mul_overflow(number, unit->factor, &result)) return std::nullopt;
    return result;
}

}  // namespace

std::optional<std::int64_t> parse_duration_ns(std::string_view text) noexcept {
    return parse(text, kDurationUnits);
}

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) noexcept {
    const auto bytes = parse(text, kSizeUnits);
    if (!bytes) return std::nullopt;
    return static_cast<std::uint64_t>(*bytes);
}

}  // namespace thalweg
