#include "ops/sliding_rows.h"

#include "ops/aggregate/state_update.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace thalweg {

namespace {

// Shallow: long strings are not copied.
template <class T>
void copy_cell(Column& to, std::size_t row, const Column& from, std::size_t from_row) {
    to.data<T>()[row] = from.data<T>()[from_row];
    if (from.is_null(from_row)) {
        to.set_null(row);
    } else {
        to.set_valid(row);
    }
}

// Values that are moved at once. Most windows that are copied have few rows, and a loop that stops
// at the last of them would be a loop of single values.
constexpr std::size_t kStepValues = 4;

// Calls visit(value) for the first of each kStepValues from `first` on, as far as `count` reaches:
// a whole number of them, since what is behind the rows in use means nothing. Without room for
// that, visit_one(value) for each value.
template <class Visit, class VisitOne>
void for_each_step(std::size_t first, std::size_t count, const Visit& visit, const VisitOne& one) {
    const std::size_t steps = (count + kStepValues - 1) / kStepValues;
    if (first + steps * kStepValues > kBatchRows) {
        for (std::size_t row = 0; row < count; ++row)
            one(row);
        return;
    }
    for (std::size_t step = 0; step < steps; ++step)
        visit(step * kStepValues);
}

// Rows [0, count) to [first, first + count).
void copy_cells(Column& to, std::size_t first, const Column& from, std::size_t count) {
    visit_physical(from.physical(), [&]<class T>() {
        T* const target = to.data<T>() + first;
        const T* const source = from.data<T>();
        for_each_step(
            first,
            count,
            [&](std::size_t row) {
                std::memcpy(
                    static_cast<void*>(target + row), source + row, kStepValues * sizeof(T));
            },
            [&](std::size_t row) { target[row] = source[row]; });
    });
    if (!from.has_nulls() && !to.has_nulls()) return;
    for (std::size_t row = 0; row < count; ++row) {
        if (from.is_null(row)) {
            to.set_null(first + row);
        } else {
            to.set_valid(first + row);
        }
    }
}

void fill_cells(Column& column, std::size_t first, std::size_t count, std::int64_t value) {
    std::int64_t* const target = column.data<std::int64_t>() + first;
    for_each_step(
        first,
        count,
        [&](std::size_t row) { std::fill_n(target + row, kStepValues, value); },
        [&](std::size_t row) { target[row] = value; });
}

// The columns of a window's start, end and time.
void fill_bounds(Column* columns,
                 std::size_t first,
                 std::size_t count,
                 const SlidingRows::Bounds& bounds) {
    fill_cells(columns[0], first, count, bounds.start);
    fill_cells(columns[1], first, count, bounds.end);
    fill_cells(columns[2], first, count, bounds.time);
}

}  // namespace

SlidingRows::SlidingRows(SchemaPtr schema, const AggregateLayout& layout, SlidingGroups& groups)
    : schema_(std::move(schema)), layout_(&layout), groups_(&groups) {
    const std::size_t cells = schema_->size() - kBoundColumns;
    for (std::size_t i = 0; i < schema_->size(); ++i)
        (i < cells ? scratch_ : bounds_).emplace_back((*schema_)[i].type);
    may_be_null_.resize(cells);
    merged_.resize(layout.payload_bytes() / 8 * kStepRows);
}

void SlidingRows::refresh(SlidingSums& sums) {
    sort_touched(sums);
    place_born();
    fill_holes();
    for (std::size_t first = 0; first < born_.size(); first += kBatchRows) {
        const std::size_t count = std::min(kBatchRows, born_.size() - first);
        write_keys(std::span(born_).subspan(first, count));
    }
    SlidingSlices& slices = sums.slices();
    const bool is_most = present_.size() * 2 >= size();  // Then all of them, in their order.
    const std::size_t total = is_most ? size() : present_.size();
    for (std::size_t first = 0; first < total; first += kStepRows) {
        const std::size_t count = std::min(kStepRows, total - first);
        if (is_most) {
            write_rows(slices, first, count);
        } else {
            write_groups(slices, std::span(present_).subspan(first, count));
        }
    }
}

