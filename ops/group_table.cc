#include "ops/group_table.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace thalweg {

namespace {

bool is_true(const Column& column, std::size_t row) {
    return column.data<std::uint8_t>()[row] != 0 && !column.is_null(row);
}

std::vector<const Column*> columns_at(const BatchView& view, std::span<const std::size_t> at) {
    std::vector<const Column*> columns;
    columns.reserve(at.size());
    for (const std::size_t index : at)
        columns.push_back(view.columns[index]);
    return columns;
}

}  // namespace

GroupTable::GroupTable(GroupPlan& plan)
    : plan_(&plan), keys_(plan.key, plan.layout.payload_bytes(), plan.history) {
    for (const BoundAggregate& bound : plan.layout.calls()) {
        distinct_.push_back(bound.call.is_distinct
                                ? std::make_unique<DistinctSet>(bound.call.argument_type, plan.seed)
                                : nullptr);
    }
}

std::byte* GroupTable::null_group() {
    if (null_group_.empty()) null_group_.resize(plan_->layout.payload_bytes() / 8 + 1);
    return reinterpret_cast<std::byte*>(null_group_.data());
}

void GroupTable::split_nulls(const Column& key, Selection rows) {
    plan_->valid_rows.clear();
    plan_->null_rows.clear();
    rows.for_each([&](std::size_t row) {
        (key.is_null(row) ? plan_->null_rows : plan_->valid_rows)
            .push_back(static_cast<std::uint16_t>(row));
    });
}

// Positions of the groups of `rows`, new ones made.
void GroupTable::locate(std::span<const Column* const> keys, Selection rows) {
    GroupPlan& plan = *plan_;
    plan.positions.resize(rows.size());
    keys_.find_or_insert(keys, rows, plan.encoded, plan.positions);
    point();
}

void GroupTable::locate_null(std::size_t count) {
    plan_->positions.assign(count, kNullPosition);
    plan_->states.assign(count, null_group());
}

// The address of the group of each position; after the last insertion of the batch.
void GroupTable::point() {
    GroupPlan& plan = *plan_;
    plan.states.resize(plan.positions.size());
    if (plan.positions.empty()) return;
    EntryTable& table = entries();
    std::byte* const base = table.payload(0);
    const std::size_t stride = table.stride();
    const std::uint32_t* const positions = plan.positions.data();
    std::byte** const states = plan.states.data();
    for (std::size_t i = 0; i < plan.positions.size(); ++i)
        states[i] = base + positions[i] * stride;
}

void GroupTable::add(const BatchView& view, Selection rows, std::uint64_t first_position) {
    const std::vector<const Column*> keys = columns_at(view, plan_->key_columns);
    if (plan_->key.null_is_aside() && keys[0]->has_nulls()) {
        split_nulls(*keys[0], rows);
        if (!plan_->null_rows.empty()) {
            locate_null(plan_->null_rows.size());
            update(view, Selection::list(plan_->null_rows), first_position);
        }
        rows = Selection::list(plan_->valid_rows);
    }
    if (rows.empty()) return;
    locate(keys, rows);
    update(view, rows, first_position);
}

void GroupTable::update(const BatchView& view, Selection rows, std::uint64_t first_position) {
    const AggregateLayout& layout = plan_->layout;
    for (const AggregateLayout::Run& run : layout.runs()) {
        const Column& column = view[run.argument];
        if (column.has_nulls()) {
            for (const std::size_t call : run.calls)
                update_call(call, view, rows, first_position);
        } else {
            AggregateLayout::update_run(
                run, {plan_->states.data(), rows, &column, &arena_, first_position});
        }
    }
    for (const std::size_t call : layout.singles())
        update_call(call, view, rows, first_position);
}

