#pragma once

#include "ops/aggregate/distinct_set.h"
#include "ops/aggregate/layout.h"
#include "ops/frozen_entries.h"
#include "ops/group_dictionary.h"
#include "ops/group_key.h"
#include "ops/op_state.h"
#include "state/batch.h"

#include <array>
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
              const HashSeed& hash_seed,
              bool with_times = false)
        : key_columns(std::move(columns)),
          key(std::move(types), hash_seed),
          layout(calls),
          has_times(with_times) {
        history.is_hashed = has_times;
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

    // The columns of a table in a snapshot: for the groups keys, partial states and, where there
    // are times, "written"; for the values that a DISTINCT call has seen keys and the value.
    [[nodiscard]] std::vector<Field> group_fields() const;
    [[nodiscard]] std::vector<Field> value_fields(std::size_t call) const;

    // How many columns these are behind the keys.
    [[nodiscard]] std::size_t state_columns() const {
        return layout.partial_columns() + (has_times ? 1 : 0);
    }

    [[nodiscard]] std::size_t payload_bytes() const {
        return layout.payload_bytes() + (has_times ? 8 : 0);
    }

    // The calls that are DISTINCT.
    [[nodiscard]] std::vector<std::size_t> distinct_calls() const;

    // The key columns of a batch that groups are written to.
    [[nodiscard]] std::span<Column* const> keys_of(Batch& batch);

    std::vector<std::size_t> key_columns;  // Of the input.
    GroupKey key;
    AggregateLayout layout;
    bool has_times = false;  // Behind its states each group has when it was last written.
    KeyHistory history;
    std::vector<std::unique_ptr<DistinctPlan>> distinct;  // By call; null where not DISTINCT.

    // Room for one batch.
    GroupKey::Encoded encoded;
    std::vector<std::uint32_t> positions;
    std::vector<std::uint16_t> valid_rows;
    std::vector<std::uint16_t> null_rows;
    std::vector<std::uint16_t> picked_rows;
    std::vector<std::uint16_t> fresh;
    std::vector<std::uint32_t> taken;
    std::vector<std::uint32_t> picked_positions;
    std::vector<std::uint64_t> loaded;
    std::vector<const Column*> keys;
    std::vector<Column*> written_keys;
};

// Where a group table writes its rows: table 0 gets the groups, table 1 and on the values of the
// DISTINCT calls, one table each. Behind its own columns (GroupPlan::group_fields(),
// value_fields()) a row gets `tail`, which says what the table is.
struct GroupTarget {
    StateOut* out = nullptr;
    std::array<std::int64_t, 2> tail = {};
    std::size_t tail_columns = 0;
};

// Hears of the groups that rows are about to change.
class GroupWatch {
  public:
    // The groups of some rows, one for each row, before any state changes. Those at positions of at
    // least `known` are new: they have no state yet.
    virtual void before(std::span<const std::uint32_t> positions, std::size_t known) = 0;

  protected:
    ~GroupWatch() = default;
};

// The groups of one slice or window, or of all time: keys to the states of all aggregates.
//
// Shape
//   A GroupDictionary whose payloads are as AggregateLayout says; the group of a single NULL key
//   lies aside, at kNullPosition. Strings of states lie in an arena that goes with the table.
//   Groups that have times (ops/state_ttl.h) can be erased one by one, where their states are words
//   alone: what a state had in the arena or in the sets of DISTINCT is not taken back.
// Snapshot
//   freeze(), then save() until nothing is_frozen(). What is written is the table as it was: a
//   group that changes in between is written before (ops/frozen_entries.h); values of DISTINCT
//   never change, so that their number is all there is to remember. A frozen table is not cleared.
// Lifetime  The plan outlives the table.
class GroupTable {
  public:
    static constexpr std::uint32_t kNullPosition = 0xFFFF'FFFE;

    explicit GroupTable(GroupPlan& plan);

    // Takes rows in. `first_position` is the arrival position of row 0 of the view. `watch`, if
    // there is one, is told once or twice: of the rows with a NULL key apart.
    void add(const BatchView& view,
             Selection rows,
             std::uint64_t first_position,
             GroupWatch* watch = nullptr);

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

    // The same for the results of the groups at `positions`.
    void write_at(std::span<const std::uint32_t> positions, Batch& batch) const;

    // From now on save() writes the groups as they are now.
    void freeze(const GroupTarget& target);

    [[nodiscard]] bool is_frozen() const noexcept { return is_frozen_; }

