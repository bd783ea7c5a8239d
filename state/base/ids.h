#pragma once

#include <compare>
#include <cstdint>

// Small numbers that must not be mistaken for each other. Each is an index from 0, dense, given by
// the planner or the runtime at start and never reused while the process lives.

namespace thalweg {

template <class Tag>
struct Id {
    std::uint32_t value = 0;

    friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using ShardId = Id<struct ShardTag>;    // A core and the key groups it owns.
using SourceId = Id<struct SourceTag>;  // A source table of a query.
using StageId = Id<struct StageTag>;    // A chain of operators in a topology.
using SplitId = Id<struct SplitTag>;    // One ordered part of a source: a connection, a file.

}  // namespace thalweg