// One call: only rows that pass its filter and whose argument is not null.
void GroupTable::update_call(std::size_t call,
                             const BatchView& view,
                             Selection rows,
                             std::uint64_t first_position) {
    GroupPlan& plan = *plan_;
    const BoundAggregate& bound = plan.layout.calls()[call];
    const bool has_argument = bound.call.kind != AggregateKind::kCountStar;
    const Column* const column = has_argument ? &view[bound.call.argument] : nullptr;
    const Column* const filter = bound.call.filter ? &view[*bound.call.filter] : nullptr;
    const bool has_nulls = column != nullptr && column->has_nulls();
    AggregateInput input{plan.states.data(), rows, column, &arena_, first_position};
    std::span<const std::uint32_t> positions = plan.positions;
    if (filter != nullptr || has_nulls) {
        plan.picked_rows.clear();
        plan.picked_states.clear();
        plan.picked_positions.clear();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows[i];
            if (filter != nullptr && !is_true(*filter, row)) continue;
            if (has_nulls && column->is_null(row)) continue;
            plan.picked_rows.push_back(static_cast<std::uint16_t>(row));
            plan.picked_states.push_back(plan.states[i]);
            plan.picked_positions.push_back(positions[i]);
        }
        if (plan.picked_rows.empty()) return;
        input.states = plan.picked_states.data();
        input.rows = Selection::list(plan.picked_rows);
        positions = plan.picked_positions;
    }
    if (distinct_[call] == nullptr) {
        bound.functions.update(bound, input);
        return;
    }
    distinct_[call]->add(positions, *column, input.rows, plan.fresh);
    update_distinct(call, *column, input.rows, input);
}

// Updates the states of the rows in plan.fresh only.
void GroupTable::update_distinct(std::size_t call,
                                 const Column& column,
                                 Selection rows,
                                 AggregateInput input) {
    GroupPlan& plan = *plan_;
    std::array<std::byte*, kBatchRows> states;
    std::array<std::uint16_t, kBatchRows> fresh_rows;
    const std::size_t count = plan.fresh.size();
    for (std::size_t i = 0; i < count; ++i) {
        states[i] = input.states[plan.fresh[i]];
        fresh_rows[i] = static_cast<std::uint16_t>(rows[plan.fresh[i]]);
    }
    input.states = states.data();
    input.rows = Selection::list(std::span(fresh_rows.data(), count));
    input.column = &column;
    const BoundAggregate& bound = plan.layout.calls()[call];
    bound.functions.update(bound, input);
}

void GroupTable::add_partial(const BatchView& view, Selection rows) {
    const std::span<const Column* const> keys = view.columns.first(plan_->key.size());
    if (plan_->key.null_is_aside() && keys[0]->has_nulls()) {
        split_nulls(*keys[0], rows);
        if (!plan_->null_rows.empty()) {
            locate_null(plan_->null_rows.size());
            merge_partial(view, Selection::list(plan_->null_rows));
        }
        rows = Selection::list(plan_->valid_rows);
    }
    if (rows.empty()) return;
    locate(keys, rows);
    merge_partial(view, rows);
}

// A row at a time: several rows of a batch may belong to one group.
void GroupTable::merge_partial(const BatchView& view, Selection rows) {
    GroupPlan& plan = *plan_;
    const std::size_t words = plan.layout.payload_bytes() / 8;
    plan.loaded.resize(words * rows.size());
    plan.sources.resize(rows.size());
    auto* const loaded = reinterpret_cast<std::byte*>(plan.loaded.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        plan.layout.load(loaded + i * words * 8, view, plan.key.size(), rows[i]);
        plan.sources[i] = loaded + i * words * 8;
    }
    merge_states(rows.size());
}

void GroupTable::merge_states(std::size_t count) {
    GroupPlan& plan = *plan_;
    for (const BoundAggregate& bound : plan.layout.calls()) {
        if (bound.call.is_distinct) continue;
        bound.functions.merge(bound, {plan.states.data(), plan.sources.data(), count, &arena_});
    }
}

void GroupTable::merge(const GroupTable& other) {
    GroupPlan& plan = *plan_;
    const bool has_distinct = std::any_of(
        distinct_.begin(), distinct_.end(), [](const auto& set) { return set != nullptr; });
    const std::size_t total = other.entries().size();
    std::vector<std::uint32_t> mapping(has_distinct ? total : 0);
    for (std::size_t first = 0; first < total; first += kBatchRows) {
        const std::size_t count = std::min(kBatchRows, total - first);
        locate_entries(other, first, count);
        merge_states(count);
        if (has_distinct) std::copy_n(plan.positions.data(), count, mapping.data() + first);
    }
    if (!other.null_group_.empty()) {
        locate_null(1);
        plan.sources.assign(1, reinterpret_cast<const std::byte*>(other.null_group_.data()));
        merge_states(1);
    }
    if (has_distinct) merge_distinct(other, mapping);
}

