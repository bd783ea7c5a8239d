#include "ops/sliding_sums.h"

#include "ops/aggregate/state_update.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace thalweg {

using Slice = SlidingSlices::Slice;

namespace {

constexpr std::string_view kTwice = "a group comes twice in a slice";

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

// The last instant at or before `limit` that is `origin` and a multiple of `step`; nothing: it is
// before all time.
std::optional<std::int64_t> align_down(std::int64_t limit,
                                       std::int64_t origin,
                                       std::int64_t step) noexcept {
    std::int64_t from_origin = 0;
    const std::int64_t count = floor_div(saturating_sub(limit, origin), step);
    if (__builtin_mul_overflow(count, step, &from_origin)) return std::nullopt;
    return saturating_add(from_origin, origin);
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
      has_gaps_(spec.kind == WindowKind::kHop && spec.slide_ns != spec.slice_ns()),
      kept_(slices_.stride()) {}

// Without a division where each slice begins a window.
std::int64_t SlidingSums::last_window_end(std::int64_t slice_end) const noexcept {
    if (spec_.kind == WindowKind::kHop && !has_gaps_)
        return saturating_add(saturating_sub(slice_end, spec_.slide_ns), spec_.size_ns);
    return spec_.last_window_end(slice_end);
}

SlidingSums::Place SlidingSums::place_of(std::int64_t slice_end, Watermark watermark) {
    if (open_slot_ == 0 || slices_.slice(open_slot_).end != slice_end) {
        const std::int64_t last = last_window_end(slice_end);
        const std::int64_t first = has_gaps_ ? spec_.first_window_end(slice_end) : slice_end;
        if (has_gaps_ && first > last) return Place::kNoWindow;
        if (watermark.passes(last)) return Place::kLate;
        if (watermark.passes(first)) catch_up(watermark);
        if (is_taken(slice_end, last)) return Place::kTaken;
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

bool SlidingSums::is_taken(std::int64_t slice_end, std::int64_t last) const noexcept {
    if (slice_end > last_end_) return false;
    return spec_.kind != WindowKind::kCumulate || (is_running_ && last == running_last_);
}

// Takes the windows that have passed without rows, before a row is late for one.
void SlidingSums::catch_up(Watermark watermark) {
    const std::optional<std::int64_t> end = last_end_passed(watermark);
    if (end && *end >= last_end_) take_window(*end);
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
    if (is_frozen()) keep_back_sum(id);
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
    if (is_frozen()) keep(late_entries_);
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
        if (is_frozen()) keep_back_sum(id);
        clear_back_sum(group);
        group.back_count = 0;
        touch(group, id);
    }
    running_.clear();
}

// The last multiple of the size, from the offset, at or before `window_end`.
std::int64_t SlidingSums::boundary_before(std::int64_t window_end) const noexcept {
    return align_down(window_end, spec_.offset_ns, spec_.size_ns).value_or(front_end_);
}

// The end of the last window that a watermark has passed; nothing: it is at the ends of time.
std::optional<std::int64_t> SlidingSums::last_end_passed(Watermark watermark) const noexcept {
    if (watermark == Watermark::min() || watermark.is_max()) return std::nullopt;
    const std::int64_t inside =
        spec_.kind == WindowKind::kHop ? floor_mod(spec_.size_ns, spec_.slide_ns) : 0;
    return align_down(saturating_add(watermark.nanos, kNanosPerMilli),
                      saturating_add(spec_.offset_ns, inside),
                      spec_.slide_ns);
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
    if (is_frozen() && is_taken) keep_back_sums(slice);
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
    if (is_frozen()) {
        slices_.keep(slice);
        if (is_taken) keep_back_sums(slice);
    }
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
    if (is_frozen()) keep_back_sums(slice);
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

// Back sums that do not follow from the entries. In processing time nothing is late; before a turn
// they are not needed any more.
bool SlidingSums::saves_back_sums(Watermark watermark) const noexcept {
    if (spec_.kind == WindowKind::kCumulate) return !watermark.passes(running_last_);
    if (is_exact_ || !spec_.is_event_time || front_count_ == taken_count_) return false;
    const std::int64_t next = saturating_add(last_end_, spec_.slide_ns);
    if (next >= saturating_add(front_end_, spec_.size_ns)) return false;
    return !watermark.passes(slices_.at(front_count_).last_window_end);
}

void SlidingSums::freeze(Watermark watermark) {
    std::vector<SlidingSlices::Frozen> frozen(slices_.slot_count());
    for (std::size_t i = 0; i < slices_.count(); ++i) {
        const Slice& slice = slices_.at(i);
        if (watermark.passes(slice.last_window_end)) continue;
        frozen[slices_.slot_at(i)] = {slice.end, slice.last_block, slice.size, i < front_count_};
    }
    slices_.freeze(std::move(frozen), kept_);
    frozen_end_ = spec_.kind == WindowKind::kCumulate ? running_last_ : last_end_;
    next_sum_word_ = 0;
    unkept_sums_.clear();
    if (!saves_back_sums(watermark)) return;
    unkept_sums_.resize(groups_->size() / 64 + 1, ~std::uint64_t{0});
    unkept_sums_.back() = (std::uint64_t{1} << (groups_->size() % 64)) - 1;
}

void SlidingSums::keep(std::span<const std::uint32_t> entries) {
    for (const std::uint32_t entry : entries)
        slices_.keep(entry);
}

bool SlidingSums::keep_some(std::size_t records) {
    if (slices_.keep_some(records)) return true;
    constexpr std::size_t kGroupsPerRecord = 16;  // Looked at; most may have nothing to keep.
    for (std::size_t words = records * kGroupsPerRecord / 64 + 1; words != 0; --words) {
        if (next_sum_word_ == unkept_sums_.size()) return false;
        while (unkept_sums_[next_sum_word_] != 0) {
            if (kept_.size() >= records) return true;
            const int bit = std::countr_zero(unkept_sums_[next_sum_word_]);
            keep_back_sum(static_cast<std::uint32_t>(next_sum_word_ * 64) +
                          static_cast<std::uint32_t>(bit));
        }
        ++next_sum_word_;
    }
    return next_sum_word_ != unkept_sums_.size();
}

void SlidingSums::keep_back_sums(const Slice& slice) {
    if (unkept_sums_.empty()) return;
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry)
            keep_back_sum(slices_.entry(entry).group);
    });
}

// Before the back sum of a group or its count changes.
void SlidingSums::keep_back_sum(std::uint32_t id) {
    if (id / 64 >= unkept_sums_.size()) return;
    std::uint64_t& word = unkept_sums_[id / 64];
    const std::uint64_t bit = std::uint64_t{1} << (id % 64);
    if ((word & bit) == 0) return;
    word &= ~bit;
    SlidingGroup& group = (*groups_)[id];
    const std::uint32_t least = spec_.kind == WindowKind::kCumulate ? 1 : 2;
    if (group.back_count >= least) kept_.append({id, 0}, group.back_sum());
}

SlidingSums::Origin SlidingSums::origin_of(SlidingLog::Record record) const noexcept {
    if (record.slot == 0) return {frozen_end_, Part::kBackSum};
    const SlidingSlices::Frozen& slice = slices_.frozen()[record.slot];
    return {slice.end, slice.is_front ? Part::kFront : Part::kSlice};
}

// Where sums of times saturate slices are not where they would be.
bool SlidingSums::is_near_the_ends(std::int64_t end) const noexcept {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t offset = std::max(spec_.offset_ns, saturating_sub(0, spec_.offset_ns));
    std::int64_t margin = saturating_add(saturating_add(spec_.size_ns, spec_.slide_ns), offset);
    margin = saturating_add(margin, margin);
    return end <= saturating_add(Limits::min(), margin) ||
           end >= saturating_sub(Limits::max(), margin);
}

bool SlidingSums::may_be(const Origin& origin, Watermark watermark) const {
    if (is_near_the_ends(origin.end)) return true;
    const bool is_hop = spec_.kind == WindowKind::kHop;
    const std::optional<std::int64_t> taken = last_end_passed(watermark);
    if (origin.part == Part::kBackSum) {
        if (!taken) return false;
        if (is_hop) return !is_exact_ && origin.end == *taken;
        return !watermark.passes(origin.end) && origin.end == spec_.last_window_end(*taken);
    }
    const std::int64_t last = last_window_end(origin.end);
    if (spec_.slice_end(origin.end - 1) != origin.end || watermark.passes(last)) return false;
    if (has_gaps_ && spec_.first_window_end(origin.end) > last) return false;
    const bool is_front = is_hop && taken && origin.end <= boundary_before(*taken);
    return is_front == (origin.part == Part::kFront);
}

void SlidingSums::load(std::uint32_t id, const Origin& origin, const std::byte* payload) {
    const std::size_t bytes = layout_->payload_bytes();
    if (origin.part == Part::kBackSum) {
        loaded_ids_.push_back(id);
        loaded_ends_.push_back(origin.end);
        loaded_end_max_ = std::max(loaded_end_max_, origin.end);
        loaded_sums_.resize(loaded_sums_.size() + bytes / 8);
        auto* const end = reinterpret_cast<std::byte*>(loaded_sums_.data() + loaded_sums_.size());
        copy_words(end - bytes, payload, bytes);
        return;
    }
    if (loaded_slot_ == 0 || slices_.slice(loaded_slot_).end != origin.end) {
        const std::size_t index = slices_.rank_of(origin.end);
        const bool is_there = index < slices_.count() && slices_.at(index).end == origin.end;
        loaded_slot_ = is_there ? slices_.slot_at(index)
                                : slices_.insert(index, origin.end, last_window_end(origin.end));
    }
    const std::uint32_t has_suffix = origin.part == Part::kFront ? 1 : 0;  // For link_front().
    const std::uint32_t entry = slices_.append(loaded_slot_, id, has_suffix);
    copy_words(slices_.payload(entry), payload, bytes);
}

void SlidingSums::resume(Watermark watermark) {
    const std::optional<std::int64_t> taken = last_end_passed(watermark);
    if (!taken) return;
    last_end_ = *taken;
    if (spec_.kind == WindowKind::kCumulate) {
        running_last_ = spec_.last_window_end(last_end_);
        is_running_ = loaded_end_max_ == running_last_;
        return;
    }
    front_end_ = boundary_before(last_end_);
    front_count_ = slices_.rank_of(saturating_add(front_end_, 1));
    taken_count_ = slices_.rank_of(saturating_add(last_end_, 1));
}

std::string_view SlidingSums::link_loaded(Watermark watermark) {
    while (slices_.count() != 0 && watermark.passes(slices_.at(0).last_window_end))
        slices_.drop_first();
    resume(watermark);
    for (std::size_t i = front_count_; i > 0; --i)
        link_front(slices_.at(i - 1));
    for (std::size_t i = front_count_; i < slices_.count(); ++i)
        link_chain(slices_.slot_at(i));
    for (std::size_t i = front_count_; i < taken_count_; ++i)
        add_to_back(slices_.at(i), true);
    place_back_sums();
    for (std::uint32_t id = 0; id < groups_->size(); ++id) {
        SlidingGroup& group = (*groups_)[id];
        if (group.is_in_window()) touch(group, id);
    }
    loaded_slot_ = 0;
    return loaded_wrong_;
}

// Newer slices first. What was of the back by the clock of another instance (processing time) is
// turned now.
void SlidingSums::link_front(const Slice& slice) {
    slices_.for_each_run(slice, [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            SlidingSlices::Entry& each = slices_.entry(entry);
            SlidingGroup& group = (*groups_)[each.group];
            const bool has_suffix = each.link != 0;
            const bool is_first = group.front == SlidingSlices::kNone;
            if (!is_first && slices_.end_of(group.front) == slice.end) {
                loaded_wrong_ = kTwice;
            } else if (!is_first && !has_suffix) {
                merge_later(slices_.payload(entry), slices_.payload(group.front));
            }
            each.link = group.front;
            group.front = entry;
        }
    });
    merge_all();
}

