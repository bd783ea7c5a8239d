#include "ops/window_aggregate.h"

#include "ops/local_time.h"
#include "ops/partial_window_aggregate.h"
#include "ops/progress_table.h"
#include "ops/row_slicer.h"
#include "ops/slice_store.h"
#include "ops/sliding_aggregate.h"
#include "ops/window_clock.h"
#include "ops/window_combiner.h"
#include "ops/window_fields.h"
#include "ops/window_op.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace thalweg {

namespace {

constexpr std::int64_t kPrecision = 3;  // Of window columns, as Flink's.

// Rows or partial states in, results out. Its state: groups by slice, the same for rows and partial
// states, so that a restart may have one phase or two.
class WindowAggregate final : public WindowOp {
  public:
    explicit WindowAggregate(const WindowAggregateSpec& spec)
        : WindowOp(spec, spec.keys, spec.calls, input_window(spec), result_schema(spec)),
          row_slicer_(spec.window, false),
          count_column_(is_final(spec) ? partial_schema(spec)->size() - 1 : 0),
          combiner_(spec.window, store_),
          clock_(spec.window) {
        for (const std::size_t call : plan_.distinct_calls())
            tables_.push_back(
                state_table("distinct" + std::to_string(call), plan_.value_fields(call)));
        tables_.insert(tables_.begin(), state_table("groups", plan_.group_fields()));
        progress_table_ = tables_.size();
        tables_.push_back(progress_table({"position", "passed"}));
    }

    void process(std::size_t port, const BatchView& rows, OpContext& context, Emitter&) override {
        const bool is_partial = is_final(spec_) && port == 0;
        RowSlicer& slicer = is_partial || !is_final(spec_) ? slicer_ : row_slicer_;
        for (const RowSlicer::Part& part : slicer.cut(rows, context))
            take(part, rows, is_partial, context);
        position_ += kBatchRows;
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        const std::optional<Watermark> limit = clock_.at_advance(watermark);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override { return clock_.next_fire(find_next()); }

    Progress tick(OpContext& context, Emitter& out) override {
        const std::optional<Watermark> limit = clock_.at_tick(context.now_ns);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        return clock_.next_tick_ns(next_end_);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return tables_; }

    void freeze(StateOut& out) override {
        ASSERT(firing_ == nullptr && out_.empty());
        const auto freeze_slice = [&](SliceId id, GroupTable& table) {
            if (combines() && watermark_.passes(spec_.window.last_window_end(id.end))) return;
            GroupTarget target{.out = &out, .tail = {id.end, 0}, .tail_columns = 1};
            if (is_attached()) target = {&out, {id.start, id.end}, 2};
            store_.freeze(table, target);
        };
        for (const auto& [id, table] : store_.slices())
            freeze_slice(id, *table);
        combiner_.for_each_slice(
            [&](std::int64_t end, GroupTable& table) { freeze_slice({end, 0}, table); });
        write_progress(
            out, progress_table_, {static_cast<std::int64_t>(position_), watermark_.nanos});
    }

    Progress save(std::size_t rows_max) override { return store_.save(rows_max); }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        if (spec_.window.is_event_time)
            watermark_ = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        if (table == progress_table_) {
            load_progress(rows);
        } else {
            load_groups(table, rows, context);
        }
        if (!spec_.window.is_event_time) next_end_ = find_next();
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return WindowOp::memory_bytes() + combiner_.memory_bytes();
    }

  private:
    // A table of the state: the columns of a group table, and those that say of which slice.
    [[nodiscard]] StateTable state_table(std::string name, std::vector<Field> fields) const {
        const Type bound = Type::timestamp(kPrecision).not_null();
        if (is_attached()) fields.push_back({"window_start", bound});
        fields.push_back({is_attached() ? "window_end" : "slice_end", bound});
        return {
            std::move(name), make_schema(std::move(fields)), StateRoute::kByKey, route_keys(spec_)};
    }

    // Of all instances, each its own: positions need only grow, and windows that one of them has
    // fired by the clock are not fired again.
    void load_progress(const BatchView& rows) {
        position_ = greatest_progress(rows, 0, position_);
        if (spec_.window.is_event_time) return;
        rows.selection.for_each([&](std::size_t row) {
            watermark_ = std::max(watermark_, Watermark{rows[1].data<std::int64_t>()[row]});
        });
    }

