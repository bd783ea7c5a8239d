#pragma once

#include "state/text/number.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// Which part of a table that is made up an instance makes, as positions name it: "2 of 4".
struct StreamName {
    std::size_t index = 0;
    std::size_t count = 1;

    [[nodiscard]] std::string text() const {
        return std::to_string(index) + " of " + std::to_string(count);
    }

    [[nodiscard]] static std::optional<StreamName> parse(std::string_view text) {
        constexpr std::string_view kOf = " of ";
        const std::size_t at = text.find(kOf);
        if (at == std::string_view::npos) return std::nullopt;
        const auto index = parse_int64(text.substr(0, at));
        const auto count = parse_int64(text.substr(at + kOf.size()));
        if (!index || !count || *index < 0 || *index >= *count) return std::nullopt;
        return StreamName{static_cast<std::size_t>(*index), static_cast<std::size_t>(*count)};
    }
};

}  // namespace thalweg
