#include "ops/sliding_slices.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace thalweg {

SlidingSlices::SlidingSlices(std::size_t payload_bytes)
    : stride_(sizeof(Entry) + payload_bytes),
      next_blocks_(1),
      block_slots_(1),
      used_blocks_(1),
      slices_(1) {
    ASSERT(payload_bytes % 8 == 0);
}

std::size_t SlidingSlices::rank_of(std::int64_t end) const noexcept {
    const auto first = order_.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto at = std::lower_bound(
        first, order_.end(), end, [this](std::uint32_t slot, std::int64_t instant) {
            return slices_[slot].end < instant;
        });
    return static_cast<std::size_t>(at - first);
}

std::uint32_t SlidingSlices::insert(std::size_t index,
                                    std::int64_t end,
                                    std::int64_t last_window_end) {
    DEBUG_ASSERT(index <= count());
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slices_.size()));
        slices_.emplace_back();
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    slices_[slot] = {end, last_window_end, 0, 0, 0};
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(first_ + index), slot);
    return slot;
}

void SlidingSlices::drop_first() {
    const std::uint32_t slot = slot_at(0);
    const Slice& slice = slices_[slot];
    if (slice.size != 0) {
        blocks_in_use_ -= (slice.size + kBlockEntries - 1) / kBlockEntries;
        for (std::uint32_t block = slice.first_block; block != 0; block = next_blocks_[block])
            used_blocks_[block / 64] &= ~(std::uint64_t{1} << (block % 64));
        next_blocks_[slice.last_block] = free_block_;
        free_block_ = slice.first_block;
    }
    free_slots_.push_back(slot);
    ++first_;
    constexpr std::size_t kGapMax = 256;  // Then half of the list at most is a gap.
    if (first_ < kGapMax || first_ * 2 < order_.size()) return;
    order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
}

// Makes room for the next eight entries of a slice.
void SlidingSlices::add_block(std::uint32_t slot) {
    std::uint32_t block = free_block_;
    if (block != 0) {
        free_block_ = next_blocks_[block];
        if (is_frozen()) keep(block * kBlockEntries);
    } else {
        block = block_count_++;
        const std::size_t bytes = std::size_t{block_count_} * kBlockEntries * stride_;
        if (bytes > pages_.size()) pages_.grow(std::max(bytes, pages_.size() * 2));
        next_blocks_.push_back(0);
        block_slots_.push_back(0);
        if (block % 64 == 0) used_blocks_.push_back(0);
    }
    ++blocks_in_use_;
    used_blocks_[block / 64] |= std::uint64_t{1} << (block % 64);
    block_slots_[block] = slot;
    next_blocks_[block] = 0;
    Slice& slice = slices_[slot];
    if (slice.size == 0) {
        slice.first_block = block;
    } else {
        next_blocks_[slice.last_block] = block;
    }
    slice.last_block = block;
}

void SlidingSlices::freeze(std::vector<Frozen> frozen, SlidingLog& log) {
    ASSERT(!is_frozen());
    log_ = &log;
    frozen_ = std::move(frozen);
    next_word_ = 0;
    kept_.resize(used_blocks_.size());
    for (std::size_t i = 0; i < kept_.size(); ++i)
        kept_[i] = ~used_blocks_[i];
}

void SlidingSlices::keep_block(std::uint32_t block) {
    kept_[block / 64] |= std::uint64_t{1} << (block % 64);
    const std::uint32_t slot = block_slots_[block];
    const Frozen& slice = frozen_[slot];
    if (slice.size == 0) return;
    const std::uint32_t last = (slice.size - 1) % kBlockEntries + 1;
    const std::uint32_t count = block == slice.last_block ? last : kBlockEntries;
    log_->append({pages_.data() + std::size_t{block} * kBlockEntries * stride_, count}, slot);
}

bool SlidingSlices::keep_some(std::size_t records) {
    for (; next_word_ < kept_.size(); ++next_word_) {
        while (~kept_[next_word_] != 0) {
            if (log_->size() >= records) return true;
            const int bit = std::countr_one(kept_[next_word_]);
            keep_block(static_cast<std::uint32_t>(next_word_) * 64 +
                       static_cast<std::uint32_t>(bit));
        }
    }
    return false;
}

std::size_t SlidingSlices::memory_bytes() const noexcept {
    return pages_.memory_bytes(std::size_t{block_count_} * kBlockEntries * stride_) +
           (next_blocks_.capacity() + block_slots_.capacity() + order_.capacity() +
            free_slots_.capacity()) *
               sizeof(std::uint32_t) +
           (used_blocks_.capacity() + kept_.capacity()) * sizeof(std::uint64_t) +
           slices_.capacity() * sizeof(Slice) + frozen_.capacity() * sizeof(Frozen);
}

}  // namespace thalweg