void SlidingRows::sort_touched(SlidingSums& sums) {
    present_.clear();
    born_.clear();
    holes_.clear();
    for (const std::uint32_t id : sums.touched()) {
        SlidingGroup& group = (*groups_)[id];
        group.row &= ~SlidingGroup::kTouched;
        if (group.is_in_window()) {
            present_.push_back(id);
            if (group.row == 0) born_.push_back(id);
        } else if (group.row != 0) {
            holes_.push_back(group.row - 1);
            group.row = 0;
        }
    }
    sums.forget_touched();
}

void SlidingRows::place_born() {
    for (const std::uint32_t id : born_) {
        std::uint32_t row = 0;
        if (!holes_.empty()) {
            row = holes_.back();
            holes_.pop_back();
            ids_[row] = id;
        } else {
            row = static_cast<std::uint32_t>(ids_.size());
            if (row == chunks_.size() * kBatchRows) add_chunk();
            ids_.push_back(id);
        }
        (*groups_)[id].row = row + 1;
    }
}

// From the last hole on, so that the last row is never one.
void SlidingRows::fill_holes() {
    if (holes_.empty()) return;
    std::sort(holes_.begin(), holes_.end(), std::greater<>());
    moved_.clear();
    for (const std::uint32_t hole : holes_) {
        const auto last = static_cast<std::uint32_t>(ids_.size() - 1);
        const std::uint32_t id = ids_.back();
        ids_.pop_back();
        if (hole == last) continue;
        moved_.push_back({last, hole});
        ids_[hole] = id;
        (*groups_)[id].row = hole + 1;
    }
    for (std::size_t column = 0; column < scratch_.size(); ++column)
        move_rows(column);
    const std::size_t used = (ids_.size() + kBatchRows - 1) / kBatchRows;
    if (chunks_.size() > 2 * used + 1) chunks_.resize(used + 1);
}

void SlidingRows::move_rows(std::size_t column) {
    visit_physical(scratch_[column].physical(), [&]<class T>() {
        for (const Move& move : moved_) {
            copy_cell<T>(cells(move.target, column),
                         move.target % kBatchRows,
                         cells(move.source, column),
                         move.source % kBatchRows);
        }
    });
}

void SlidingRows::add_chunk() {
    auto chunk = std::make_unique<Chunk>();
    for (const Column& column : scratch_)
        chunk->columns.emplace_back(column.type());
    for (const Column& column : chunk->columns)
        chunk->pointers.push_back(&column);
    for (const Column& column : bounds_)
        chunk->pointers.push_back(&column);
    chunks_.push_back(std::move(chunk));
}

// Of groups that have a row; at most kBatchRows.
void SlidingRows::write_keys(std::span<const std::uint32_t> ids) {
    const GroupKey& key = groups_->key();
    if (key.size() == 0) return;
    keys_written_ += ids.size();
    std::vector<Column*> columns;
    for (std::size_t i = 0; i < key.size(); ++i) {
        scratch_[i].clear_nulls();
        columns.push_back(&scratch_[i]);
    }
    find_rows(ids);
    const std::size_t key_bytes = key.is_text() ? sizeof(StringRef) : key.key_bytes();
    keys_.resize(ids.size() * key_bytes / 8);
    auto* const keys = reinterpret_cast<std::byte*>(keys_.data());
    for (std::size_t i = 0; i < ids.size(); ++i)
        copy_words(keys + i * key_bytes, groups_->key_of(ids[i]), key_bytes);
    key.decode(keys, key_bytes, ids.size(), columns, 0, arena_);
    for (std::size_t i = 0; i < key.size(); ++i)
        scatter(scratch_[i], i, ids.size());
}

// Where the groups have their rows.
void SlidingRows::find_rows(std::span<const std::uint32_t> ids) {
    for (std::size_t i = 0; i < ids.size(); ++i)
        row_numbers_[i] = (*groups_)[ids[i]].row - 1;
}

// Writes rows [0, count) of `from` to row_numbers_.
void SlidingRows::scatter(const Column& from, std::size_t column, std::size_t count) {
    visit_physical(from.physical(), [&]<class T>() {
        const T* const values = from.data<T>();
        if (chunks_.size() == 1) {
            T* const to = chunks_[0]->columns[column].data<T>();
            for (std::size_t i = 0; i < count; ++i)
                to[row_numbers_[i]] = values[i];
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t row = row_numbers_[i];
            cells(row, column).data<T>()[row % kBatchRows] = values[i];
        }
    });
    may_be_null_[column] = may_be_null_[column] || from.has_nulls();
    if (!may_be_null_[column]) return;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t row = row_numbers_[i];
        Column& to = cells(row, column);
        if (from.is_null(i)) {
            to.set_null(row % kBatchRows);
        } else {
            to.set_valid(row % kBatchRows);
        }
    }
}

