// How a group table is written for a snapshot while it goes on, and taken back.

#include "ops/group_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {

void GroupTable::freeze(const GroupTarget& target) {
    ASSERT(!is_frozen_);
    target_ = target;
    is_frozen_ = true;
    has_frozen_null_ = !null_group_.empty();
    frozen_.freeze(entries().size());
    frozen_values_.assign(distinct_.size(), 0);
    saved_values_.assign(distinct_.size(), 0);
    for (std::size_t call = 0; call < distinct_.size(); ++call) {
        if (distinct_[call] != nullptr) frozen_values_[call] = distinct_[call]->size();
    }
}

// Writes what is at `positions`, those of a batch, as far as it is frozen and still to be written.
void GroupTable::write_before(std::span<const std::uint32_t> positions) {
    if (positions.empty()) return;
    if (positions.front() == kNullPosition) {
        save_null();
        return;
    }
    std::vector<std::uint32_t>& taken = plan_->taken;
    frozen_.take(positions, taken);
    for (std::size_t at = 0; at < taken.size(); at += kBatchRows) {
        const std::size_t count = std::min(kBatchRows, taken.size() - at);
        Batch& batch = target_.out->open(0, count);
        const std::size_t first_row = batch.size();
        const EntryTable& table = entries();
        const std::span keys = plan_->keys_of(batch);
        for (std::size_t i = 0; i < count; ++i)
            write_key(taken[at + i], keys, first_row + i, batch.arena());
        save_states({table.payload(0), table.stride(), count, taken.data() + at}, first_row, batch);
        batch.set_size(first_row + count);
        write_tail(batch, plan_->key.size() + plan_->state_columns(), first_row);
    }
}

void GroupTable::save_null() {
    if (!std::exchange(has_frozen_null_, false)) return;
    Batch& batch = target_.out->open(0, 1);
    write_null(batch, true);
    batch.set_size(batch.size() + 1);
    write_tail(batch, plan_->key.size() + plan_->state_columns(), batch.size() - 1);
}

// Partial states behind the keys, and when they were written.
void GroupTable::save_states(const AggregateLayout::PackedGroups& groups,
                             std::size_t first_row,
                             Batch& batch) const {
    const AggregateLayout& layout = plan_->layout;
    layout.save(groups, batch, first_row, plan_->key.size());
    if (!plan_->has_times) return;
    Column& written = batch.column(plan_->key.size() + layout.partial_columns());
    auto* const times = written.data<std::int64_t>() + first_row;
    for (std::size_t i = 0; i < groups.count; ++i)
        std::memcpy(&times[i], groups[i] + layout.payload_bytes(), sizeof times[i]);
}

// The columns that say which table this is, for the rows from `first_row` on.
void GroupTable::write_tail(Batch& batch, std::size_t first_column, std::size_t first_row) const {
    for (std::size_t i = 0; i < target_.tail_columns; ++i) {
        std::int64_t* const values = batch.column(first_column + i).data<std::int64_t>();
        std::fill(values + first_row, values + batch.size(), target_.tail[i]);
    }
}

std::size_t GroupTable::save(std::size_t rows_max) {
    std::size_t saved = 0;
    while (is_frozen_ && saved < rows_max) {
        const std::size_t room = std::min(rows_max - saved, kBatchRows);
        if (frozen_.is_frozen()) {
            saved += save_groups(room);
        } else if (has_frozen_null_) {
            save_null();
            ++saved;
        } else {
            const std::size_t count = save_values(room);
            is_frozen_ = count != 0;
            saved += count;
        }
    }
    return saved;
}

std::size_t GroupTable::save_groups(std::size_t rows_max) {
    Batch& batch = target_.out->open(0, rows_max);
    const std::size_t first_row = batch.size();
    while (batch.size() - first_row < rows_max) {
        const FrozenEntries::Run run = frozen_.take_next(rows_max - (batch.size() - first_row));
        if (run.count == 0) break;
        write_dense(run.first, run.count, batch, true);
        batch.set_size(batch.size() + run.count);
    }
    write_tail(batch, plan_->key.size() + plan_->state_columns(), first_row);
    return batch.size() - first_row;
}

// Values of the first DISTINCT call that has some left, each behind the keys of its group.
std::size_t GroupTable::save_values(std::size_t rows_max) {
    std::size_t table = 0;
    for (std::size_t call = 0; call < distinct_.size(); ++call) {
        if (distinct_[call] == nullptr) continue;
        ++table;
        const std::size_t count = std::min(rows_max, frozen_values_[call] - saved_values_[call]);
        if (count == 0) continue;
        Batch& batch = target_.out->open(table, count);
        const std::size_t first_row = batch.size();
        Column values(plan_->distinct[call]->type.not_null());
        std::vector<std::uint32_t>& groups = plan_->taken;
        groups.resize(count);
        distinct_[call]->read(saved_values_[call], groups, values);
        const std::span keys = plan_->keys_of(batch);
        for (std::size_t i = 0; i < count; ++i)
            write_key(groups[i], keys, first_row + i, batch.arena());
        batch.column(plan_->key.size()).copy_range(first_row, values, 0, count, batch.arena());
        batch.set_size(first_row + count);
        write_tail(batch, plan_->key.size() + 1, first_row);
        saved_values_[call] += count;
        return count;
    }
    return 0;
}

void GroupTable::load(const BatchView& view, Selection rows) {
    take_keyed(view, rows, [this, &view](Selection some) {
        const PlacedGroups groups = placed(plan_->positions);
        const AggregateLayout& layout = plan_->layout;
        for (std::size_t i = 0; i < some.size(); ++i)
            layout.restore(groups[i], view, plan_->key.size(), some[i], arena_);
        if (!plan_->has_times) return;
        const std::size_t column = plan_->key.size() + layout.partial_columns();
        for (std::size_t i = 0; i < some.size(); ++i)
            written_ms(plan_->positions[i]) = view[column].data<std::int64_t>()[some[i]];
    });
}

void GroupTable::load_values(std::size_t call, const BatchView& view, Selection rows) {
    take_keyed(view, rows, [this, call, &view](Selection some) {
        static_cast<void>(placed(plan_->positions));  // Makes the group of NULL.
        const Column& values = view[plan_->key.size()];
        distinct_[call]->add(plan_->positions, values, some, plan_->fresh);
    });
}

}  // namespace thalweg
