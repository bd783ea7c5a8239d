#include "ops/sliding_sums.h"

#include "ops/aggregate/state_update.h"

#include <algorithm>

namespace thalweg {

using Slice = SlidingSlices::Slice;

namespace {

// Whether it makes no difference in which order states are merged.
bool is_exact(const AggregateLayout& layout) {
    return std::none_of(
        layout.calls().begin(), layout.calls().end(), [](const BoundAggregate& bound) {
            switch (bound.call.kind) {
                case AggregateKind::kSum:
                case AggregateKind::kAvg: {
                    const Physical physical = bound.call.argument_type.physical();
                    return physical == Physical::kFloat || physical == Physical::kDouble;
                }
                case AggregateKind::kVarPop:
                case AggregateKind::kVarSamp:
                case AggregateKind::kStddevPop:
                case AggregateKind::kStddevSamp: return true;
                default: return false;
            }
        });
}

}  // namespace

SlidingSums::SlidingSums(const WindowSpec& spec,
                         const AggregateLayout& layout,
                         SlidingGroups& groups)
    : spec_(spec),
      layout_(&layout),
      groups_(&groups),
      slices_(layout.payload_bytes()),
      is_exact_(is_exact(layout)),
      has_gaps_(spec.kind == WindowKind::kHop && spec.slide_ns != spec.slice_ns()) {}

// Without a division where each slice begins a window.
std::int64_t SlidingSums::last_window_end(std::int64_t slice_end) const noexcept {
    if (spec_.kind == WindowKind::kHop && !has_gaps_)
        return saturating_add(saturating_sub(slice_end, spec_.slide_ns), spec_.size_ns);
    return spec_.last_window_end(slice_end);
}

SlidingSums::Place SlidingSums::place_of(std::int64_t slice_end, Watermark watermark) {
    if (open_slot_ == 0 || slices_.slice(open_slot_).end != slice_end) {
        const std::int64_t last = last_window_end(slice_end);
        if (has_gaps_ && spec_.first_window_end(slice_end) > last) return Place::kNoWindow;
        if (watermark.passes(last)) return Place::kLate;
        if (spec_.kind == WindowKind::kCumulate) {
            if (slice_end <= last_end_ && is_running_ && last == running_last_)
                return Place::kTaken;
        } else if (slice_end <= last_end_) {
            return Place::kTaken;
        }
        std::size_t index = slices_.count();
        if (index > taken_count_ && slices_.at(index - 1).end >= slice_end)
            index = std::max(taken_count_, slices_.rank_of(slice_end));
        const bool is_there = index < slices_.count() && slices_.at(index).end == slice_end;
        open_slot_ = is_there ? slices_.slot_at(index) : slices_.insert(index, slice_end, last);
        return Place::kOpen;
    }
    return watermark.passes(slices_.slice(open_slot_).last_window_end) ? Place::kLate
                                                                       : Place::kOpen;
}

void SlidingSums::locate(std::span<const std::uint32_t> groups,
                         Selection rows,
                         std::uint32_t* entries) {
    const std::uint32_t slot = open_slot_;
    SlidingGroups& all = *groups_;
    std::size_t i = 0;
    rows.for_each([&](std::size_t row) {
        const SlidingGroup& group = all[groups[row]];
        entries[i++] = group.newest_slice == slot ? group.newest : add_entry(slot, groups[row]);
    });
}

// The entry of a group in a slice of the back, or an open one; made if there is none.
std::uint32_t SlidingSums::add_entry(std::uint32_t slot, std::uint32_t id) {
    SlidingGroup& group = (*groups_)[id];
    const std::int64_t end = slices_.slice(slot).end;
    if (group.chain_count == 0 || slices_.slice(group.newest_slice).end < end) {
        group.newest = slices_.append(slot, id, group.newest);
        group.newest_slice = slot;
        ++group.chain_count;
        return group.newest;
    }
    std::uint32_t newer = group.newest;
    if (slices_.end_of(newer) == end) return newer;
    std::uint32_t next = SlidingSlices::kNone;
    for (std::uint32_t left = group.chain_count - 1; left != 0; --left) {
        next = slices_.entry(newer).link;
        const std::int64_t next_end = slices_.end_of(next);
        if (next_end == end) return next;
        if (next_end < end) break;
        newer = next;
        next = SlidingSlices::kNone;
    }
    const std::uint32_t made = slices_.append(slot, id, next);
    slices_.entry(newer).link = made;
    ++group.chain_count;
    return made;
}

std::span<std::byte* const> SlidingSums::find_late(std::uint32_t id, std::int64_t slice_end) {
    late_entries_.clear();
    late_states_.clear();
    SlidingGroup& group = (*groups_)[id];
    touch(group, id);
    if (spec_.kind == WindowKind::kCumulate) {
        if (group.back_count == 0) running_.push_back(id);
        group.back_count = 1;
        late_states_.push_back(group.back_sum());
        return late_states_;
    }
    if (slice_end <= front_end_) {
        find_late_front(id, slice_end);
    } else {
        find_late_back(id, slice_end);
    }
    for (const std::uint32_t entry : late_entries_)
        late_states_.push_back(slices_.payload(entry));
    return late_states_;
}

// The slot of a taken slice, made if no row has been in it.
std::uint32_t SlidingSums::late_slot(std::int64_t slice_end) {
    const std::size_t index = slices_.rank_of(slice_end);
    if (index < slices_.count() && slices_.at(index).end == slice_end)
        return slices_.slot_at(index);
    ++taken_count_;
    if (slice_end <= front_end_) ++front_count_;
    return slices_.insert(index, slice_end, last_window_end(slice_end));
}

void SlidingSums::find_late_front(std::uint32_t id, std::int64_t slice_end) {
    SlidingGroup& group = (*groups_)[id];
    std::uint32_t older = SlidingSlices::kNone;
    std::uint32_t next = group.front;
    while (next != SlidingSlices::kNone && slices_.end_of(next) <= slice_end) {
        late_entries_.push_back(next);
        older = next;
        next = slices_.entry(next).link;
    }
    if (older != SlidingSlices::kNone && slices_.end_of(older) == slice_end) return;
    const std::uint32_t made = slices_.append(late_slot(slice_end), id, next);
    late_entries_.push_back(made);
    if (next != SlidingSlices::kNone)
        copy_words(slices_.payload(made), slices_.payload(next), layout_->payload_bytes());
    if (older != SlidingSlices::kNone) {
        slices_.entry(older).link = made;
    } else {
        group.front = made;
    }
}

void SlidingSums::find_late_back(std::uint32_t id, std::int64_t slice_end) {
    SlidingGroup& group = (*groups_)[id];
    const std::uint32_t before = group.chain_count;
    late_entries_.push_back(add_entry(late_slot(slice_end), id));
    group.back_count += group.chain_count - before;
    late_states_.push_back(group.back_sum());
}

std::optional<std::int64_t> SlidingSums::next_end(Watermark watermark) const {
    const std::int64_t passed = saturating_add(watermark.nanos, kNanosPerMilli);
    const std::int64_t after = std::max(last_end_, passed);
    std::optional<std::int64_t> best;
    const bool is_cumulate = spec_.kind == WindowKind::kCumulate;
    if (is_cumulate ? is_running_ : taken_count_ != 0) {
        // The newest of the slices that were taken has the last windows.
        const std::int64_t last =
            is_cumulate ? running_last_ : slices_.at(taken_count_ - 1).last_window_end;
        if (last > after) {
            const bool is_next = after == last_end_ && !is_cumulate;
            const std::int64_t end = is_next ? saturating_add(after, spec_.slide_ns)
                                             : spec_.first_window_end_after(after);
            if (end <= last) best = end;
        }
    }
    for (std::size_t i = taken_count_; i < slices_.count(); ++i) {
        const Slice& slice = slices_.at(i);
        if (best && slice.end >= *best) break;
        std::int64_t end = has_gaps_ ? spec_.first_window_end(slice.end) : slice.end;
        if (end <= after) end = spec_.first_window_end_after(after);
        if (end > slice.last_window_end) continue;
        if (!best || end < *best) best = end;
        break;  // Newer slices have no earlier windows.
    }
    return best;
}

void SlidingSums::take_window(std::int64_t window_end) {
    last_end_ = window_end;
    open_slot_ = 0;
    if (spec_.kind == WindowKind::kCumulate) {
        take_cumulate(window_end);
    } else {
        take_hop(window_end);
    }
}

void SlidingSums::take_cumulate(std::int64_t window_end) {
    const std::int64_t last = spec_.last_window_end(window_end);
    if (is_running_ && running_last_ != last) clear_running();
    is_running_ = true;
    running_last_ = last;
    while (slices_.count() != 0 && slices_.at(0).end <= window_end) {
        const Slice& slice = slices_.at(0);
        if (slice.last_window_end == last) {
            add_to_back(slice, false);
        } else {
            leave_back(slice, false);
        }
        slices_.drop_first();
    }
}

void SlidingSums::clear_running() {
    for (const std::uint32_t id : running_) {
        SlidingGroup& group = (*groups_)[id];
        clear_back_sum(group);
        group.back_count = 0;
        touch(group, id);
    }
    running_.clear();
}

// The last multiple of the size, from the offset, at or before `window_end`.
std::int64_t SlidingSums::boundary_before(std::int64_t window_end) const noexcept {
    const std::int64_t count =
        floor_div(saturating_sub(window_end, spec_.offset_ns), spec_.size_ns);
    std::int64_t boundary = 0;
    if (__builtin_mul_overflow(count, spec_.size_ns, &boundary)) return front_end_;
    return saturating_add(boundary, spec_.offset_ns);
}

void SlidingSums::take_hop(std::int64_t window_end) {
    evict(spec_.window_start(window_end));
    if (window_end >= next_turn_) {
        const std::int64_t boundary = boundary_before(window_end);
        if (boundary > front_end_) turn(boundary);
        next_turn_ = saturating_add(boundary, spec_.size_ns);
    }
    while (taken_count_ < slices_.count() && slices_.at(taken_count_).end <= window_end)
        add_to_back(slices_.at(taken_count_++), true);
}

// Drops slices that end at or before the start of the window.
void SlidingSums::evict(std::int64_t window_start) {
    while (slices_.count() != 0 && slices_.at(0).end <= window_start) {
        const Slice& slice = slices_.at(0);
        if (front_count_ != 0) {
            leave_front(slice);
            --front_count_;
            --taken_count_;
        } else {
            leave_back(slice, taken_count_ != 0);
            if (taken_count_ != 0) --taken_count_;
        }
        slices_.drop_first();
    }
}

void SlidingSums::leave_front(const Slice& slice) {
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            const SlidingSlices::Entry& each = slices_.entry(entry);
            SlidingGroup& group = (*groups_)[each.group];
            DEBUG_ASSERT(group.front == entry);
            group.front = each.link;
            touch(group, each.group);
        }
    });
}

