#include "ops/row_slicer.h"

#include <algorithm>
#include <limits>

namespace thalweg {

namespace {

// From this many slices in one batch on, rows are sorted rather than searched for again and again.
constexpr std::size_t kSearchedMax = 8;

}  // namespace

RowSlicer::RowSlicer(const WindowSpec& spec, bool has_slices)
    : spec_(spec),
      has_slices_(has_slices || spec.kind == WindowKind::kAttached),
      is_attached_(spec.kind == WindowKind::kAttached),
      width_(is_attached_ ? 0 : spec.slice_ns()),
      local_(spec.zone) {
    if (!has_slices_) current_.end = spec_.slice_end(0);
}

Selection RowSlicer::without_nulls(const BatchView& view, OpContext& context) {
    const Column* const first = &view[has_slices_ ? spec_.end_column : spec_.start_column];
    const Column* const second = is_attached_ ? &view[spec_.start_column] : first;
    if (!first->has_nulls() && !second->has_nulls()) return view.selection;
    std::size_t count = 0;
    view.selection.for_each([&](std::size_t row) {
        valid_[count] = static_cast<std::uint16_t>(row);
        if (!first->is_null(row) && !second->is_null(row)) ++count;
    });
    context.counters.null_time_rows += view.size() - count;
    return Selection::list({valid_.data(), count});
}

const std::vector<RowSlicer::Part>& RowSlicer::cut(const BatchView& view, OpContext& context) {
    ASSERT(view.size() <= kBatchRows);
    parts_.clear();
    if (!has_slices_ && !spec_.is_event_time) {
        const TimeZonePtr& zone = spec_.zone;
        const std::int64_t now = zone ? zone->to_local(context.now_ns) : context.now_ns;
        if (view.size() != 0) parts_.push_back({{spec_.slice_end(now), 0}, view.selection});
        return parts_;
    }
    const Selection rows = without_nulls(view, context);
    if (rows.empty()) return parts_;
    if (has_slices_) {
        assign(view, rows);
        return parts_;
    }
    const std::int64_t* const times =
        local_.convert(view[spec_.start_column].data<std::int64_t>(), rows);
    if (is_one_slice(times, rows)) {
        parts_.push_back({current_, rows});
        return parts_;
    }
    assign(times, rows);
    return parts_;
}

// By the earliest and the latest time: two reductions that the compiler makes vectors of.
bool RowSlicer::is_one_slice(const std::int64_t* times, Selection rows) const noexcept {
    std::int64_t low = std::numeric_limits<std::int64_t>::max();
    std::int64_t high = std::numeric_limits<std::int64_t>::min();
    if (rows.is_range()) {
        const std::int64_t* const from = times + rows.first();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            low = from[i] < low ? from[i] : low;
            high = from[i] > high ? from[i] : high;
        }
    } else {
        for (const std::uint16_t row : rows.rows()) {
            low = std::min(low, times[row]);
            high = std::max(high, times[row]);
        }
    }
    return high < current_.end && low >= saturating_sub(current_.end, width_);
}

void RowSlicer::assign(const std::int64_t* times, Selection rows) {
    std::int64_t end = current_.end;
    std::int64_t start = saturating_sub(end, width_);
    bool is_mixed = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t time = times[rows[i]];
        if (time < start || time >= end) {
            is_mixed |= i != 0;
            end = spec_.slice_end(time);
            start = saturating_sub(end, width_);
        }
        ids_[i] = {end, 0};
    }
    current_ = ids_[rows.size() - 1];
    if (is_mixed) {
        partition(rows);
    } else {
        parts_.push_back({current_, rows});
    }
}

void RowSlicer::assign(const BatchView& view, Selection rows) {
    const auto* const ends = view[spec_.end_column].data<std::int64_t>();
    const auto* const starts =
        is_attached_ ? view[spec_.start_column].data<std::int64_t>() : nullptr;
    const SliceId first{ends[rows[0]], starts == nullptr ? 0 : starts[rows[0]]};
    std::int64_t difference = 0;
    rows.for_each([&](std::size_t row) { difference |= ends[row] ^ first.end; });
    if (starts != nullptr)
        rows.for_each([&](std::size_t row) { difference |= starts[row] ^ first.start; });
    if (difference == 0) {
        parts_.push_back({first, rows});
        return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i)
        ids_[i] = {ends[rows[i]], starts == nullptr ? 0 : starts[rows[i]]};
    partition(rows);
}

void RowSlicer::add_part(SliceId id, std::size_t from, std::size_t count) {
    parts_.push_back({id, Selection::list(std::span(sorted_).subspan(from, count))});
}

// One pass for each slice there is, while they are few.
void RowSlicer::partition(Selection rows) {
    sorted_.clear();
    sorted_.reserve(kBatchRows);  // The parts borrow from it.
    left_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        left_[i] = static_cast<std::uint16_t>(i);
    while (!left_.empty() && parts_.size() < kSearchedMax) {
        const SliceId id = ids_[left_[0]];
        const std::size_t from = sorted_.size();
        std::size_t kept = 0;
        for (const std::uint16_t index : left_) {
            if (ids_[index] == id) {
                sorted_.push_back(static_cast<std::uint16_t>(rows[index]));
            } else {
                left_[kept++] = index;
            }
        }
        left_.resize(kept);
        add_part(id, from, sorted_.size() - from);
    }
    if (left_.empty()) return;
    std::stable_sort(left_.begin(), left_.end(), [this](std::uint16_t a, std::uint16_t b) {
        return ids_[a] < ids_[b];
    });
    const std::size_t first = sorted_.size();
    for (const std::uint16_t index : left_)
        sorted_.push_back(static_cast<std::uint16_t>(rows[index]));
    partition_sorted(first);
}

// Cuts sorted_ from `first` on, whose rows are those of left_, where the slice changes.
void RowSlicer::partition_sorted(std::size_t first) {
    std::size_t from = 0;
    for (std::size_t i = 1; i <= left_.size(); ++i) {
        if (i < left_.size() && ids_[left_[i]] == ids_[left_[from]]) continue;
        add_part(ids_[left_[from]], first + from, i - from);
        from = i;
    }
}

}  // namespace thalweg
