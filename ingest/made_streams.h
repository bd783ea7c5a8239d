#pragma once

#include "ingest/source.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace thalweg {

// A part of a table that is made up: there are as many as there were instances when the table was
// first read, whatever the number of those who make them now.
//
// Replay    Its position is its name, "2 of 4", and how many rows of it were offered.
struct MadeStream {
    std::size_t index = 0;
    std::size_t count = 1;
    std::uint64_t made = 0;
    std::uint64_t made_max = 0;

    [[nodiscard]] bool is_over() const noexcept { return made == made_max; }

    [[nodiscard]] SourcePosition position() const;

    // kInvalid: `rows` were made of it, and it has fewer. `connector` is what made them.
    [[nodiscard]] Result<void> check_made(std::uint64_t rows, std::string_view connector) const;
};

// Those of the streams that were saved that this instance goes on with; made_max is the caller's.
// kInvalid: `positions` are not those of a table of this connector.
[[nodiscard]] Result<std::vector<MadeStream>> streams_of(
    const std::vector<SourcePosition>& positions,
    const SourceInstance& instance,
    std::string_view connector);

}  // namespace thalweg