    // Writes on, at most `rows_max` rows, and returns how many. Nothing is frozen any more once all
    // is written.
    std::size_t save(std::size_t rows_max);

    // Takes back rows that were saved: of groups, and of the values of a DISTINCT call. In any
    // order, into a table that has had no others.
    void load(const BatchView& view, Selection rows);
    void load_values(std::size_t call, const BatchView& view, Selection rows);

    // --- Of groups that have times ---

    // When the group was last written: whatever was put there; 0 at first.
    [[nodiscard]] std::int64_t& written_ms(std::uint32_t position);

    // Groups that are about to be written in another way than by add().
    void save_before(std::span<const std::uint32_t> positions) {
        if (is_frozen_) write_before(positions);
    }

    // Makes a group one that has had no rows.
    void restart(std::uint32_t position);

    // Forgets a group; the last one moves to its position. Not while something is frozen.
    void erase(std::uint32_t position);

    [[nodiscard]] bool has_null() const noexcept { return !null_group_.empty(); }

    // Forgets all groups; keeps memory that was in use.
    void clear();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    [[nodiscard]] const EntryTable& entries() const noexcept { return keys_.entries(); }

    [[nodiscard]] EntryTable& entries() noexcept { return keys_.entries(); }

    [[nodiscard]] std::byte* null_group();
    // Finds the groups of rows whose keys are the first columns, and calls take(rows) with those of
    // NULL and with all others, their positions in plan.positions.
    template <class Take>
    void take_keyed(const BatchView& view, Selection rows, const Take& take);
    void write_before(std::span<const std::uint32_t> positions);
    void save_null();
    std::size_t save_groups(std::size_t rows_max);
    std::size_t save_values(std::size_t rows_max);
    void write_dense(std::size_t from, std::size_t count, Batch& batch, bool is_partial) const;
    void write_null(Batch& batch, bool is_partial) const;
    void write_key(std::uint32_t position,
                   std::span<Column* const> keys,
                   std::size_t row,
                   Arena& arena) const;
    void write_tail(Batch& batch, std::size_t first_column, std::size_t first_row) const;
    void split_nulls(const Column& key, Selection rows);
    std::size_t locate(Selection rows);
    void locate_null(std::size_t count);
    [[nodiscard]] PlacedGroups placed(std::span<const std::uint32_t> positions);
    void update(const BatchView& view, const AggregateInput& input);
    void update_call(std::size_t call, const BatchView& view, AggregateInput input);
    void update_distinct(std::size_t call, const AggregateInput& input);
    void update_fresh(std::size_t call, const AggregateInput& input, bool is_of_null);
    void merge_partial(const BatchView& view, Selection rows);
    void merge_states(std::size_t count, const std::byte* first_source, std::size_t stride);
    void merge_distinct(const GroupTable& other, std::span<const std::uint32_t> mapping);
    void save_states(const AggregateLayout::PackedGroups& groups,
                     std::size_t first_row,
                     Batch& batch) const;
    void write_states(const AggregateLayout::PackedGroups& groups,
                      std::size_t first_row,
                      Batch& batch,
                      bool is_partial) const;

    GroupPlan* plan_;
    GroupDictionary keys_;
    std::vector<std::uint64_t> null_group_;  // The payload of the NULL key; empty: none.
    std::vector<std::unique_ptr<DistinctSet>> distinct_;  // By call; null where not DISTINCT.
    Arena arena_;

    // What is frozen.
    bool is_frozen_ = false;
    bool has_frozen_null_ = false;  // The group of NULL, which is not written yet.
    FrozenEntries frozen_;
    std::vector<std::size_t> frozen_values_;  // By call: how many values there were,
    std::vector<std::size_t> saved_values_;   // and how many are written.
    GroupTarget target_;
};

template <class Take>
void GroupTable::take_keyed(const BatchView& view, Selection rows, const Take& take) {
    GroupPlan& plan = *plan_;
    plan.keys.assign(view.columns.begin(),
                     view.columns.begin() + static_cast<std::ptrdiff_t>(plan.key.size()));
    if (plan.key.null_is_aside() && plan.keys[0]->has_nulls()) {
        split_nulls(*plan.keys[0], rows);
        if (!plan.null_rows.empty()) {
            locate_null(plan.null_rows.size());
            take(Selection::list(plan.null_rows));
        }
        rows = Selection::list(plan.valid_rows);
    }
    if (rows.empty()) return;
    locate(rows);
    take(rows);
}

}  // namespace thalweg
