#include "ops/over_evaluator.h"

#include "ops/join_rows.h"
#include "ops/row_codec.h"
#include "ops/sort_key.h"
#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <utility>

namespace thalweg {

using Bound = OverFrame::Bound;

SchemaPtr over_schema(const OverSpec& spec) {
    std::vector<Field> fields = spec.schema->fields;
    for (const OverCall& call : spec.calls)
        fields.push_back({"over", call.result_type});
    return make_schema(std::move(fields));
}

OverEvaluator::OverEvaluator(const OverSpec& spec) : spec_(spec), width_(spec.schema->size()) {
    for (std::size_t i = 0; i < spec_.calls.size(); ++i) {
        const OverCall& call = spec_.calls[i];
        if (call.kind != OverKind::kAggregate) continue;
        const bool has_distance =
            call.frame.start == Bound::kPreceding || call.frame.start == Bound::kFollowing ||
            call.frame.end == Bound::kPreceding || call.frame.end == Bound::kFollowing;
        needs_values_ = needs_values_ || (has_distance && !call.frame.is_rows);
        if (call.aggregate.is_distinct) {
            Distinct& distinct = distinct_.emplace_back();
            distinct.call = i;
            distinct.aggregate = std::make_unique<RetractableCall>(call.aggregate, 0);
            distinct.state.resize(distinct.aggregate->state_bytes() / 8);
            continue;
        }
        const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
            return group.frame == call.frame;
        });
        Group& group = found != groups_.end() ? *found : groups_.emplace_back();
        group.frame = call.frame;
        group.calls.push_back(i);
    }
    std::size_t offset = 0;
    for (Group& group : groups_) {
        std::vector<AggregateCall> calls;
        for (const std::size_t call : group.calls)
            calls.push_back(spec_.calls[call].aggregate);
        group.layout = std::make_unique<AggregateLayout>(calls);
        group.update = std::make_unique<StateUpdate>(*group.layout);
        group.scratch.resize(group.layout->payload_bytes() / 8);
        group.state_offset = offset;
        if (is_running(group.frame)) offset += group.scratch.size();
    }
}

void OverEvaluator::begin() {
    for (std::size_t i = 0; i < batch_count(); ++i)
        batches_[i]->clear();
    constexpr std::size_t kKeptMax = 16;
    if (batches_.size() > kKeptMax) batches_.resize(kKeptMax);
    size_ = 0;
    peer_first_.clear();
    group_of_.clear();
    values_.clear();
    last_key_.clear();
}

void OverEvaluator::add(const Record& record) {
    const std::size_t index = size_ / kBatchRows;
    if (index == batches_.size()) batches_.push_back(std::make_unique<Batch>(over_schema(spec_)));
    Batch& batch = *batches_[index];
    const std::size_t row = size_ % kBatchRows;
    RowCodec::read(record.row(), width_, batch, row);
    batch.set_size(row + 1);
    const bool is_peer =
        !spec_.is_by_arrival && size_ != 0 && compare_keys(record.key(), last_key_) == 0;
    if (!is_peer) last_key_.assign(record.key().begin(), record.key().end());
    peer_first_.push_back(is_peer ? peer_first_.back() : static_cast<std::uint32_t>(size_));
    group_of_.push_back(size_ == 0 ? 0 : group_of_.back() + (is_peer ? 0 : 1));
    if (needs_values_) values_.push_back(order_value(batch, row));
    ++size_;
}

// Rising with the order, whatever its direction; NULL at its end.
std::int64_t OverEvaluator::order_value(const Batch& batch, std::size_t row) const {
    const SortItem& item = spec_.order[0];
    const Column& column = batch.column(item.column);
    if (column.is_null(row)) return item.nulls_first ? INT64_MIN : INT64_MAX;
    const std::int64_t value = column.physical() == Physical::kInt32
                                   ? column.data<std::int32_t>()[row]
                                   : column.data<std::int64_t>()[row];
    return item.is_descending ? saturating_sub(0, value) : value;
}

std::size_t OverEvaluator::first_at_least(std::int64_t value) const {
    return static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), value) -
                                    values_.begin());
}

