#pragma once

#include "ops/op.h"
#include "ops/row_slicer.h"
#include "ops/slice_store.h"
#include "ops/window_aggregate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace thalweg {

// What both phases share: slices, their tables, and an output batch that is emitted when full.
class WindowOp : public Op {
  public:
    [[nodiscard]] std::size_t memory_bytes() const override {
        return store_.memory_bytes() + out_.memory_bytes();
    }

  protected:
    WindowOp(const WindowAggregateSpec& spec,
             std::vector<std::size_t> key_columns,
             const std::vector<AggregateCall>& calls,
             const WindowSpec& slices,
             SchemaPtr output)
        : spec_(spec),
          plan_(std::move(key_columns), spec.key_types, calls, spec.seed),
          slicer_(slices, spec.phase == AggregatePhase::kFinal),
          store_(plan_),
          out_(std::move(output)) {
        const bool has_slices =
            slices.kind == WindowKind::kHop || slices.kind == WindowKind::kCumulate;
        if (!has_slices || slices.slice_ns() <= 0) return;
        // Twice: the sums of two stacks are tables, too.
        plan_.share_slots(2 * static_cast<std::size_t>(slices.size_ns / slices.slice_ns()));
    }

    // Appends groups of `table` from `cursor_` on, as many as have room, and returns how many.
    std::size_t write_groups(const GroupTable& table, bool is_partial) {
        const std::size_t count = std::min(table.size() - cursor_, out_.room());
        table.write(cursor_, count, out_, is_partial);
        cursor_ += count;
        return count;
    }

    void emit_full(Emitter& out) {
        if (out_.room() == 0) emit_all(out);
    }

    void emit_all(Emitter& out) {
        if (!out_.empty()) out.emit(out_.view());
        out_.clear();
    }

    WindowAggregateSpec spec_;
    GroupPlan plan_;
    RowSlicer slicer_;
    SliceStore store_;
    Batch out_;
    std::size_t cursor_ = 0;  // Groups of the table being emitted that have been written.
};

// Writes one value into rows [first, first + count) of a BIGINT or TIMESTAMP column.
inline void fill_rows(Column& column, std::size_t first, std::size_t count, std::int64_t value) {
    std::fill_n(column.data<std::int64_t>() + first, count, value);
}

}  // namespace thalweg