    void load_groups(std::size_t table, const BatchView& rows, OpContext& context) {
        WindowSpec slices = spec_.window;
        slices.end_column = tables_[table].schema->size() - 1;
        slices.start_column = slices.end_column - 1;
        RowSlicer slicer(slices, true);
        for (const RowSlicer::Part& part : slicer.cut(rows, context)) {
            const std::int64_t end = part.id.end;
            if (!is_attached() && spec_.window.slice_end(saturating_sub(end, 1)) != end) {
                context.fail("the state of a windowed aggregation has a slice that ends at " +
                             std::to_string(end) + " ns, where no window has a bound");
                return;
            }
            if (table == 0) {
                store_.table(part.id).load(rows, part.rows);
            } else {
                const std::size_t call = plan_.distinct_calls()[table - 1];
                store_.table(part.id).load_values(call, rows, part.rows);
            }
        }
    }

    [[nodiscard]] bool is_attached() const noexcept {
        return spec_.window.kind == WindowKind::kAttached;
    }

    static bool is_final(const WindowAggregateSpec& spec) {
        return spec.phase == AggregatePhase::kFinal;
    }

    [[nodiscard]] bool combines() const noexcept {
        return spec_.window.kind == WindowKind::kHop || spec_.window.kind == WindowKind::kCumulate;
    }

    void take(const RowSlicer::Part& part,
              const BatchView& rows,
              bool is_partial,
              OpContext& context) {
        const std::int64_t end = part.id.end;
        if (combines()) {
            const std::int64_t last = spec_.window.last_window_end(end);
            if (spec_.window.first_window_end(end) > last) {  // Between two windows.
                context.counters.filtered_rows += count_rows(part, rows, is_partial);
                return;
            }
            if (watermark_.passes(last)) {
                context.counters.late_rows += count_rows(part, rows, is_partial);
                return;
            }
            if (combiner_.has_combined(end)) {
                combiner_.find_late_tables(end, late_tables_);
                for (GroupTable* const table : late_tables_)
                    add(*table, part, rows, is_partial);
                return;
            }
        } else if (spec_.window.is_event_time && watermark_.passes(end)) {
            context.counters.late_rows += count_rows(part, rows, is_partial);
            return;
        }
        add(store_.table(part.id), part, rows, is_partial);
        if (!spec_.window.is_event_time) next_end_ = find_next();
    }

    void add(GroupTable& table,
             const RowSlicer::Part& part,
             const BatchView& rows,
             bool is_partial) {
        if (is_partial) {
            table.add_partial(rows, part.rows);
        } else {
            table.add(rows, part.rows, position_);
        }
    }

    [[nodiscard]] std::uint64_t count_rows(const RowSlicer::Part& part,
                                           const BatchView& rows,
                                           bool is_partial) const {
        if (!is_partial) return part.rows.size();
        std::uint64_t total = 0;
        const auto* const counts = rows[count_column_].data<std::int64_t>();
        part.rows.for_each(
            [&](std::size_t row) { total += static_cast<std::uint64_t>(counts[row]); });
        return total;
    }

    // The end of the next window to fire.
    [[nodiscard]] std::optional<std::int64_t> find_next() {
        if (combines()) return combiner_.next_end(watermark_);
        if (store_.empty()) return std::nullopt;
        return store_.first().end;
    }

    // Fires what `limit` passes, at most kEmitRowsMax rows a call.
    Progress fire(Watermark limit, Emitter& out) {
        std::size_t written = 0;
        while (written < kEmitRowsMax) {
            if (firing_ == nullptr && !start_next(limit)) {
                emit_all(out);
                watermark_ = std::max(watermark_, limit);
                next_end_ = find_next();
                return Progress::kDone;
            }
            const std::size_t first = out_.size();
            const std::size_t count = write_groups(*firing_, false);
            write_window(first, count);
            written += count;
            emit_full(out);
            if (cursor_ == firing_->size()) stop_firing();
        }
        emit_all(out);
        return Progress::kMore;
    }

    bool start_next(Watermark limit) {
        const std::optional<std::int64_t> end = find_next();
        if (!end || !limit.passes(*end)) return false;
        cursor_ = 0;
        window_end_ = *end;
        if (combines()) {
            window_start_ = spec_.window.window_start(*end);
            firing_ = &combiner_.combine(*end);
            return true;
        }
        const SliceId id = store_.first();
        window_start_ = is_attached() ? id.start : spec_.window.window_start(*end);
        owned_ = store_.take_first();
        firing_ = owned_.get();
        return true;
    }

