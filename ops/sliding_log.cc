#include "ops/sliding_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {

// Where the next record goes; there is room up to the end of its chunk.
std::byte* SlidingLog::make_room() {
    const std::size_t place = (first_ + size_) % kBatchRows;
    if (first_ + size_ == chunks_.size() * kBatchRows) {
        if (spare_ == nullptr)
            spare_ = std::make_unique_for_overwrite<std::byte[]>(kBatchRows * stride_);
        chunks_.push_back(std::move(spare_));
    }
    return chunks_.back().get() + place * stride_;
}

void SlidingLog::append(Run run, std::uint32_t slot) {
    while (run.count != 0) {
        std::byte* target = make_room();
        const std::size_t room = kBatchRows - (first_ + size_) % kBatchRows;
        const std::size_t count = std::min(run.count, room);
        std::memcpy(target, run.first, count * stride_);
        for (std::size_t i = 0; i < count; ++i, target += stride_)
            std::memcpy(target + offsetof(Record, slot), &slot, sizeof slot);
        run = {run.first + count * stride_, run.count - count};
        size_ += count;
    }
}

void SlidingLog::append(Record record, const std::byte* payload) {
    std::byte* const target = make_room();
    std::memcpy(target, &record, sizeof record);
    std::memcpy(target + sizeof record, payload, stride_ - sizeof record);
    ++size_;
}

SlidingLog::Run SlidingLog::front(std::size_t count_max) const noexcept {
    if (size_ == 0) return {};
    return {chunks_.front().get() + first_ * stride_,
            std::min({count_max, size_, kBatchRows - first_})};
}

void SlidingLog::pop(std::size_t count) {
    DEBUG_ASSERT(count <= size_);
    DEBUG_ASSERT(first_ + count <= kBatchRows);
    first_ += count;
    size_ -= count;
    if (first_ != kBatchRows && size_ != 0) return;
    spare_ = std::move(chunks_.front());
    chunks_.pop_front();
    first_ = 0;
}

}  // namespace thalweg
