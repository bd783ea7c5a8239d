#pragma once

#include "ops/aggregate/functions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The loop over rows that all updates of states share.

namespace thalweg {

// Rows between the fetch of a group and its update.
inline constexpr std::size_t kGroupsAhead = 32;

// Calls add(state, row) for each row of an input, in order, `state` being `offset` bytes into its
// group, and sets `flags` in the word at the front of the group. Where all rows are of one group,
// or many in a row, the state is a copy, which stays in registers: through memory a sum is there
// for the next row some ten cycles later.
template <class State, class RowAt, class Add>
void update_rows(const AggregateInput& input,
                 std::size_t offset,
                 std::uint64_t flags,
                 const RowAt& row_at,
                 const Add& add) {
    const std::size_t count = input.rows.size();
    const auto state_at = [offset](std::byte* group) -> State& {
        return *reinterpret_cast<State*>(group + offset);
    };
    const auto mark = [flags](std::byte* group) {
        if (flags != 0) *reinterpret_cast<std::uint64_t*>(group) |= flags;
    };
    if (input.states != nullptr) {
        std::byte* const* const states = input.states;
        for (std::size_t i = 0; i < count; ++i) {
            add(state_at(states[i]), row_at(i));
            mark(states[i]);
        }
        return;
    }
    if (count == 0) return;
    const PlacedGroups groups = input.placed;
    if (groups.stride == 0) {
        State state = state_at(groups.first);
        for (std::size_t i = 0; i < count; ++i)
            add(state, row_at(i));
        state_at(groups.first) = state;
        mark(groups.first);
    } else if (groups.has_runs) {
        for (std::size_t i = 0; i < count;) {
            const std::uint32_t position = groups.positions[i];
            std::byte* const group = groups[i];
            State state = state_at(group);
            do
                add(state, row_at(i));
            while (++i < count && groups.positions[i] == position);
            state_at(group) = state;
            mark(group);
        }
    } else if (groups.fetched_bytes == 0) {
        for (std::size_t i = 0; i < count; ++i) {
            add(state_at(groups[i]), row_at(i));
            mark(groups[i]);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            const std::byte* const next = groups[std::min(i + kGroupsAhead, count - 1)];
            __builtin_prefetch(next, 1);
            __builtin_prefetch(next + groups.fetched_bytes - 1, 1);
            add(state_at(groups[i]), row_at(i));
            mark(groups[i]);
        }
    }
}

template <class State, class Add>
void update_rows(const AggregateInput& input,
                 std::size_t offset,
                 std::uint64_t flags,
                 const Add& add) {
    if (input.rows.is_range()) {
        const std::size_t first = input.rows.first();
        update_rows<State>(input, offset, flags, [first](std::size_t i) { return first + i; }, add);
    } else {
        const std::uint16_t* const rows = input.rows.rows().data();
        update_rows<State>(
            input, offset, flags, [rows](std::size_t i) { return std::size_t{rows[i]}; }, add);
    }
}

}  // namespace thalweg
