#pragma once

#include "ops/aggregate/functions.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// Where the states of the aggregates of one GROUP BY lie in the payload of a group.
//
//     | flags, if any is needed: 8 | state | state | state ...            |
//                                    `-- runs: COUNT SUM MIN MAX of one argument, adjacent --'
//
// Calls over one 8-byte argument that can be updated together are laid out together, as runs, so
// that one pass over the rows updates up to four states on the one or two cache lines of a group.
//
// Immutable after construction; the calls are in the order of the query.
class AggregateLayout {
  public:
    // Calls that one fused loop updates, while their argument has no null. In the order of states:
    // COUNT, SUM, MIN, MAX, each if its bit of `parts` is set.
    struct Run {
        std::size_t argument = 0;
        Physical physical = Physical::kInt64;
        std::uint32_t offset = 0;
        unsigned parts = 0;
        std::uint64_t flags = 0;
        std::vector<std::size_t> calls;  // Indexes of the calls, for when it cannot be used.
    };

    explicit AggregateLayout(const std::vector<AggregateCall>& calls);

    [[nodiscard]] const std::vector<BoundAggregate>& calls() const noexcept { return calls_; }

    [[nodiscard]] const std::vector<Run>& runs() const noexcept { return runs_; }

    // Indexes of the calls that are in no run.
    [[nodiscard]] const std::vector<std::size_t>& singles() const noexcept { return singles_; }

    [[nodiscard]] std::size_t payload_bytes() const noexcept { return payload_bytes_; }

    [[nodiscard]] bool has_flags() const noexcept { return has_flags_; }

    // Updates a run over rows without nulls; states as AggregateInput's.
    static void update_run(const Run& run, const AggregateInput& input);

    // The columns of partial states, which are also what a snapshot holds of a group: the flag word
    // if there is one, then for each call its words as BIGINTs and its text, if it has one, as a
    // STRING. All of a state but the values that DISTINCT has seen.
    void append_partial_fields(std::vector<Field>& fields) const;

    // How many columns these are.
    [[nodiscard]] std::size_t partial_columns() const;

    // Groups that lie `stride` bytes apart; with `positions`, only those.
    struct PackedGroups {
        const std::byte* first = nullptr;
        std::size_t stride = 0;
        std::size_t count = 0;
        const std::uint32_t* positions = nullptr;

        [[nodiscard]] const std::byte* operator[](std::size_t i) const noexcept {
            return first + (positions == nullptr ? i : positions[i]) * stride;
        }
    };

    // Writes the results of one call into rows [first_row, ...) of `batch`'s column.
    static void finish(const BoundAggregate& bound,
                       const PackedGroups& groups,
                       Batch& batch,
                       std::size_t first_row,
                       std::size_t column);

    // Writes groups into rows [first_row, ...) of `batch`'s columns from `first_column` on.
    void save(const PackedGroups& groups,
              Batch& batch,
              std::size_t first_row,
              std::size_t first_column) const;

    // Reads rows of partial columns into groups that lie one after the other. Texts are borrowed.
    void load(const BatchView& view,
              std::size_t first_column,
              Selection rows,
              std::byte* groups) const;

    // Reads a row of partial columns into a group, whatever was in it. Texts are borrowed.
    void load(std::byte* group,
              const BatchView& view,
              std::size_t first_column,
              std::size_t row) const;

    // The same for good: texts are copied into `arena`.
    void restore(std::byte* group,
                 const BatchView& view,
                 std::size_t first_column,
                 std::size_t row,
                 Arena& arena) const;

  private:
    void add_run(std::size_t first, std::vector<bool>& is_placed);
    void place(std::size_t call);
    static void save_texts(const PackedGroups& groups,
                           std::uint32_t offset,
                           Batch& batch,
                           std::size_t first_row,
                           std::size_t column);
    void load_texts(const Column& texts, Selection rows, std::byte* target) const;

    std::vector<BoundAggregate> calls_;
    std::vector<Run> runs_;
    std::vector<std::size_t> singles_;
    std::size_t payload_bytes_ = 0;
    bool has_flags_ = false;
};

}  // namespace thalweg