// Of the back, or open. A slice only leaves the back right before a turn, and the rest of the back
// with it: the back sums are not needed any more.
void SlidingSums::leave_back(const Slice& slice, bool is_taken) {
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            const std::uint32_t id = slices_.entry(entry).group;
            SlidingGroup& group = (*groups_)[id];
            unchain(group);
            if (!is_taken) continue;
            --group.back_count;
            clear_back_sum(group);
            touch(group, id);
        }
    });
}

// Makes suffix sums of all slices that end at or before the boundary.
void SlidingSums::turn(std::int64_t boundary) {
    ASSERT(front_count_ == 0);
    front_end_ = boundary;
    while (front_count_ < slices_.count() && slices_.at(front_count_).end <= boundary)
        ++front_count_;
    ASSERT(front_count_ >= taken_count_);
    for (std::size_t index = front_count_; index > 0; --index)
        turn_slice(slices_.at(index - 1), index <= taken_count_);
    taken_count_ = front_count_;
}

void SlidingSums::turn_slice(const Slice& slice, bool is_taken) {
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            SlidingSlices::Entry& each = slices_.entry(entry);
            SlidingGroup& group = (*groups_)[each.group];
            unchain(group);
            if (is_taken && --group.back_count == 0) clear_back_sum(group);
            if (group.front != SlidingSlices::kNone)
                merge_later(slices_.payload(entry), slices_.payload(group.front));
            each.link = group.front;
            group.front = entry;
            if (!is_taken || !is_exact_) touch(group, each.group);
        }
    });
    merge_all();
}

