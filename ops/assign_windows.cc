#include "ops/local_time.h"
#include "ops/row_ops.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// Emits the k-th window from the last of many rows together, for k = 0, 1, ...: the columns of the
// input pass through untouched, and only three new ones are written each time.
//
// Rows of one window come out in the order in which they came in, which decides who is first among
// equals: with times that do not fall, a window is the k-th from the last of later rows for a
// larger k. So a batch is taken in runs of rows whose last window does not fall.
class AssignWindows final : public Op {
  public:
    AssignWindows(WindowSpec window, const SchemaPtr& input)
        : window_(std::move(window)),
          local_(window_.zone),
          start_(Type::timestamp(3).not_null()),
          end_(Type::timestamp(3).not_null()),
          time_((window_.zone ? Type::timestamp_ltz(3) : Type::timestamp(3)).not_null()) {
        columns_.resize(input->size() + 3);
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        ASSERT(rows.columns.size() + 3 == columns_.size());
        std::copy(rows.columns.begin(), rows.columns.end(), columns_.begin());
        columns_[columns_.size() - 3] = &start_;
        columns_[columns_.size() - 2] = &end_;
        columns_[columns_.size() - 1] = &time_;
        const std::size_t count = find_bounds(rows, context);
        for (std::size_t first = 0; first < count;) {
            std::size_t end = first + 1;
            while (end < count && next_[end] >= next_[end - 1])
                ++end;
            emit_run(first, end, rows.kinds, out);
            first = end;
        }
    }

  private:
    void emit_run(std::size_t first, std::size_t end, const RowKind* kinds, Emitter& out) {
        while (first != end) {
            const Selection selected = Selection::list({rows_.data() + first, end - first});
            write_windows(first, end);
            out.emit({columns_, selected, kinds});
            end = keep_unfinished(first, end);
        }
    }

    // The first and the last window of each row that has one.
    std::size_t find_bounds(const BatchView& rows, OpContext& context) {
        const Selection selected = with_time(rows, context);
        const std::int64_t* times = nullptr;
        if (window_.is_event_time && !selected.empty())
            times = local_.convert(rows[window_.start_column].data<std::int64_t>(), selected);
        const std::int64_t now =
            window_.zone ? window_.zone->to_local(context.now_ns) : context.now_ns;
        std::size_t count = 0;
        selected.for_each([&](std::size_t row) {
            const std::int64_t slice = window_.slice_end(times == nullptr ? now : times[row]);
            first_[count] = window_.first_window_end(slice);
            next_[count] = window_.last_window_end(slice);
            rows_[count] = static_cast<std::uint16_t>(row);
            if (first_[count] <= next_[count]) {
                ++count;
            } else {
                ++context.counters.filtered_rows;  // Between two windows.
            }
        });
        return count;
    }

    Selection with_time(const BatchView& rows, OpContext& context) {
        if (!window_.is_event_time || !rows[window_.start_column].has_nulls())
            return rows.selection;
        const Column& times = rows[window_.start_column];
        std::size_t count = 0;
        rows.selection.for_each([&](std::size_t row) {
            valid_[count] = static_cast<std::uint16_t>(row);
            if (!times.is_null(row)) ++count;
        });
        context.counters.null_time_rows += rows.size() - count;
        return Selection::list({valid_.data(), count});
    }

    void write_windows(std::size_t first, std::size_t end) {
        auto* const starts = start_.data<std::int64_t>();
        auto* const ends = end_.data<std::int64_t>();
        auto* const times = time_.data<std::int64_t>();
        for (std::size_t i = first; i < end; ++i) {
            const std::size_t row = rows_[i];
            const std::int64_t last = saturating_sub(next_[i], kNanosPerMilli);
            starts[row] = window_.window_start(next_[i]);
            ends[row] = next_[i];
            times[row] = window_.zone ? window_.zone->to_utc(last) : last;
        }
    }

    // Steps each row to the window before and drops those that have no more; returns the new end.
    std::size_t keep_unfinished(std::size_t first, std::size_t end) {
        std::size_t kept = first;
        for (std::size_t i = first; i < end; ++i) {
            if (next_[i] <= first_[i]) continue;
            next_[kept] = next_[i] - window_.slide_ns;
            first_[kept] = first_[i];
            rows_[kept++] = rows_[i];
        }
        return kept;
    }

    WindowSpec window_;
    LocalTimes local_;
    Column start_;
    Column end_;
    Column time_;
    std::vector<const Column*> columns_;
    std::array<std::uint16_t, kBatchRows> valid_;  // Rows with a time.
    std::array<std::uint16_t, kBatchRows> rows_;   // Rows with windows left, and those windows.
    std::array<std::int64_t, kBatchRows> next_;    // The next of those to be emitted,
    std::array<std::int64_t, kBatchRows> first_;   // and the last to be.
};

}  // namespace

std::unique_ptr<Op> make_assign_windows(WindowSpec window, SchemaPtr input) {
    ASSERT(window.kind != WindowKind::kAttached && window.kind != WindowKind::kSession);
    return std::make_unique<AssignWindows>(std::move(window), input);
}

}  // namespace thalweg