// Older slices first.
void SlidingSums::link_chain(std::uint32_t slot) {
    slices_.for_each_run(slices_.slice(slot), [&](std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t entry = first; entry < first + count; ++entry) {
            SlidingSlices::Entry& each = slices_.entry(entry);
            SlidingGroup& group = (*groups_)[each.group];
            if (group.newest_slice == slot) loaded_wrong_ = kTwice;
            each.link = group.newest;
            group.newest = entry;
            group.newest_slice = slot;
            ++group.chain_count;
        }
    });
}

void SlidingSums::place_back_sums() {
    const bool is_cumulate = spec_.kind == WindowKind::kCumulate;
    const std::size_t bytes = layout_->payload_bytes();
    const auto* const sums = reinterpret_cast<const std::byte*>(loaded_sums_.data());
    for (std::size_t i = 0; i < loaded_ids_.size(); ++i) {
        SlidingGroup& group = (*groups_)[loaded_ids_[i]];
        if (is_cumulate && loaded_ends_[i] != running_last_) continue;  // Its windows are closed.
        if (is_cumulate ? group.back_count != 0 : group.back_count < 2) {
            loaded_wrong_ = is_cumulate ? kTwice : "a sum is of slices that are not there";
            continue;
        }
        copy_words(group.back_sum(), sums + i * bytes, bytes);
        if (!is_cumulate) continue;
        group.back_count = 1;
        running_.push_back(loaded_ids_[i]);
    }
    loaded_ids_ = {};
    loaded_ends_ = {};
    loaded_sums_ = {};
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
           (touched_.capacity() + running_.capacity() + loaded_ids_.capacity()) *
               sizeof(std::uint32_t) +
           (loaded_ends_.capacity() + loaded_sums_.capacity() + unkept_sums_.capacity()) *
               sizeof(std::uint64_t) +
           kept_.memory_bytes();
}

}  // namespace thalweg