// Groups here of entries [first, first + count) of another table.
void GroupTable::locate_entries(const GroupTable& other, std::size_t first, std::size_t count) {
    GroupPlan& plan = *plan_;
    plan.positions.resize(count);
    plan.sources.resize(count);
    keys_.find_or_insert(other.keys_, first, plan.encoded, plan.positions);
    for (std::size_t i = 0; i < count; ++i)
        plan.sources[i] = other.entries().payload(static_cast<std::uint32_t>(first + i));
    point();
}

void GroupTable::merge_distinct(const GroupTable& other, std::span<const std::uint32_t> mapping) {
    GroupPlan& plan = *plan_;
    for (std::size_t call = 0; call < distinct_.size(); ++call) {
        if (distinct_[call] == nullptr) continue;
        const DistinctSet& from = *other.distinct_[call];
        Column column(plan.layout.calls()[call].call.argument_type);
        for (std::size_t first = 0; first < from.size(); first += kBatchRows) {
            const std::size_t count = std::min(kBatchRows, from.size() - first);
            plan.positions.resize(count);
            plan.states.resize(count);
            from.read(first, plan.positions, column);
            for (std::size_t i = 0; i < count; ++i) {
                std::uint32_t& position = plan.positions[i];
                if (position != kNullPosition) position = mapping[position];
                plan.states[i] =
                    position == kNullPosition ? null_group() : entries().payload(position);
            }
            const Selection rows = Selection::all(count);
            distinct_[call]->add(plan.positions, column, rows, plan.fresh);
            update_distinct(call, column, rows, {plan.states.data(), rows, &column, &arena_, 1});
        }
    }
}

void GroupTable::write(std::size_t from, std::size_t count, Batch& batch, bool is_partial) const {
    const EntryTable& table = entries();
    const std::size_t first_row = batch.size();
    ASSERT(count <= batch.room());
    std::vector<const std::byte*> keys;
    std::vector<const std::byte*> groups(count);
    std::vector<Column*> columns;
    for (std::size_t i = 0; i < plan_->key.size(); ++i)
        columns.push_back(&batch.column(i));
    for (std::size_t i = 0; i < count; ++i) {
        if (from + i == table.size()) {  // The group of NULL comes last.
            groups[i] = reinterpret_cast<const std::byte*>(null_group_.data());
            columns[0]->set_null(first_row + i);
            if (plan_->key.is_text()) columns[0]->data<StringRef>()[first_row + i] = {};
            continue;
        }
        const auto position = static_cast<std::uint32_t>(from + i);
        keys.push_back(table.entry(position));
        groups[i] = table.payload(position);
    }
    plan_->key.decode(keys, columns, first_row, batch.arena());
    if (is_partial) {
        plan_->layout.save(groups.data(), count, batch, plan_->key.size());
        return;
    }
    std::size_t column = plan_->key.size();
    for (const BoundAggregate& bound : plan_->layout.calls()) {
        bound.functions.finish(
            bound, {groups.data(), count, &batch.column(column++), first_row, &batch.arena()});
    }
}

void GroupTable::clear() {
    keys_.clear();
    null_group_.clear();
    arena_.reset();
    for (std::size_t call = 0; call < distinct_.size(); ++call) {
        if (distinct_[call] == nullptr) continue;
        distinct_[call] = std::make_unique<DistinctSet>(
            plan_->layout.calls()[call].call.argument_type, plan_->seed);
    }
}

std::size_t GroupTable::memory_bytes() const noexcept {
    std::size_t total = keys_.memory_bytes() + arena_.memory_bytes() + null_group_.size() * 8;
    for (const auto& set : distinct_)
        total += set == nullptr ? 0 : set->memory_bytes();
    return total;
}

}  // namespace thalweg
