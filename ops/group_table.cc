#include "ops/group_table.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace thalweg {

namespace {

bool is_true(const Column& column, std::size_t row) {
    return column.data<std::uint8_t>()[row] != 0 && !column.is_null(row);
}

// Three quarters of an L2: states of more than that are fetched ahead of their update.
constexpr std::size_t kCachedBytesMax = 768 * 1024;

}  // namespace

std::vector<Field> GroupPlan::group_fields() const {
    std::vector<Field> fields;
    for (const Type& type : key.types())
        fields.push_back({"key" + std::to_string(fields.size()), type});
    layout.append_partial_fields(fields);
    if (has_times) fields.push_back({"written", Type::bigint().not_null()});
    return fields;
}

std::vector<Field> GroupPlan::value_fields(std::size_t call) const {
    std::vector<Field> fields;
    for (const Type& type : key.types())
        fields.push_back({"key" + std::to_string(fields.size()), type});
    fields.push_back({"value", distinct[call]->type.not_null()});
    return fields;
}

std::vector<std::size_t> GroupPlan::distinct_calls() const {
    std::vector<std::size_t> calls;
    for (std::size_t call = 0; call < distinct.size(); ++call) {
        if (distinct[call] != nullptr) calls.push_back(call);
    }
    return calls;
}

std::span<Column* const> GroupPlan::keys_of(Batch& batch) {
    written_keys.clear();
    for (std::size_t i = 0; i < key.size(); ++i)
        written_keys.push_back(&batch.column(i));
    return written_keys;
}

GroupTable::GroupTable(GroupPlan& plan)
    : plan_(&plan), keys_(plan.key, plan.payload_bytes(), plan.history) {
    for (const auto& distinct : plan.distinct)
        distinct_.push_back(distinct ? std::make_unique<DistinctSet>(*distinct) : nullptr);
}