std::size_t OverEvaluator::frame_start(const OverFrame& frame, std::size_t row) const {
    const auto distance = static_cast<std::size_t>(frame.start_offset);
    switch (frame.start) {
        case Bound::kUnboundedPreceding: return 0;
        case Bound::kPreceding:
            if (frame.is_rows) return row - std::min(row, distance);
            if (is_endless(row)) return peer_first_[row];
            return first_at_least(saturating_sub(values_[row], frame.start_offset));
        case Bound::kCurrentRow: return frame.is_rows ? row : peer_first_[row];
        case Bound::kFollowing:
            if (frame.is_rows) return row + std::min(size_ - row, distance);
            if (is_endless(row)) return peer_first_[row];
            return first_at_least(saturating_add(values_[row], frame.start_offset));
        case Bound::kUnboundedFollowing: break;
    }
    return size_;
}

std::size_t OverEvaluator::frame_end(const OverFrame& frame, std::size_t row) const {
    const auto distance = static_cast<std::size_t>(frame.end_offset);
    switch (frame.end) {
        case Bound::kUnboundedPreceding: return 0;
        case Bound::kPreceding:
            if (frame.is_rows) return row + 1 - std::min(row + 1, distance);
            if (is_endless(row)) return peer_end_[row];
            return first_at_least(
                saturating_add(saturating_sub(values_[row], frame.end_offset), 1));
        case Bound::kCurrentRow: return frame.is_rows ? row + 1 : peer_end_[row];
        case Bound::kFollowing:
            if (frame.is_rows) return row + 1 + std::min(size_ - row - 1, distance);
            if (is_endless(row)) return peer_end_[row];
            return first_at_least(
                saturating_add(saturating_add(values_[row], frame.end_offset), 1));
        case Bound::kUnboundedFollowing: break;
    }
    return size_;
}

void OverEvaluator::take(
    Group& group, std::uint64_t* state, std::size_t first, std::size_t end, Arena& arena) {
    while (first < end) {
        const std::size_t index = first / kBatchRows;
        const std::size_t row = first % kBatchRows;
        const std::size_t count = std::min(end - first, kBatchRows - row);
        states_.assign(count, reinterpret_cast<std::byte*>(state));
        AggregateInput input;
        input.states = states_.data();
        input.rows = Selection::range(row, count);
        input.arena = &arena;
        input.first_position = first_position_ + index * kBatchRows;
        group.update->add(batches_[index]->view(), input);
        first += count;
    }
}

void OverEvaluator::finish(const Group& group, const std::uint64_t* state, std::size_t row) {
    Batch& batch = *batches_[row / kBatchRows];
    AggregateLayout::PackedGroups groups;
    groups.first = reinterpret_cast<const std::byte*>(state);
    groups.stride = group.layout->payload_bytes();
    groups.count = 1;
    for (std::size_t i = 0; i < group.calls.size(); ++i) {
        AggregateLayout::finish(
            group.layout->calls()[i], groups, batch, row % kBatchRows, width_ + group.calls[i]);
    }
}

// The state has all rows before `from`.
void OverEvaluator::run_group(Group& group, std::size_t from, std::uint64_t* state, Arena& arena) {
    std::size_t taken = from;
    for (std::size_t row = from; row < size_; ++row) {
        const std::size_t end = frame_end(group.frame, row);
        if (end > taken) take(group, state, std::exchange(taken, end), end, arena);
        finish(group, state, row);
    }
}

void OverEvaluator::slide_group(Group& group, std::size_t from) {
    std::pair<std::size_t, std::size_t> taken = {SIZE_MAX, SIZE_MAX};
    for (std::size_t row = from; row < size_; ++row) {
        const std::size_t end = frame_end(group.frame, row);
        const std::pair frame(std::min(frame_start(group.frame, row), end), end);
        if (frame != taken) {
            std::fill(group.scratch.begin(), group.scratch.end(), 0U);
            arena_.reset();
            take(group, group.scratch.data(), frame.first, frame.second, arena_);
            taken = frame;
        }
        finish(group, group.scratch.data(), row);
    }
}

void OverEvaluator::move_rows(Distinct& distinct,
                              std::size_t first,
                              std::size_t end,
                              bool is_delete) {
    auto* const state = reinterpret_cast<std::byte*>(distinct.state.data());
    while (first < end) {
        const std::size_t index = first / kBatchRows;
        moved_.clear();
        for (; first < end && first / kBatchRows == index; ++first)
            moved_.add(state, static_cast<std::uint16_t>(first % kBatchRows), is_delete ? 1 : 0);
        distinct.aggregate->apply(batches_[index]->view(), moved_, 1 + index * kBatchRows);
    }
}

