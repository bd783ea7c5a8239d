#pragma once

#include "state/text/number.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

// What part files are called, by all who write them: part-00000007, and .part-00000007.inprogress
// until it is complete. And when it is.

namespace thalweg {

struct RollingPolicy {
    std::uint64_t bytes = 128U << 20U;             // It has grown so large,
    std::int64_t interval_ns = 1'800'000'000'000;  // or has been open so long.
};

inline constexpr std::string_view kPartPrefix = "part-";

[[nodiscard]] inline std::string part_name(std::uint64_t number) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "part-%08llu", static_cast<unsigned long long>(number));
    return name.data();
}

[[nodiscard]] inline std::string open_part_name(std::uint64_t number) {
    return "." + part_name(number) + ".inprogress";
}

// What takes the place of a complete part.
[[nodiscard]] inline std::string renewed_part_name(std::uint64_t number) {
    return "." + part_name(number) + ".renewed";
}

// The number in the name of a complete part.
[[nodiscard]] inline std::optional<std::uint64_t> parse_part_name(std::string_view name) {
    if (!name.starts_with(kPartPrefix)) return std::nullopt;
    const auto number = parse_int64(name.substr(kPartPrefix.size()));
    if (!number || *number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

// The same of one that is not complete, or takes the place of another.
[[nodiscard]] inline std::optional<std::uint64_t> parse_hidden_part_name(std::string_view name) {
    if (!name.starts_with('.')) return std::nullopt;
    const std::size_t end = name.find('.', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parse_part_name(name.substr(1, end - 1));
    if (!number || (name != open_part_name(*number) && name != renewed_part_name(*number)))
        return std::nullopt;
    return number;
}

}  // namespace thalweg