// The states of groups in the window: what the front has, what the back has, or both merged.
void SlidingRows::find_states(SlidingSlices& slices, std::span<const std::uint32_t> ids) {
    const std::size_t bytes = layout_->payload_bytes();
    auto* merged = reinterpret_cast<std::byte*>(merged_.data());
    std::size_t merges = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        SlidingGroup& group = (*groups_)[ids[i]];
        if (group.front == SlidingSlices::kNone) {
            states_[i] = group.back_sum();
            continue;
        }
        states_[i] = slices.payload(group.front);
        if (group.back_count == 0) continue;
        copy_words(merged, states_[i], bytes);
        states_[i] = merged;
        targets_[merges] = merged;
        sources_[merges++] = group.back_sum();
        merged += bytes;
    }
    if (merges != 0) merge_groups(*layout_, targets_.data(), sources_.data(), merges);
}

// Values of rows [first, first + count), which lie in one chunk.
void SlidingRows::write_rows(SlidingSlices& slices, std::size_t first, std::size_t count) {
    find_states(slices, std::span(ids_).subspan(first, count));
    Chunk& chunk = *chunks_[first / kBatchRows];
    std::size_t column = groups_->key().size();
    for (const BoundAggregate& bound : layout_->calls()) {
        Column& results = chunk.columns[column];
        bound.functions.finish(bound,
                               {states_.data(), count, &results, first % kBatchRows, &arena_});
        may_be_null_[column] = may_be_null_[column] || results.has_nulls();
        ++column;
    }
}

void SlidingRows::write_groups(SlidingSlices& slices, std::span<const std::uint32_t> ids) {
    find_states(slices, ids);
    find_rows(ids);
    std::size_t column = groups_->key().size();
    for (const BoundAggregate& bound : layout_->calls()) {
        Column& results = scratch_[column];
        results.clear_nulls();
        bound.functions.finish(bound, {states_.data(), ids.size(), &results, 0, &arena_});
        scatter(results, column++, ids.size());
    }
}

void SlidingRows::set_bounds(const Bounds& bounds) {
    fill_bounds(bounds_.data(), 0, std::min(size(), kBatchRows), bounds);
}

BatchView SlidingRows::chunk(std::size_t index) const noexcept {
    const std::size_t first = index * kBatchRows;
    const std::size_t count = std::min(kBatchRows, size() - first);
    return {chunks_[index]->pointers, Selection::all(count), nullptr};
}

void SlidingRows::append_to(Batch& batch, const Bounds& bounds) const {
    const std::size_t first = batch.size();
    ASSERT(size() <= batch.room());
    if (size() == 0) return;
    const std::vector<Column>& columns = chunks_[0]->columns;
    for (std::size_t i = 0; i < columns.size(); ++i)
        copy_cells(batch.column(i), first, columns[i], size());
    fill_bounds(&batch.column(columns.size()), first, size(), bounds);
    batch.set_size(first + size());
}

void SlidingRows::renumber(std::span<const std::uint32_t> new_ids) {
    for (std::uint32_t& id : ids_)
        id = new_ids[id];
}

void SlidingRows::renew_keys() {
    constexpr std::size_t kGoneMin = 4096;
    if (!groups_->key().is_text() || keys_written_ < 2 * size() + kGoneMin) return;
    arena_.reset();
    for (std::size_t first = 0; first < size(); first += kBatchRows)
        write_keys(std::span(ids_).subspan(first, std::min(kBatchRows, size() - first)));
    keys_written_ = size();
}

std::size_t SlidingRows::memory_bytes() const noexcept {
    std::size_t total =
        arena_.memory_bytes() + ids_.capacity() * sizeof(std::uint32_t) + merged_.capacity() * 8;
    for (const auto* const columns : {&scratch_, &bounds_}) {
        for (const Column& column : *columns)
            total += column.memory_bytes();
    }
    for (const auto& chunk : chunks_) {
        for (const Column& column : chunk->columns)
            total += column.memory_bytes();
    }
    return total;
}

}  // namespace thalweg
