#include "ops/row_slicer.h"

#include <algorithm>

namespace thalweg {

namespace {

// From this many slices in one batch on that come again, runs are sorted rather than their slices
// searched for.
constexpr std::size_t kSearchedMax = 16;

// Rows of a run looked at one by one before vectors are: where slices take turns runs are short.
constexpr std::size_t kScalarRows = 4;

// As find_outside(), of selected rows [from, rows.size()); gives the index past the run.
std::size_t end_of_run(const std::int64_t* times,
                       Selection rows,
                       std::size_t from,
                       std::int64_t low,
                       std::int64_t end) {
    const auto is_inside = [&](std::size_t i) {
        const std::int64_t time = times[rows[i]];
        return time >= low && time < end;
    };
    std::size_t at = from + 1;
    const std::size_t scalar_end =
        rows.is_range() ? std::min(rows.size(), from + kScalarRows) : rows.size();
    while (at < scalar_end && is_inside(at))
        ++at;
    if (at < scalar_end || at == rows.size()) return at;
    return at + find_outside({times + rows.first() + at, rows.size() - at}, low, end);
}

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
    runs_.clear();
    if (is_attached_) {
        find_attached_runs(view, rows);
    } else if (has_slices_) {
        find_runs(view[spec_.end_column].data<std::int64_t>(), rows);
    } else {
        const Column& column = view[spec_.start_column];
        const std::int64_t* const times = local_.convert(column.data<std::int64_t>(), rows);
        if (is_one_slice(column, times, rows)) {
            parts_.push_back({current_, rows});
            return parts_;
        }
        find_runs(times, rows);
    }
    make_parts(rows);
    return parts_;
}

std::int64_t RowSlicer::slice_end(std::int64_t time) const noexcept {
    if (has_slices_) return time;
    // The next slice is the one that most rows go on to.
    const bool is_next = current_.end >= 0 && time >= current_.end && time - current_.end < width_;
    if (is_next) return saturating_add(current_.end, width_);
    return spec_.slice_end(time, width_);
}

bool RowSlicer::is_current(ValueRange times) const noexcept {
    return times.high < current_.end && times.low >= saturating_sub(current_.end, width_);
}

bool RowSlicer::is_one_slice(const Column& column,
                             const std::int64_t* times,
                             Selection rows) const noexcept {
    const bool is_local = times != column.data<std::int64_t>();
    const ValueRange* const known = is_local ? nullptr : column.known_range();
    if (known != nullptr && is_current(*known)) return true;
    if (rows.is_range()) return is_current(range_of({times + rows.first(), rows.size()}));
    ValueRange range;
    for (const std::uint16_t row : rows.rows())
        range = range.with({times[row], times[row]});
    return is_current(range);
}

// `times` are slice ends where rows carry them: then a slice is the one value.
void RowSlicer::find_runs(const std::int64_t* times, Selection rows) {
    for (std::size_t from = 0; from < rows.size();) {
        const std::int64_t first = times[rows[from]];
        current_.end = slice_end(first);
        const std::int64_t low = has_slices_ ? first : saturating_sub(current_.end, width_);
        const std::int64_t end = has_slices_ ? saturating_add(first, 1) : current_.end;
        const std::size_t run_end = end_of_run(times, rows, from, low, end);
        runs_.push_back({current_,
                         static_cast<std::uint32_t>(from),
                         static_cast<std::uint32_t>(run_end - from)});
        from = run_end;
    }
}

void RowSlicer::find_attached_runs(const BatchView& view, Selection rows) {
    const auto* const ends = view[spec_.end_column].data<std::int64_t>();
    const auto* const starts = view[spec_.start_column].data<std::int64_t>();
    const auto end_of_equal = [](const std::int64_t* values, Selection part, std::size_t from) {
        const std::int64_t value = values[part[from]];
        return end_of_run(values, part, from, value, saturating_add(value, 1));
    };
    for (std::size_t from = 0; from < rows.size();) {
        const SliceId id{ends[rows[from]], starts[rows[from]]};
        const std::size_t same_end = end_of_equal(ends, rows, from);
        const std::size_t run_end = end_of_equal(starts, rows.slice(0, same_end), from);
        runs_.push_back(
            {id, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(run_end - from)});
        from = run_end;
    }
}

void RowSlicer::make_parts(Selection rows) {
    const bool is_rising = std::adjacent_find(runs_.begin(), runs_.end(), [](auto& a, auto& b) {
                               return a.id >= b.id;
                           }) == runs_.end();
    if (is_rising) {
        for (const Run& run : runs_)
            parts_.push_back({run.id, rows.slice(run.from, run.count)});
    } else if (number_slices()) {
        gather_parts(rows);
    } else {
        sort_parts(rows);
    }
}

// A part for each slice there is, while they are few: the run before the last, and those before,
// are likeliest to be of the same slice.
bool RowSlicer::number_slices() {
    ends_.clear();
    for (Run& run : runs_) {
        std::size_t part = parts_.size();
        while (part > 0 && parts_[part - 1].id != run.id)
            --part;
        if (part == 0) {
            if (parts_.size() == kSearchedMax) {
                parts_.clear();
                return false;
            }
            parts_.push_back({run.id, {}});
            ends_.push_back(0);
            part = parts_.size();
        }
        run.part = static_cast<std::uint32_t>(part - 1);
        ends_[run.part] += run.count;
    }
    return true;
}

// From how many rows each part has to where each begins, and from there on to where it ends.
void RowSlicer::gather_parts(Selection rows) {
    std::uint32_t begin = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
        const std::uint32_t count = ends_[part];
        parts_[part].rows = Selection::list(std::span(listed_).subspan(begin, count));
        ends_[part] = begin;
        begin += count;
    }
    for (const Run& run : runs_) {
        add_rows(run, rows, ends_[run.part]);
        ends_[run.part] += run.count;
    }
}

void RowSlicer::sort_parts(Selection rows) {
    std::sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
        return a.id != b.id ? a.id < b.id : a.from < b.from;
    });
    std::size_t at = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        add_rows(runs_[i], rows, at);
        at += runs_[i].count;
        if (i + 1 < runs_.size() && runs_[i + 1].id == runs_[i].id) continue;
        parts_.push_back(
            {runs_[i].id, Selection::list(std::span(listed_).subspan(begin, at - begin))});
        begin = at;
    }
}

void RowSlicer::add_rows(const Run& run, Selection rows, std::size_t at) {
    for (std::size_t i = 0; i < run.count; ++i)
        listed_[at + i] = static_cast<std::uint16_t>(rows[run.from + i]);
}

}  // namespace thalweg
