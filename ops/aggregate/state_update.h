#pragma once

#include "ops/aggregate/layout.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// Takes rows of a batch into states that somebody has found: one group may be met many times, in
// the order of the rows. For layouts of states of fixed size (is_plain_layout()).
//
// Threads  One at a time: the scratch is its own.
class StateUpdate {
  public:
    explicit StateUpdate(const AggregateLayout& layout) : layout_(&layout) {}

    // Rows, where their groups are, and the arrival position of row 0, as `input` says; its column
    // and arena are ours.
    void add(const BatchView& view, const AggregateInput& input);

    // states[i] is the group of the i-th of `rows`. The same for rows of partial states
    // (AggregateLayout::save), from `first_column` on.
    void add_partial(const BatchView& view,
                     Selection rows,
                     std::byte* const* states,
                     std::size_t first_column);

  private:
    void add_call(std::size_t call, const BatchView& view, const AggregateInput& input);

    const AggregateLayout* layout_;
    std::vector<std::uint16_t> picked_rows_;
    std::vector<std::byte*> picked_states_;
    std::vector<std::uint32_t> picked_positions_;
    std::vector<std::uint64_t> loaded_;
    std::vector<const std::byte*> sources_;
};

// Whether all states are plain words: no DISTINCT, whose values lie elsewhere, and no strings.
[[nodiscard]] bool is_plain_layout(const AggregateLayout& layout);

// Merges sources[i] into targets[i], whole groups of a plain layout. A target comes once.
void merge_groups(const AggregateLayout& layout,
                  std::byte* const* targets,
                  const std::byte* const* sources,
                  std::size_t count);

}  // namespace thalweg
