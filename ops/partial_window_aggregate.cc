#include "ops/partial_window_aggregate.h"

#include "ops/local_time.h"
#include "ops/window_op.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

AggregateCall count_of_rows() {
    AggregateCall call;
    call.result_type = Type::bigint().not_null();
    return call;
}

std::vector<AggregateCall> with_row_count(std::vector<AggregateCall> calls) {
    calls.push_back(count_of_rows());
    return calls;
}

class PartialWindowAggregate final : public WindowOp {
  public:
    explicit PartialWindowAggregate(const WindowAggregateSpec& spec)
        : WindowOp(spec, spec.keys, with_row_count(spec.calls), spec.window, partial_schema(spec)) {
        ASSERT(spec.local_groups_max + kBatchRows <= kEmitRowsMax);  // It is one step.
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        if (passed_views_left_ > 0) {
            --passed_views_left_;
            out.emit_aside(rows);
            return;
        }
        for (const RowSlicer::Part& part : slicer_.cut(rows, context)) {
            GroupTable& table = store_.table(part.id);
            const std::size_t before = table.size();
            table.add(rows, part.rows, position_);
            groups_ += table.size() - before;
            groups_made_ += table.size() - before;
        }
        rows_taken_ += rows.size();
        position_ += kBatchRows;
        if (groups_ >= spec_.local_groups_max) {
            judge();
            flush(context, out);
        }
    }

    // What need not go may stay and grow: a group goes before the watermark that closes one of its
    // windows, so that the second phase judges its rows as if they had never waited.
    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        const Watermark limit = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        leaving_.clear();
        for (const auto& [id, table] : store_.slices()) {
            if (!limit.passes(id.end)) break;
            if (limit.passes(next_window_end(id.end))) leaving_.push_back(id);
        }
        for (const SliceId id : leaving_)
            emit_slice(id, out);
        emit_all(out);
        watermark_ = limit;
        return Progress::kDone;
    }

    void flush(OpContext&, Emitter& out) override {
        while (!store_.empty())
            emit_slice(store_.first(), out);
        emit_all(out);
        rows_taken_ = 0;
        groups_made_ = 0;
    }

  private:
    // Rows that a group must stand for on its way to another core, or it had better not be made: it
    // is made here, written, sent and merged there, for what a row costs to be sent and added.
    static constexpr std::size_t kRowsPerGroupMin = 3;

    // Views that pass before grouping is tried again: few after it has paid, then more and more.
    // A try costs a table of groups, some 1 ms.
    static constexpr std::size_t kPassedViewsMin = 64;
    static constexpr std::size_t kPassedViewsMax = 4096;

    // The table is full: has it been worth it?
    void judge() {
        if (!spec_.passes_rows) return;
        if (rows_taken_ >= kRowsPerGroupMin * groups_made_) {
            passed_views_ = kPassedViewsMin;
            return;
        }
        passed_views_left_ = passed_views_;
        passed_views_ = std::min(passed_views_ * 2, kPassedViewsMax);
    }

    // The next window of a slice to be closed; the slice's own end when there is none.
    [[nodiscard]] std::int64_t next_window_end(std::int64_t slice_end) const {
        const WindowSpec& window = spec_.window;
        if (window.kind != WindowKind::kHop) return slice_end;
        const std::int64_t end = window.first_window_end(slice_end);
        const std::int64_t passed = saturating_add(watermark_.nanos, kNanosPerMilli);
        const std::int64_t open = end > passed ? end : window.first_window_end_after(passed);
        return open > window.last_window_end(slice_end) ? slice_end : open;
    }

    void emit_slice(SliceId id, Emitter& out) {
        std::unique_ptr<GroupTable> table = store_.take(id);
        groups_ -= table->size();
        for (cursor_ = 0; cursor_ < table->size();) {
            const std::size_t first = out_.size();
            const std::size_t count = write_groups(*table, true);
            write_slice(id, first, count);
            emit_full(out);
        }
        store_.give_back(std::move(table));
    }

    // The row count has been saved as the last state, where the slice belongs: it moves behind.
    void write_slice(SliceId id, std::size_t first, std::size_t count) {
        const std::size_t columns = out_.column_count();
        const bool is_attached = spec_.window.kind == WindowKind::kAttached;
        const std::size_t saved = columns - (is_attached ? 3 : 2);
        std::copy_n(out_.column(saved).data<std::int64_t>() + first,
                    count,
                    out_.column(columns - 1).data<std::int64_t>() + first);
        fill_rows(out_.column(columns - 2), first, count, id.end);
        if (is_attached) fill_rows(out_.column(columns - 3), first, count, id.start);
        out_.set_size(first + count);
    }

    std::uint64_t position_ = 1;
    std::size_t groups_ = 0;
    std::size_t rows_taken_ = 0;   // Since the table was empty.
    std::size_t groups_made_ = 0;  // Likewise, those that have left included.
    std::size_t passed_views_ = kPassedViewsMin;
    std::size_t passed_views_left_ = 0;
    Watermark watermark_;  // On the local clock.
    std::vector<SliceId> leaving_;
};

}  // namespace

std::unique_ptr<Op> make_partial_window_aggregate(const WindowAggregateSpec& spec) {
    ASSERT(can_split(spec.calls));
    return std::make_unique<PartialWindowAggregate>(spec);
}

}  // namespace thalweg
