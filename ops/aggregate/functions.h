#pragma once

#include "ops/aggregate/aggregate.h"
#include "state/arena.h"
#include "state/column.h"
#include "state/selection.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// What an aggregate does to the bytes of its state: a table of functions, chosen once per query by
// the kind of aggregate and the physical form of its argument.
//
// Shape
//   The states of all aggregates of a group lie together behind its key (ops/aggregate/layout.h).
//   Each is a trivial struct of 8-byte words, aligned to 8, whose initial value is all zeros, so
//   that a new group needs no initialisation: the identity of MIN and MAX is made zero by storing
//   an order-preserving unsigned form of the value (its complement for MIN).
//   Whether an aggregate has seen a value is a bit in the flag word at the front of the group, and
//   only where it can matter: the argument is nullable or there is a FILTER.
//   Strings are owned by the state: their bytes lie in the arena of the table.
//
// Order  FIRST_VALUE and LAST_VALUE remember the arrival position of their value, so that states
//        can be merged in any order.

namespace thalweg {

struct BoundAggregate;

// The groups of a batch of rows as positions in one array of entries.
struct PlacedGroups {
    std::byte* first = nullptr;  // The payload at position 0.
    std::size_t stride = 0;      // From one payload to the next; 0: all rows are of the first.
    const std::uint32_t* positions = nullptr;
    std::size_t fetched_bytes = 0;  // Of a payload, where so many lie that they miss the cache.
    bool has_runs = false;          // Most rows are of the same group as the one before.

    [[nodiscard]] std::byte* operator[](std::size_t i) const noexcept {
        return first + positions[i] * stride;
    }
};

// Rows to take into states. `states[i]` is the group of the i-th row of `rows`, or placed[i] where
// there are no states; the argument is not null in any of them.
struct AggregateInput {
    std::byte* const* states = nullptr;
    Selection rows;
    const Column* column = nullptr;  // nullptr for COUNT(*).
    Arena* arena = nullptr;
    std::uint64_t first_position = 1;  // Arrival position of row 0; greater than 0.
    PlacedGroups placed = {};
};

// Groups to merge: sources[i] into targets[i], or, where these are null, what lies `source_stride`
// apart from `first_source` on into placed[i].
struct AggregateMerge {
    std::byte* const* targets = nullptr;
    const std::byte* const* sources = nullptr;
    std::size_t count = 0;
    Arena* arena = nullptr;
    PlacedGroups placed = {};
    const std::byte* first_source = nullptr;
    std::size_t source_stride = 0;

    [[nodiscard]] std::byte* target(std::size_t i) const noexcept {
        return targets != nullptr ? targets[i] : placed[i];
    }

    [[nodiscard]] const std::byte* source(std::size_t i) const noexcept {
        return sources != nullptr ? sources[i] : first_source + i * source_stride;
    }
};

// Groups whose result goes to rows [first_row, first_row + count) of a column: states[i], or, where
// these are null, what lies `stride` apart from `first_state` on.
struct AggregateOutput {
    const std::byte* const* states = nullptr;
    std::size_t count = 0;
    Column* column = nullptr;
    std::size_t first_row = 0;
    Arena* arena = nullptr;
    const std::byte* first_state = nullptr;
    std::size_t stride = 0;

    [[nodiscard]] const std::byte* state(std::size_t i) const noexcept {
        return states != nullptr ? states[i] : first_state + i * stride;
    }
};

struct AggregateFunctions {
    std::uint32_t state_bytes = 0;
    bool has_text = false;  // The state ends in an OwnedText; all before it are plain words.
    void (*update)(const BoundAggregate&, const AggregateInput&) = nullptr;
    void (*merge)(const BoundAggregate&, const AggregateMerge&) = nullptr;
    void (*finish)(const BoundAggregate&, const AggregateOutput&) = nullptr;
};

// One call with its place in the group.
struct BoundAggregate {
    AggregateCall call;
    AggregateFunctions functions;
    std::uint32_t offset = 0;  // Of the state, from the start of the payload.
    std::uint64_t flag = 0;    // Its bit in the flag word; 0: has a value in every group.
};

[[nodiscard]] AggregateFunctions aggregate_functions(const AggregateCall& call);

// A string in a state. Long ones lie in a buffer that is overwritten while the next value fits and
// replaced by one of twice the size when not, so that a state never wastes more than it uses.
struct OwnedText {
    StringRef text;
    char* buffer = nullptr;
    std::uint32_t capacity = 0;
    std::uint32_t is_filled = 0;

    void assign(const StringRef& value, Arena& arena);

    // Behind what there is, and a separator; alone where there is nothing yet.
    void append(std::string_view separator, const StringRef& value, Arena& arena);
};

static_assert(sizeof(OwnedText) == 32);

// Bytes of plain words that a state begins with.
[[nodiscard]] inline std::uint32_t word_bytes(const AggregateFunctions& functions) noexcept {
    constexpr std::uint32_t kTextBytes = sizeof(OwnedText);
    return functions.state_bytes - (functions.has_text ? kTextBytes : 0);
}

}  // namespace thalweg