std::byte* GroupTable::null_group() {
    if (null_group_.empty()) null_group_.resize(plan_->payload_bytes() / 8 + 1);
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

// Positions of the groups of `rows`, whose keys are plan.keys, new ones made. Returns how many
// there were before.
std::size_t GroupTable::locate(Selection rows) {
    GroupPlan& plan = *plan_;
    plan.positions.resize(rows.size());
    return keys_.find_or_insert(plan.keys, rows, plan.encoded, plan.positions);
}

void GroupTable::locate_null(std::size_t count) {
    plan_->positions.assign(count, kNullPosition);
}

// The states of positions, of the group of NULL or of all others; until the next insertion.
PlacedGroups GroupTable::placed(std::span<const std::uint32_t> positions) {
    if (positions.front() == kNullPosition) return {null_group(), 0, positions.data(), 0};
    EntryTable& table = entries();
    const bool is_far = table.size() * table.stride() > kCachedBytesMax;
    return {.first = table.payload(0),
            .stride = table.size() == 1 ? 0 : table.stride(),
            .positions = positions.data(),
            .fetched_bytes = is_far ? plan_->layout.payload_bytes() : 0};
}

void GroupTable::add(const BatchView& view,
                     Selection rows,
                     std::uint64_t first_position,
                     GroupWatch* watch) {
    GroupPlan& plan = *plan_;
    plan.keys.clear();
    for (const std::size_t index : plan.key_columns)
        plan.keys.push_back(view.columns[index]);
    AggregateInput input{.rows = rows, .arena = &arena_, .first_position = first_position};
    if (plan.key.null_is_aside() && plan.keys[0]->has_nulls()) {
        split_nulls(*plan.keys[0], rows);
        if (!plan.null_rows.empty()) {
            locate_null(plan.null_rows.size());
            const std::size_t known = null_group_.empty() ? 0 : SIZE_MAX;
            if (watch != nullptr) watch->before(plan.positions, known);
            input.rows = Selection::list(plan.null_rows);
            input.placed = placed(plan.positions);
            update(view, input);
        }
        input.rows = Selection::list(plan.valid_rows);
    }
    if (input.rows.empty()) return;
    const std::size_t known = locate(input.rows);
    if (watch != nullptr) watch->before(plan.positions, known);
    input.placed = placed(plan.positions);
    update(view, input);
}

void GroupTable::update(const BatchView& view, const AggregateInput& input) {
    if (is_frozen_) write_before({input.placed.positions, input.rows.size()});
    const AggregateLayout& layout = plan_->layout;
    for (const AggregateLayout::Run& run : layout.runs()) {
        const Column& column = view[run.argument];
        if (column.has_nulls()) {
            for (const std::size_t call : run.calls)
                update_call(call, view, input);
        } else {
            AggregateInput of_run = input;
            of_run.column = &column;
            AggregateLayout::update_run(run, of_run);
        }
    }
    for (const std::size_t call : layout.singles())
        update_call(call, view, input);
}

// One call: only rows that pass its filter and whose argument is not null.
void GroupTable::update_call(std::size_t call, const BatchView& view, AggregateInput input) {
    GroupPlan& plan = *plan_;
    const BoundAggregate& bound = plan.layout.calls()[call];
    const bool has_argument = bound.call.kind != AggregateKind::kCountStar;
    const Column* const column = has_argument ? &view[bound.call.argument] : nullptr;
    const Column* const filter = bound.call.filter ? &view[*bound.call.filter] : nullptr;
    const bool has_nulls = column != nullptr && column->has_nulls();
    input.column = column;
    if (filter != nullptr || has_nulls) {
        plan.picked_rows.clear();
        plan.picked_positions.clear();
        for (std::size_t i = 0; i < input.rows.size(); ++i) {
            const std::size_t row = input.rows[i];
            if (filter != nullptr && !is_true(*filter, row)) continue;
            if (has_nulls && column->is_null(row)) continue;
            plan.picked_rows.push_back(static_cast<std::uint16_t>(row));
            plan.picked_positions.push_back(input.placed.positions[i]);
        }
        if (plan.picked_rows.empty()) return;
        input.rows = Selection::list(plan.picked_rows);
        input.placed.positions = plan.picked_positions.data();
    }
    if (distinct_[call] == nullptr) {
        bound.functions.update(bound, input);
    } else {
        update_distinct(call, input);
    }
}

// Only rows whose value their group had not seen.
void GroupTable::update_distinct(std::size_t call, const AggregateInput& input) {
    const std::span positions(input.placed.positions, input.rows.size());
    distinct_[call]->add(positions, *input.column, input.rows, plan_->fresh);
    if (plan_->fresh.empty()) return;
    update_fresh(call, input, false);
    if (!null_group_.empty()) update_fresh(call, input, true);
}

// Updates the rows in plan.fresh that are of the group of NULL, or of others.
void GroupTable::update_fresh(std::size_t call, const AggregateInput& input, bool is_of_null) {
    std::array<std::uint16_t, kBatchRows> rows;
    std::array<std::uint32_t, kBatchRows> positions;
    std::size_t count = 0;
    for (const std::uint16_t i : plan_->fresh) {
        const std::uint32_t position = input.placed.positions[i];
        if ((position == kNullPosition) != is_of_null) continue;
        rows[count] = static_cast<std::uint16_t>(input.rows[i]);
        positions[count++] = position;
    }
    if (count == 0) return;
    AggregateInput fresh = input;
    fresh.rows = Selection::list({rows.data(), count});
    fresh.placed = placed({positions.data(), count});
    const BoundAggregate& bound = plan_->layout.calls()[call];
    bound.functions.update(bound, fresh);
}

void GroupTable::add_partial(const BatchView& view, Selection rows) {
    take_keyed(view, rows, [this, &view](Selection some) { merge_partial(view, some); });
}

// In the order of rows: several of a batch may belong to one group.
void GroupTable::merge_partial(const BatchView& view, Selection rows) {
    GroupPlan& plan = *plan_;
    const std::size_t payload_bytes = plan.layout.payload_bytes();
    plan.loaded.resize(payload_bytes / 8 * rows.size());
    auto* const loaded = reinterpret_cast<std::byte*>(plan.loaded.data());
    plan.layout.load(view, plan.key.size(), rows, loaded);
    merge_states(rows.size(), loaded, payload_bytes);
}

// Merges what lies from `first_source` on into the groups at plan.positions.
void GroupTable::merge_states(std::size_t count,
                              const std::byte* first_source,
                              std::size_t stride) {
    if (is_frozen_) write_before(plan_->positions);
    const AggregateMerge merge{.count = count,
                               .arena = &arena_,
                               .placed = placed(plan_->positions),
                               .first_source = first_source,
                               .source_stride = stride};
    for (const BoundAggregate& bound : plan_->layout.calls()) {
        if (!bound.call.is_distinct) bound.functions.merge(bound, merge);
    }
}

void GroupTable::merge(const GroupTable& other) {
    GroupPlan& plan = *plan_;
    const bool has_distinct = std::any_of(
        distinct_.begin(), distinct_.end(), [](const auto& set) { return set != nullptr; });
    const EntryTable& from = other.entries();
    std::vector<std::uint32_t> mapping(has_distinct ? from.size() : 0);
    for (std::size_t first = 0; first < from.size(); first += kBatchRows) {
        const std::size_t count = std::min(kBatchRows, from.size() - first);
        plan.positions.resize(count);
        keys_.find_or_insert(other.keys_, first, plan.encoded, plan.positions);
        merge_states(count, from.payload(static_cast<std::uint32_t>(first)), from.stride());
        if (has_distinct) std::copy_n(plan.positions.data(), count, mapping.data() + first);
    }
    if (!other.null_group_.empty()) {
        locate_null(1);
        merge_states(1, reinterpret_cast<const std::byte*>(other.null_group_.data()), 0);
    }
    if (has_distinct) merge_distinct(other, mapping);
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
            from.read(first, plan.positions, column);
            for (std::uint32_t& position : plan.positions) {
                if (position != kNullPosition) position = mapping[position];
            }
            AggregateInput input{
                .rows = Selection::all(count), .column = &column, .arena = &arena_};
            input.placed.positions = plan.positions.data();
            update_distinct(call, input);
        }
    }
}

