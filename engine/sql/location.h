#pragma once

#include <cstdint>
#include <limits>

// Where a piece of SQL text stands in its script. Lines and columns count from 1, columns count
// bytes; `offset` counts bytes from 0. `length` is what a caret line underlines, in bytes; it is
// cut at the end of the first line when the message is shown.

namespace thalweg::sql {

struct Location {
    std::uint32_t offset = 0;
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t length = 0;

    [[nodiscard]] std::uint32_t end() const { return offset + length; }
};

/// The stretch from the start of `first` to the end of `last`, which must not come before it.
[[nodiscard]] inline Location span(Location first, Location last) {
    first.length = last.end() - first.offset;
    return first;
}

}  // namespace thalweg::sql
