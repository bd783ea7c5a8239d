#include "ops/aggregate/state_update.h"

#include <algorithm>

namespace thalweg {

namespace {

bool is_true(const Column& column, std::size_t row) {
    return column.data<std::uint8_t>()[row] != 0 && !column.is_null(row);
}

}  // namespace

void StateUpdate::add(const BatchView& view, const AggregateInput& input) {
    for (const AggregateLayout::Run& run : layout_->runs()) {
        const Column& column = view[run.argument];
        if (column.has_nulls()) {
            for (const std::size_t call : run.calls)
                add_call(call, view, input);
        } else {
            AggregateInput whole = input;
            whole.column = &column;
            AggregateLayout::update_run(run, whole);
        }
    }
    for (const std::size_t call : layout_->singles())
        add_call(call, view, input);
}

// One call: only rows that pass its filter and whose argument is not null.
void StateUpdate::add_call(std::size_t call, const BatchView& view, const AggregateInput& all) {
    const BoundAggregate& bound = layout_->calls()[call];
    AggregateInput input = all;
    if (bound.call.kind != AggregateKind::kCountStar) input.column = &view[bound.call.argument];
    const Column* const filter = bound.call.filter ? &view[*bound.call.filter] : nullptr;
    const bool has_nulls = input.column != nullptr && input.column->has_nulls();
    if (filter != nullptr || has_nulls) {
        picked_rows_.clear();
        picked_states_.clear();
        picked_positions_.clear();
        for (std::size_t i = 0; i < all.rows.size(); ++i) {
            const std::size_t row = all.rows[i];
            if (filter != nullptr && !is_true(*filter, row)) continue;
            if (has_nulls && input.column->is_null(row)) continue;
            picked_rows_.push_back(static_cast<std::uint16_t>(row));
            if (all.states != nullptr) {
                picked_states_.push_back(all.states[i]);
            } else if (all.placed.stride != 0) {
                picked_positions_.push_back(all.placed.positions[i]);
            }
        }
        if (picked_rows_.empty()) return;
        input.rows = Selection::list(picked_rows_);
        if (all.states != nullptr) input.states = picked_states_.data();
        input.placed.positions = picked_positions_.data();
    }
    bound.functions.update(bound, input);
}

void StateUpdate::add_partial(const BatchView& view,
                              Selection rows,
                              std::byte* const* states,
                              std::size_t first_column) {
    const std::size_t words = layout_->payload_bytes() / 8;
    loaded_.resize(words * rows.size());
    sources_.resize(rows.size());
    auto* const loaded = reinterpret_cast<std::byte*>(loaded_.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        layout_->load(loaded + i * words * 8, view, first_column, rows[i]);
        sources_[i] = loaded + i * words * 8;
    }
    merge_groups(*layout_, states, sources_.data(), rows.size());
}

bool is_plain_layout(const AggregateLayout& layout) {
    return std::none_of(
        layout.calls().begin(), layout.calls().end(), [](const BoundAggregate& bound) {
            return bound.call.is_distinct || bound.functions.has_text;
        });
}

void merge_groups(const AggregateLayout& layout,
                  std::byte* const* targets,
                  const std::byte* const* sources,
                  std::size_t count) {
    const AggregateMerge merge{.targets = targets, .sources = sources, .count = count};
    for (const BoundAggregate& bound : layout.calls())
        bound.functions.merge(bound, merge);
}

}  // namespace thalweg
