#pragma once

#include "state/base/assertion.h"
#include "state/column.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace thalweg {

// Entries of a sliding window as they were at a barrier, waiting to be written: first in, first
// out.
//
// Shape     Records of equal strides as SlidingSlices has them, with the slot of their slice for a
//           link; in chunks of kBatchRows that are freed as they empty, all but one.
// Cost      Nothing is moved again: a call copies its records and allocates a chunk for each
//           kBatchRows of them.
// Threads   One at a time.
class SlidingLog {
  public:
    struct Record {
        std::uint32_t group;
        std::uint32_t slot;  // 0: a back sum.
    };

    // Records that lie one after the other.
    struct Run {
        const std::byte* first = nullptr;
        std::size_t count = 0;
    };

    explicit SlidingLog(std::size_t stride) : stride_(stride) {
        DEBUG_ASSERT(stride >= sizeof(Record));
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

    // Copies `run`; the records become those of `slot`.
    void append(Run run, std::uint32_t slot);

    // Copies one record and its payload.
    void append(Record record, const std::byte* payload);

    // The oldest records: `count_max` of them, or fewer where a chunk ends.
    [[nodiscard]] Run front(std::size_t count_max) const noexcept;

    // Forgets the oldest `count` records, at most those of front().
    void pop(std::size_t count);

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return (chunks_.size() + (spare_ ? 1 : 0)) * kBatchRows * stride_;
    }

  private:
    using Chunk = std::unique_ptr<std::byte[]>;

    [[nodiscard]] std::byte* make_room();

    std::size_t stride_;
    std::deque<Chunk> chunks_;
    std::size_t first_ = 0;  // Records of the first chunk that are gone.
    std::size_t size_ = 0;
    Chunk spare_;
};

}  // namespace thalweg
