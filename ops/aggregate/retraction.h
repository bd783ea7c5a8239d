#pragma once

#include "ops/aggregate/functions.h"
#include "ops/aggregate/value_bags.h"
#include "ops/group_key.h"
#include "ops/op_state.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// Rows that a call takes into groups or takes away from them, in order: rows[i] of groups[i].
struct RetractionInput {
    std::vector<std::byte*> groups;
    std::vector<std::uint16_t> rows;
    std::vector<std::uint8_t> deletes;  // 1: its value is taken away.

    void clear() {
        groups.clear();
        rows.clear();
        deletes.clear();
    }

    void add(std::byte* group, std::uint16_t row, std::uint8_t is_delete) {
        groups.push_back(group);
        rows.push_back(row);
        deletes.push_back(is_delete);
    }
};

// Groups whose result goes to a column: that of groups[i] to rows[i].
struct RetractionOutput {
    std::span<std::byte* const> groups;
    std::span<const std::uint16_t> rows;
    Column* column = nullptr;
    Arena* arena = nullptr;
};

// One aggregate call over rows that are deleted as well as inserted.
//
// Shape
//   Words of the state of a group lie in its payload, from `offset` on, all zeros at first:
//
//     | root of the values it has seen: 8 | plain words: COUNT, SUM, AVG, VAR, STDDEV           |
//     `-- of DISTINCT but LISTAGG's ------' | or a root: MIN, MAX: 8; FIRST, LAST, LISTAGG: 16 |
//
//   Values lie in trees of the call (ops/aggregate/value_bags.h), those of all groups together.
//   COUNT, SUM, AVG, VAR and STDDEV take a value away by the inverse of adding it. MIN, MAX,
//   FIRST_VALUE, LAST_VALUE and LISTAGG keep all values. DISTINCT counts each value, and hands on
//   the first that comes and the last that goes; LISTAGG(DISTINCT) keeps all values too, since
//   which of equal ones is the first changes when that goes, and writes each once.
// Exactness
//   Sums of integers and decimals are exact, and so is all that keeps values. Sums of doubles round
//   at each step, so that 1e300 - 1e300 may leave something of what was beside it; they begin again
//   at 0 once no value is left. NaN and the infinities are counted, not summed: they go as they
//   came. Of equal values the one that came first is taken away.
// Orphans   A value that its group does not have is not taken away, where values are kept. Sums
//           cannot know: they go down.
// Threads   One at a time.
class RetractableCall {
  public:
    // `position` of the call's first word in the payload.
    RetractableCall(const AggregateCall& call, std::size_t offset);

    [[nodiscard]] const AggregateCall& call() const noexcept { return bound_.call; }

    [[nodiscard]] std::size_t state_bytes() const noexcept { return state_bytes_; }

    // Takes rows of a batch, whatever their FILTER and argument say. `first_position` is the
    // arrival position of row 0.
    void apply(const BatchView& view, const RetractionInput& input, std::uint64_t first_position);

    void finish(const RetractionOutput& output) const;

    // The group has gone: forgets its values and makes its words zeros.
    void release(std::byte* group);

    // --- Snapshots: plain words with the group, values in tables of their own ---

    [[nodiscard]] std::size_t plain_word_count() const noexcept { return plain_.bytes / 8; }

    [[nodiscard]] std::span<std::uint64_t> plain_words(std::byte* group) const;

    // Values with how often they are there, or with their place in a list; each kind has its table:
    // keys, value, number.
    enum class Kept : std::uint8_t { kSeen, kValues };

    // Whose values, and where they are saved.
    struct SavedGroup {
        StateOut* out = nullptr;
        const GroupKey* key = nullptr;
        const std::byte* entry = nullptr;  // Of the group: its key.
        std::byte* state = nullptr;        // And its payload.
    };

    [[nodiscard]] bool keeps(Kept kind) const noexcept;

    void save_values(Kept kind, std::size_t table, const SavedGroup& group) const;

    // Takes back a row of such a table: `number` goes with the value in `row`.
    void load_value(
        Kept kind, std::byte* group, const Column& values, std::size_t row, std::uint64_t number);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

    // What plain words do, for each kind and type of argument.
    struct PlainFunctions {
        std::size_t bytes = 0;
        void (*apply)(const Column*, std::size_t offset, const RetractionInput&) = nullptr;
        void (*finish)(const BoundAggregate&, const RetractionOutput&) = nullptr;
    };

  private:
    [[nodiscard]] bool is_list() const noexcept;
    [[nodiscard]] bool counts_seen() const noexcept;
    [[nodiscard]] std::uint32_t& seen_root(std::byte* group) const;
    [[nodiscard]] std::uint32_t& bag_root(std::byte* group) const;
    [[nodiscard]] ValueListEnds& list_ends(std::byte* group) const;
    void pick(const BatchView& view, const RetractionInput& input);
    void pick_transitions(const Column& column);
    void apply_bag(const Column& column);
    void apply_list(const Column& column, std::uint64_t first_position);
    void finish_kept(const RetractionOutput& output) const;
    void finish_texts(const RetractionOutput& output) const;

    BoundAggregate bound_;  // The call; its offset is that of what is behind the root of DISTINCT.
    std::size_t offset_ = 0;  // Of the whole state.
    std::size_t state_bytes_ = 0;
    PlainFunctions plain_;  // No bytes: the call keeps values.
    AnyValueBags seen_;     // Of DISTINCT.
    AnyValueBags bags_;     // Of MIN and MAX.
    AnyValueLists lists_;
    RetractionInput picked_;  // Rows of a batch that pass the filter and have a value.
};

}  // namespace thalweg
