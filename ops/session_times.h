#pragma once

#include "ops/local_time.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/batch.h"
#include "state/schema.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// The times of rows on the clock that sessions follow, and the bounds of sessions as columns.
//
// Threads  One at a time.
class SessionTimes {
  public:
    explicit SessionTimes(const WindowSpec& window) : window_(window), local_(window.zone) {}

    // The rows that have a time; the others are counted. Good until the next call.
    [[nodiscard]] Selection read(const BatchView& rows, OpContext& context) {
        if (!window_.is_event_time) {
            const std::int64_t now = context.now_ns;
            now_.fill(window_.zone ? window_.zone->to_local(now) : now);
            times_ = now_.data();
            return rows.selection;
        }
        const Column& column = rows[window_.start_column];
        Selection selected = rows.selection;
        if (column.has_nulls()) {
            std::size_t count = 0;
            rows.selection.for_each([&](std::size_t row) {
                valid_[count] = static_cast<std::uint16_t>(row);
                if (!column.is_null(row)) ++count;
            });
            context.counters.null_time_rows += rows.size() - count;
            selected = Selection::list({valid_.data(), count});
        }
        if (!selected.empty()) times_ = local_.convert(column.data<std::int64_t>(), selected);
        return selected;
    }

    // Of a row that was read.
    [[nodiscard]] std::int64_t operator[](std::size_t row) const noexcept { return times_[row]; }

    struct Rows {
        std::size_t first = 0;
        std::size_t count = 0;
    };

    // Writes the bounds of a session into rows of the last three columns.
    void write_window(std::int64_t start_ns, std::int64_t end_ns, Batch& batch, Rows rows) const {
        const std::size_t columns = batch.column_count();
        const std::int64_t last = saturating_sub(end_ns, kNanosPerMilli);
        const auto fill = [&](std::size_t column, std::int64_t value) {
            std::fill_n(batch.column(column).data<std::int64_t>() + rows.first, rows.count, value);
        };
        fill(columns - 3, start_ns);
        fill(columns - 2, end_ns);
        fill(columns - 1, window_.zone ? window_.zone->to_utc(last) : last);
    }

  private:
    WindowSpec window_;
    LocalTimes local_;
    const std::int64_t* times_ = nullptr;
    std::array<std::int64_t, kBatchRows> now_{};
    std::array<std::uint16_t, kBatchRows> valid_{};
};

}  // namespace thalweg