void GroupTable::write(std::size_t from, std::size_t count, Batch& batch, bool is_partial) const {
    ASSERT(count <= batch.room());
    const std::size_t size = entries().size();
    const std::size_t dense = from < size ? std::min(count, size - from) : 0;
    const std::size_t first_row = batch.size();
    if (dense != 0) write_dense(from, dense, batch, is_partial);
    if (dense == count) return;
    batch.set_size(first_row + dense);  // The group of NULL comes last.
    write_null(batch, is_partial);
    batch.set_size(first_row);
}

// Appends groups that are not of NULL; the batch keeps its size.
void GroupTable::write_dense(std::size_t from,
                             std::size_t count,
                             Batch& batch,
                             bool is_partial) const {
    const EntryTable& table = entries();
    const auto position = static_cast<std::uint32_t>(from);
    const std::span keys = plan_->keys_of(batch);
    plan_->key.decode(
        table.entry(position), table.stride(), count, keys, batch.size(), batch.arena());
    write_states({table.payload(position), table.stride(), count}, batch.size(), batch, is_partial);
}

void GroupTable::write_at(std::span<const std::uint32_t> positions, Batch& batch) const {
    ASSERT(positions.size() <= batch.room());
    const std::size_t first_row = batch.size();
    std::array<const std::byte*, kBatchRows> states;
    const std::span keys = plan_->keys_of(batch);
    constexpr std::size_t kAhead = 16;  // Groups between the fetch of one and its use.
    for (std::size_t i = 0; i < positions.size(); ++i) {
        if (i + kAhead < positions.size() && positions[i + kAhead] != kNullPosition)
            __builtin_prefetch(entries().payload(positions[i + kAhead]));
        write_key(positions[i], keys, first_row + i, batch.arena());
        states[i] = positions[i] == kNullPosition
                        ? reinterpret_cast<const std::byte*>(null_group_.data())
                        : entries().payload(positions[i]);
    }
    std::size_t column = plan_->key.size();
    for (const BoundAggregate& bound : plan_->layout.calls()) {
        bound.functions.finish(bound,
                               {.states = states.data(),
                                .count = positions.size(),
                                .column = &batch.column(column++),
                                .first_row = first_row,
                                .arena = &batch.arena()});
    }
}

void GroupTable::write_key(std::uint32_t position,
                           std::span<Column* const> keys,
                           std::size_t row,
                           Arena& arena) const {
    if (position != kNullPosition) {
        plan_->key.decode(entries().entry(position), 0, 1, keys, row, arena);
        return;
    }
    keys[0]->set_null(row);
    if (plan_->key.is_text()) keys[0]->data<StringRef>()[row] = {};
}

void GroupTable::write_null(Batch& batch, bool is_partial) const {
    write_key(kNullPosition, plan_->keys_of(batch), batch.size(), batch.arena());
    const auto* const states = reinterpret_cast<const std::byte*>(null_group_.data());
    write_states({states, 0, 1}, batch.size(), batch, is_partial);
}

void GroupTable::write_states(const AggregateLayout::PackedGroups& groups,
                              std::size_t first_row,
                              Batch& batch,
                              bool is_partial) const {
    std::size_t column = plan_->key.size();
    if (is_partial) {
        save_states(groups, first_row, batch);
        return;
    }
    for (const BoundAggregate& bound : plan_->layout.calls())
        AggregateLayout::finish(bound, groups, batch, first_row, column++);
}

std::int64_t& GroupTable::written_ms(std::uint32_t position) {
    DEBUG_ASSERT(plan_->has_times);
    std::byte* const group = position == kNullPosition ? null_group() : entries().payload(position);
    return *reinterpret_cast<std::int64_t*>(group + plan_->layout.payload_bytes());
}

void GroupTable::restart(std::uint32_t position) {
    save_before({&position, 1});
    std::byte* const group = position == kNullPosition ? null_group() : entries().payload(position);
    std::memset(group, 0, plan_->payload_bytes());
}

void GroupTable::erase(std::uint32_t position) {
    ASSERT(!is_frozen_);
    if (position == kNullPosition) {
        null_group_.clear();
    } else {
        keys_.erase(position);
    }
}

void GroupTable::clear() {
    ASSERT(!is_frozen_);
    keys_.clear();
    null_group_.clear();
    arena_.reset();
    for (const auto& set : distinct_) {
        if (set != nullptr) set->clear();
    }
}

std::size_t GroupTable::memory_bytes() const noexcept {
    std::size_t total = keys_.memory_bytes() + arena_.memory_bytes() + null_group_.size() * 8 +
                        frozen_.memory_bytes();
    for (const auto& set : distinct_)
        total += set == nullptr ? 0 : set->memory_bytes();
    return total;
}

}  // namespace thalweg