// Neither end of a frame ever goes back from one row to the next.
void OverEvaluator::run_distinct(Distinct& distinct, std::size_t from) {
    auto* const state = reinterpret_cast<std::byte*>(distinct.state.data());
    const OverFrame& frame = spec_.calls[distinct.call].frame;
    std::size_t first = 0;
    std::size_t end = 0;
    for (std::size_t row = from; row < size_; ++row) {
        const std::size_t wanted_end = std::max(frame_end(frame, row), end);
        const std::size_t wanted_first = std::min(frame_start(frame, row), wanted_end);
        if (wanted_first >= end) {  // Nothing is left of the frame before.
            move_rows(distinct, first, end, true);
            first = end = wanted_first;
        }
        move_rows(distinct, end, wanted_end, false);
        move_rows(distinct, first, wanted_first, true);
        first = wanted_first;
        end = wanted_end;
        Batch& batch = *batches_[row / kBatchRows];
        const auto at = static_cast<std::uint16_t>(row % kBatchRows);
        distinct.aggregate->finish({.groups = std::span(&state, 1),
                                    .rows = std::span(&at, 1),
                                    .column = &batch.column(width_ + distinct.call),
                                    .arena = &batch.arena()});
    }
    distinct.aggregate->release(state);
    std::fill(distinct.state.begin(), distinct.state.end(), 0U);
}

void OverEvaluator::number_rows(std::size_t call, std::size_t from, const OverTotals& totals) {
    const OverCall& bound = spec_.calls[call];
    const auto rows = static_cast<std::int64_t>(size_);
    const std::int64_t first_row = totals.rows - static_cast<std::int64_t>(from);
    // Whether the first row is of the last group that was counted.
    const bool goes_on = from != 0 && peer_first_[from] < from;
    const std::int64_t first_group =
        from == size_
            ? 0
            : totals.groups - static_cast<std::int64_t>(group_of_[from]) - (goes_on ? 1 : 0);
    for (std::size_t row = from; row < size_; ++row) {
        Column& column = batches_[row / kBatchRows]->column(width_ + call);
        const std::size_t at = row % kBatchRows;
        const auto index = static_cast<std::int64_t>(row);
        const auto peer = static_cast<std::int64_t>(peer_first_[row]);
        const auto put = [&](std::int64_t number) { column.data<std::int64_t>()[at] = number; };
        switch (bound.kind) {
            case OverKind::kRowNumber: put(first_row + index + 1); break;
            case OverKind::kRank: put(first_row + peer + 1); break;
            case OverKind::kDenseRank: put(first_group + group_of_[row] + 1); break;
            case OverKind::kNtile: {
                const std::int64_t small = rows / bound.count;
                const std::int64_t large = rows % bound.count;
                const std::int64_t in_large = large * (small + 1);
                const std::int64_t tile =
                    index < in_large ? index / (small + 1) : large + (index - in_large) / small;
                column.data<std::int32_t>()[at] = static_cast<std::int32_t>(tile + 1);
                break;
            }
            case OverKind::kPercentRank:
                column.data<double>()[at] =
                    rows <= 1 ? 0 : static_cast<double>(peer) / static_cast<double>(rows - 1);
                break;
            case OverKind::kCumeDist:
                column.data<double>()[at] =
                    static_cast<double>(peer_end_[row]) / static_cast<double>(rows);
                break;
            case OverKind::kAggregate:
            case OverKind::kLag:
            case OverKind::kLead: ASSERT(false);
        }
    }
}

void OverEvaluator::find_neighbours(std::size_t call, std::size_t from) {
    const OverCall& bound = spec_.calls[call];
    const auto distance = static_cast<std::size_t>(bound.count);
    const bool is_lag = bound.kind == OverKind::kLag;
    for (std::size_t row = from; row < size_; ++row) {
        Batch& batch = *batches_[row / kBatchRows];
        Column& column = batch.column(width_ + call);
        const std::size_t at = row % kBatchRows;
        const bool is_there = is_lag ? row >= distance : distance < size_ - row;
        if (is_there) {
            const std::size_t other = is_lag ? row - distance : row + distance;
            const Batch& from_batch = *batches_[other / kBatchRows];
            column.copy_row(
                at, from_batch.column(bound.aggregate.argument), other % kBatchRows, batch.arena());
        } else if (bound.otherwise) {
            column.copy_row(at, batch.column(*bound.otherwise), at, batch.arena());
        } else {
            write_null(column, at);
        }
    }
}

