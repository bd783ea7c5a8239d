#include "ops/window_combiner.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace thalweg {

// The first end after `after` of a window that holds the slice.
std::optional<std::int64_t> WindowCombiner::open_end(std::int64_t slice_end,
                                                     std::int64_t after) const {
    std::int64_t end = spec_.first_window_end(slice_end);
    if (end <= after) end = spec_.first_window_end_after(after);
    if (end > spec_.last_window_end(slice_end)) return std::nullopt;
    return end;
}

std::optional<std::int64_t> WindowCombiner::next_end(Watermark watermark) {
    const std::int64_t passed = saturating_add(watermark.nanos, kNanosPerMilli);
    const std::int64_t after = std::max(last_end_, passed);
    std::optional<std::int64_t> best;
    // Older slices have earlier windows: the first that has an open one decides for its list.
    const auto consider = [&](std::int64_t slice_end) {
        const std::optional<std::int64_t> end = open_end(slice_end, after);
        if (end && (!best || *end < *best)) best = end;
        return end.has_value();
    };
    if (running_ != nullptr) {
        const std::int64_t end = spec_.first_window_end_after(after);
        if (end <= running_last_) best = end;
    }
    for (std::size_t i = front_.size(); i > 0; --i) {
        if (consider(front_[i - 1].end)) break;
    }
    for (const Slice& slice : back_) {
        if (consider(slice.end)) break;
    }
    for (const auto& [id, table] : store_->slices()) {
        if (consider(id.end)) break;
    }
    return best;
}

const GroupTable& WindowCombiner::combine(std::int64_t window_end) {
    last_end_ = window_end;
    return spec_.kind == WindowKind::kCumulate ? combine_running(window_end)
                                               : combine_stacks(window_end);
}

const GroupTable& WindowCombiner::combine_running(std::int64_t window_end) {
    const std::int64_t last = spec_.last_window_end(window_end);
    if (running_ != nullptr && running_last_ != last) store_->give_back(std::move(running_));
    if (running_ == nullptr) running_ = store_->make();
    running_last_ = last;
    while (!store_->empty() && store_->first().end <= window_end) {
        const bool is_mine = spec_.last_window_end(store_->first().end) == last;
        std::unique_ptr<GroupTable> slice = store_->take_first();
        if (is_mine) running_->merge(*slice);
        store_->give_back(std::move(slice));
    }
    return *running_;
}

const GroupTable& WindowCombiner::combine_stacks(std::int64_t window_end) {
    const std::int64_t start = spec_.window_start(window_end);
    if (back_sum_ == nullptr) back_sum_ = store_->make();
    while (!store_->empty() && store_->first().end <= window_end) {
        const std::int64_t end = store_->first().end;
        std::unique_ptr<GroupTable> slice = store_->take_first();
        if (end <= start) {
            store_->give_back(std::move(slice));
            continue;
        }
        back_sum_->merge(*slice);
        back_.push_back({end, std::move(slice)});
    }
    evict(start, window_end);
    if (front_.empty()) return *back_sum_;
    if (back_.empty()) return front_.back().suffix();
    if (result_ == nullptr) result_ = store_->make();
    result_->clear();
    result_->merge(front_.back().suffix());
    result_->merge(*back_sum_);
    return *result_;
}

// Drops slices that end at or before the start of the window.
void WindowCombiner::evict(std::int64_t window_start, std::int64_t window_end) {
    while (!front_.empty() && front_.back().end <= window_start) {
        drop(front_.back());
        front_.pop_back();
    }
    if (!front_.empty() || back_.empty() || back_.front().end > window_start) return;
    std::size_t expired = 0;
    for (; expired < back_.size() && back_[expired].end <= window_start; ++expired)
        drop(back_[expired]);
    back_.erase(back_.begin(), std::next(back_.begin(), static_cast<std::ptrdiff_t>(expired)));
    turn(window_end);
}

void WindowCombiner::turn(std::int64_t window_end) {
    for (std::size_t i = back_.size(); i > 0; --i) {
        Slice& slice = back_[i - 1];
        if (!front_.empty()) {
            slice.sum = store_->make();
            slice.sum->merge(*slice.table);
            slice.sum->merge(front_.back().suffix());
        }
        front_.push_back(std::move(slice));
    }
    back_.clear();
    back_sum_->clear();
    front_end_ = window_end;
}

void WindowCombiner::drop(Slice& slice) {
    store_->give_back(std::move(slice.table));
    store_->give_back(std::move(slice.sum));
}

bool WindowCombiner::has_combined(std::int64_t slice_end) const {
    if (slice_end > last_end_) return false;
    if (spec_.kind == WindowKind::kCumulate)
        return running_ != nullptr && spec_.last_window_end(slice_end) == running_last_;
    return !front_.empty() || !back_.empty();
}

void WindowCombiner::find_late_tables(std::int64_t slice_end, std::vector<GroupTable*>& tables) {
    tables.clear();
    if (spec_.kind == WindowKind::kCumulate) {
        tables.push_back(running_.get());
        return;
    }
    if (slice_end > front_end_) {
        const auto at = std::lower_bound(
            back_.begin(), back_.end(), slice_end, [](const Slice& slice, std::int64_t end) {
                return slice.end < end;
            });
        const bool is_there = at != back_.end() && at->end == slice_end;
        Slice& slice = is_there ? *at : *back_.insert(at, Slice{slice_end, store_->make()});
        tables.push_back(slice.table.get());
        tables.push_back(back_sum_.get());
        return;
    }
    std::size_t index = 0;  // Of the first suffix that holds the slice.
    while (index < front_.size() && front_[index].end > slice_end)
        ++index;
    if (index == front_.size() || front_[index].end != slice_end) insert_late(index, slice_end);
    tables.push_back(front_[index].table.get());
    for (; index < front_.size(); ++index) {
        if (front_[index].sum != nullptr) tables.push_back(front_[index].sum.get());
    }
}

// A slice without rows at `index` of the front.
void WindowCombiner::insert_late(std::size_t index, std::int64_t slice_end) {
    Slice slice{slice_end, store_->make()};
    const auto sum_of = [this](const GroupTable& table) {
        std::unique_ptr<GroupTable> sum = store_->make();
        sum->merge(table);
        return sum;
    };
    if (index > 0) {
        slice.sum = sum_of(front_[index - 1].suffix());
    } else if (!front_.empty() && front_[0].sum == nullptr) {
        front_[0].sum = sum_of(*front_[0].table);  // No longer the newest.
    }
    front_.insert(std::next(front_.begin(), static_cast<std::ptrdiff_t>(index)), std::move(slice));
}

std::size_t WindowCombiner::memory_bytes() const {
    std::size_t total = 0;
    for (const std::vector<Slice>* const slices : {&front_, &back_}) {
        for (const Slice& slice : *slices)
            total += slice.table->memory_bytes() +
                     (slice.sum == nullptr ? 0 : slice.sum->memory_bytes());
    }
    for (const auto* const table : {running_.get(), back_sum_.get(), result_.get()})
        total += table == nullptr ? 0 : table->memory_bytes();
    return total;
}

}  // namespace thalweg