    void stop_firing() {
        firing_ = nullptr;
        store_.give_back(std::move(owned_));
    }

    void write_window(std::size_t first, std::size_t count) {
        const std::size_t columns = out_.column_count();
        const std::int64_t last = saturating_sub(window_end_, kNanosPerMilli);
        fill_rows(out_.column(columns - 3), first, count, window_start_);
        fill_rows(out_.column(columns - 2), first, count, window_end_);
        fill_rows(out_.column(columns - 1),
                  first,
                  count,
                  spec_.window.zone ? spec_.window.zone->to_utc(last) : last);
        out_.set_size(first + count);
    }

    RowSlicer row_slicer_;  // Of rows that come without a first phase to the second.
    std::size_t count_column_;
    WindowCombiner combiner_;
    WindowClock clock_;
    Watermark watermark_;  // On the local clock.
    std::uint64_t position_ = 1;
    std::vector<GroupTable*> late_tables_;
    std::vector<StateTable> tables_;  // "groups", the values of DISTINCT calls, "progress".
    std::size_t progress_table_ = 0;
    std::optional<std::int64_t> next_end_;  // Kept in processing time only, for next_tick_ns().

    // The window being emitted.
    const GroupTable* firing_ = nullptr;
    std::unique_ptr<GroupTable> owned_;
    std::int64_t window_start_ = 0;
    std::int64_t window_end_ = 0;
};

}  // namespace

bool can_split(const std::vector<AggregateCall>& calls) {
    return std::none_of(calls.begin(), calls.end(), [](const AggregateCall& call) {
        switch (call.kind) {
            case AggregateKind::kMin:
            case AggregateKind::kMax: return false;
            case AggregateKind::kFirstValue:
            case AggregateKind::kLastValue:
            case AggregateKind::kListAgg: return true;
            default: return call.is_distinct;
        }
    });
}

SchemaPtr partial_schema(const WindowAggregateSpec& spec) {
    std::vector<Field> fields;
    for (const Type& type : spec.key_types)
        fields.push_back({"key" + std::to_string(fields.size()), type});
    AggregateLayout(spec.calls).append_partial_fields(fields);
    const Type bound = Type::timestamp(kPrecision).not_null();
    const bool is_attached = spec.window.kind == WindowKind::kAttached;
    if (is_attached) fields.push_back({"window_start", bound});
    fields.push_back({is_attached ? "window_end" : "slice_end", bound});
    fields.push_back({"row_count", Type::bigint().not_null()});
    return make_schema(std::move(fields));
}

SchemaPtr result_schema(const WindowAggregateSpec& spec) {
    std::vector<Field> fields;
    for (const Type& type : spec.key_types)
        fields.push_back({"key" + std::to_string(fields.size()), type});
    for (const AggregateCall& call : spec.calls)
        fields.push_back({"value" + std::to_string(fields.size()), call.result_type});
    append_window_fields(spec.window, fields);
    return make_schema(std::move(fields));
}

std::vector<std::size_t> input_keys(const WindowAggregateSpec& spec) {
    if (spec.phase != AggregatePhase::kFinal) return spec.keys;
    std::vector<std::size_t> columns(spec.keys.size());
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    return columns;
}

std::vector<std::size_t> route_keys(const WindowAggregateSpec& spec) {
    if (!spec.partition.empty()) return spec.partition;
    std::vector<std::size_t> columns(spec.keys.size());
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    return columns;
}

// The slice of a partial row lies where partial_schema() has put it.
WindowSpec input_window(const WindowAggregateSpec& spec) {
    WindowSpec window = spec.window;
    if (spec.phase != AggregatePhase::kFinal) return window;
    const std::size_t count = partial_schema(spec)->size();
    window.end_column = count - 2;
    window.start_column = count - 3;
    return window;
}

std::unique_ptr<Op> make_window_aggregate(const WindowAggregateSpec& spec) {
    ASSERT(spec.keys.size() == spec.key_types.size());
    if (spec.phase == AggregatePhase::kPartial) return make_partial_window_aggregate(spec);
    if (can_slide(spec)) return make_sliding_aggregate(spec);
    return std::make_unique<WindowAggregate>(spec);
}

}  // namespace thalweg