void OverEvaluator::evaluate(std::size_t from,
                             OverTotals& totals,
                             std::span<std::uint64_t> states,
                             Arena& arena) {
    if (from == size_) return;
    first_position_ = static_cast<std::uint64_t>(totals.rows) + 1 - from;
    peer_end_.resize(size_);
    for (std::size_t row = size_; row-- > 0;) {
        const bool is_last = row + 1 == size_ || peer_first_[row + 1] != peer_first_[row];
        peer_end_[row] = is_last ? static_cast<std::uint32_t>(row + 1) : peer_end_[row + 1];
    }
    for (Group& group : groups_) {
        if (is_running(group.frame)) {
            run_group(group, from, states.data() + group.state_offset, arena);
        } else {
            slide_group(group, from);
        }
    }
    for (Distinct& distinct : distinct_)
        run_distinct(distinct, from);
    for (std::size_t call = 0; call < spec_.calls.size(); ++call) {
        const OverKind kind = spec_.calls[call].kind;
        if (kind == OverKind::kAggregate) continue;
        if (kind == OverKind::kLag || kind == OverKind::kLead) {
            find_neighbours(call, from);
        } else {
            number_rows(call, from, totals);
        }
    }
    const bool goes_on = from != 0 && peer_first_[from] < from;
    totals.rows += static_cast<std::int64_t>(size_ - from);
    totals.groups += group_of_[size_ - 1] - group_of_[from] + (goes_on ? 0 : 1);
}

std::size_t OverEvaluator::rows_needed() const {
    std::size_t needed = 0;
    for (const OverCall& call : spec_.calls) {
        if (call.kind == OverKind::kLag) {
            needed = std::max(needed, static_cast<std::size_t>(call.count));
        } else if (call.aggregate.is_distinct && is_running(call.frame)) {
            return size_;
        } else if (call.kind == OverKind::kAggregate && call.frame.start == Bound::kPreceding) {
            const auto distance = static_cast<std::size_t>(call.frame.start_offset);
            if (call.frame.is_rows) {
                needed = std::max(needed, distance);
            } else if (size_ != 0) {
                const std::int64_t oldest = saturating_sub(values_.back(), call.frame.start_offset);
                needed = std::max(needed, size_ - first_at_least(oldest));
            }
        }
    }
    return std::min(needed, size_);
}

std::size_t OverEvaluator::state_words() const noexcept {
    std::size_t words = 0;
    for (const Group& group : groups_)
        words += is_running(group.frame) ? group.scratch.size() : 0;
    return words;
}

void OverEvaluator::append_state_fields(std::vector<Field>& fields) const {
    for (const Group& group : groups_) {
        if (is_running(group.frame)) group.layout->append_partial_fields(fields);
    }
}

void OverEvaluator::save_state(const std::uint64_t* states,
                               Batch& batch,
                               std::size_t first_column) const {
    for (const Group& group : groups_) {
        if (!is_running(group.frame)) continue;
        AggregateLayout::PackedGroups groups;
        groups.first = reinterpret_cast<const std::byte*>(states + group.state_offset);
        groups.stride = group.layout->payload_bytes();
        groups.count = 1;
        group.layout->save(groups, batch, batch.size(), first_column);
        first_column += group.layout->partial_columns();
    }
}

void OverEvaluator::load_state(std::uint64_t* states,
                               const BatchView& view,
                               std::size_t first_column,
                               std::size_t row,
                               Arena& arena) const {
    for (const Group& group : groups_) {
        if (!is_running(group.frame)) continue;
        group.layout->restore(reinterpret_cast<std::byte*>(states + group.state_offset),
                              view,
                              first_column,
                              row,
                              arena);
        first_column += group.layout->partial_columns();
    }
}

std::size_t OverEvaluator::memory_bytes() const noexcept {
    std::size_t total = arena_.memory_bytes() + values_.capacity() * 8 +
                        (peer_first_.capacity() + peer_end_.capacity() + group_of_.capacity()) * 4;
    for (const auto& batch : batches_)
        total += batch->memory_bytes();
    return total;
}

}  // namespace thalweg
