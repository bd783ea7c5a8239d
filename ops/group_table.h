#pragma once

#include "ops/aggregate/distinct_set.h"
#include "ops/aggregate/layout.h"
#include "ops/group_dictionary.h"
#include "ops/group_key.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// What all tables of one GROUP BY share: the form of keys and states, and room to work in.
//
// Threads  One at a time: the scratch is shared.
struct GroupPlan {
    GroupPlan(std::vector<std::size_t> columns,
              std::vector<Type> types,
              const std::vector<AggregateCall>& calls,
              const HashSeed& hash_seed)
        : key_columns(std::move(columns)), key(std::move(types), hash_seed), layout(calls) {
        for (const BoundAggregate& bound : layout.calls()) {
            const Type& type = bound.call.argument_type;
            distinct.push_back(
                bound.call.is_distinct ? std::make_unique<DistinctPlan>(type, hash_seed) : nullptr);
        }
    }

    // So many tables of the plan may be alive at a time.
    void share_slots(std::size_t tables) {
        history.share_slots(tables);
        for (const auto& each : distinct) {
            if (each != nullptr) each->history.share_slots(tables);
        }
    }

    std::vector<std::size_t> key_columns;  // Of the input.
    GroupKey key;
    AggregateLayout layout;
    KeyHistory history;
    std::vector<std::unique_ptr<DistinctPlan>> distinct;  // By call; null where not DISTINCT.

    // Room for one batch.
    GroupKey::Encoded encoded;
    std::vector<std::uint32_t> positions;
    std::vector<std::uint16_t> valid_rows;
    std::vector<std::uint16_t> null_rows;
    std::vector<std::uint16_t> picked_rows;
    std::vector<std::uint16_t> fresh;
    std::vector<std::uint32_t> picked_positions;
    std::vector<std::uint64_t> loaded;
    std::vector<const Column*> keys;
    std::vector<Column*> written_keys;
};

// The groups of one slice or window: keys to the states of all aggregates.
//
// Shape
//   A GroupDictionary whose payloads are as AggregateLayout says; the group of a single NULL key
//   lies aside, at kNullPosition. Strings of states lie in an arena that goes with the table.
// Lifetime  The plan outlives the table.
class GroupTable {
  public:
    static constexpr std::uint32_t kNullPosition = 0xFFFF'FFFE;

    explicit GroupTable(GroupPlan& plan);

    // Takes rows in. `first_position` is the arrival position of row 0 of the view.
    void add(const BatchView& view, Selection rows, std::uint64_t first_position);

    // Takes rows of partial states in: keys in the first columns, then what AggregateLayout saves.
    void add_partial(const BatchView& view, Selection rows);

    // Takes all groups of another table in.
    void merge(const GroupTable& other);

    // Groups, that of a NULL key included.
    [[nodiscard]] std::size_t size() const noexcept {
        return entries().size() + (null_group_.empty() ? 0 : 1);
    }

    // Appends groups [from, from + count) to `batch`: keys, then results, or partial states. Counts
    // on the batch to have room; does not set its size.
    void write(std::size_t from, std::size_t count, Batch& batch, bool is_partial) const;

    // Forgets all groups; keeps memory that was in use.
    void clear();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    [[nodiscard]] const EntryTable& entries() const noexcept { return keys_.entries(); }

    [[nodiscard]] EntryTable& entries() noexcept { return keys_.entries(); }

    [[nodiscard]] std::byte* null_group();
    void split_nulls(const Column& key, Selection rows);
    void locate(Selection rows);
    void locate_null(std::size_t count);
    [[nodiscard]] PlacedGroups placed(std::span<const std::uint32_t> positions);
    void update(const BatchView& view, const AggregateInput& input);
    void update_call(std::size_t call, const BatchView& view, AggregateInput input);
    void update_distinct(std::size_t call, const AggregateInput& input);
    void update_fresh(std::size_t call, const AggregateInput& input, bool is_of_null);
    void merge_partial(const BatchView& view, Selection rows);
    void merge_states(std::size_t count, const std::byte* first_source, std::size_t stride);
    void merge_distinct(const GroupTable& other, std::span<const std::uint32_t> mapping);
    void write_states(const AggregateLayout::PackedGroups& groups,
                      std::size_t first_row,
                      Batch& batch,
                      bool is_partial) const;

    GroupPlan* plan_;
    GroupDictionary keys_;
    std::vector<std::uint64_t> null_group_;  // The payload of the NULL key; empty: none.
    std::vector<std::unique_ptr<DistinctSet>> distinct_;  // By call; null where not DISTINCT.
    Arena arena_;
};

}  // namespace thalweg