void SlidingSums::add_to_back(const Slice& slice, bool stays) {
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            const std::uint32_t id = slices_.entry(entry).group;
            SlidingGroup& group = (*groups_)[id];
            merge_later(group.back_sum(), slices_.payload(entry));
            if (stays) {
                ++group.back_count;
            } else {
                unchain(group);
                if (group.back_count == 0) running_.push_back(id);
                group.back_count = 1;
            }
            touch(group, id);
        }
    });
    merge_all();
}

void SlidingSums::unchain(SlidingGroup& group) noexcept {
    DEBUG_ASSERT(group.chain_count != 0);
    if (--group.chain_count != 0) return;
    group.newest = SlidingSlices::kNone;
    group.newest_slice = 0;
}

void SlidingSums::clear_back_sum(SlidingGroup& group) noexcept {
    clear_words(group.back_sum(), layout_->payload_bytes());
}

// Of a slice whose groups come once each: merges wait for each other, but not for merge_all().
void SlidingSums::merge_later(std::byte* target, const std::byte* source) {
    targets_[merge_count_] = target;
    sources_[merge_count_] = source;
    if (++merge_count_ == kMergesMax) merge_all();
}

void SlidingSums::merge_all() {
    if (merge_count_ != 0) merge_groups(*layout_, targets_.data(), sources_.data(), merge_count_);
    merge_count_ = 0;
}

void SlidingSums::renumber(std::span<const std::uint32_t> new_ids) {
    for (std::size_t i = 0; i < slices_.count(); ++i) {
        slices_.for_each_run(slices_.at(i), [&](std::uint32_t first, std::uint32_t count) {
            for (std::uint32_t entry = first; entry < first + count; ++entry) {
                SlidingSlices::Entry& each = slices_.entry(entry);
                each.group = new_ids[each.group];
            }
        });
    }
    for (std::vector<std::uint32_t>* const ids : {&touched_, &running_}) {
        for (std::uint32_t& id : *ids)
            id = new_ids[id];
    }
}

std::size_t SlidingSums::memory_bytes() const noexcept {
    return slices_.memory_bytes() +
           (touched_.capacity() + running_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace thalweg
