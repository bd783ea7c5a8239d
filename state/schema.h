#pragma once

#include "state/type.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace thalweg {

// The columns of a batch: names and types, in order. Immutable once shared, and shared by all
// batches of a kind. Names may repeat in intermediate results; find() gives the first.
struct Schema {
    std::vector<Field> fields;

    [[nodiscard]] std::size_t size() const noexcept { return fields.size(); }

    [[nodiscard]] const Field& operator[](std::size_t index) const { return fields[index]; }

    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (fields[i].name == name) return i;
        }
        return std::nullopt;
    }

    friend bool operator==(const Schema&, const Schema&) = default;
};

using SchemaPtr = std::shared_ptr<const Schema>;

[[nodiscard]] inline SchemaPtr make_schema(std::vector<Field> fields) {
    return std::make_shared<const Schema>(Schema{std::move(fields)});
}

}  // namespace thalweg
