#pragma once

#include "ops/record_pool.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

// Records in the order of their keys, equal keys in the order of arrival.
//
// Shape    Up to kFewMax pointers lie in the object itself: there may be millions of such. More are
//          a list of chunks of at most kChunkMax, split in halves when full: one chunk for nearly
//          every partition of a query, and 2,000 for a million rows, so that an insertion moves at
//          most 4 KiB and the list of chunks; they stay until the last record goes.
// Lifetime Borrows the records.
// Threads  One at a time.
class OrderedRecords {
  public:
    static constexpr std::size_t kFewMax = 3;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    // The last in the order. Not of none.
    [[nodiscard]] Record* back() const noexcept {
        return chunks_ == nullptr ? few_[size_ - 1] : chunks_->back().back();
    }

    [[nodiscard]] Record* front() const noexcept {
        return chunks_ == nullptr ? few_[0] : chunks_->front().front();
    }

    void insert(Record* record);

    // Takes out the first with this key and these values; nullptr: there is none.
    Record* take(std::span<const std::byte> key, std::span<const std::byte> row);

    // Takes out the last; of the first `count` all. Not more than there are.
    Record* take_back();
    void take_front(std::size_t count);

    // Calls visit(record) in order, as long as it returns true.
    template <class Visit>
    void for_each(const Visit& visit) const {
        if (chunks_ == nullptr) {
            for (std::size_t i = 0; i < size_; ++i) {
                if (!visit(few_[i])) return;
            }
            return;
        }
        for (const Chunk& chunk : *chunks_) {
            for (std::size_t i = 0; i < chunk.size(); ++i) {
                if (i + kAhead < chunk.size()) __builtin_prefetch(chunk[i + kAhead]);
                if (!visit(chunk[i])) return;
            }
        }
    }

    // The same from a place in the order on.
    template <class Visit>
    void for_each_from(std::span<const std::byte> key,
                       std::uint64_t arrival,
                       const Visit& visit) const {
        if (chunks_ == nullptr) {
            for (std::size_t at = place_of(key, arrival); at < size_; ++at) {
                if (!visit(few_[at])) return;
            }
            return;
        }
        const std::vector<Chunk>& chunks = *chunks_;
        std::size_t index = chunk_of(key, arrival);
        for (std::size_t at = place_in(index, key, arrival); index < chunks.size(); ++index) {
            for (; at < chunks[index].size(); ++at) {
                if (!visit(chunks[index][at])) return;
            }
            at = 0;
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

    // Fetches the last record, which the next call will read. Always inline, as the next two: g++
    // 12 drops calls of functions that only prefetch.
    [[gnu::always_inline]] void prefetch_back() const noexcept {
        if (chunks_ == nullptr && size_ != 0) __builtin_prefetch(few_[size_ - 1]);
    }

    // Fetch what leads to the records, and then the records, of which only the first are fetched
    // where there are many.
    [[gnu::always_inline]] void prefetch() const noexcept {
        if (chunks_ != nullptr) __builtin_prefetch(chunks_->data());
    }

    [[gnu::always_inline]] void prefetch_records() const noexcept {
        constexpr std::size_t kFetchedMax = 16;
        const Record* const* const records =
            chunks_ == nullptr ? few_.data() : chunks_->front().data();
        const std::size_t count = chunks_ == nullptr ? size_ : chunks_->front().size();
        for (std::size_t i = 0; i < std::min(count, kFetchedMax); ++i)
            __builtin_prefetch(records[i]);
    }

  private:
    using Chunk = std::vector<Record*>;

    static constexpr std::size_t kChunkMax = 512;
    static constexpr std::size_t kAhead = 4;  // Records between the prefetch of one and its visit.

    // The first chunk whose last record does not come before the key; the last chunk if there is
    // none such.
    [[nodiscard]] std::size_t chunk_of(std::span<const std::byte> key,
                                       std::uint64_t arrival) const noexcept;

    // The first record of a chunk that does not come before the key.
    [[nodiscard]] std::size_t place_in(std::size_t chunk,
                                       std::span<const std::byte> key,
                                       std::uint64_t arrival) const noexcept;

    // The first of few that does not come before the key.
    [[nodiscard]] std::size_t place_of(std::span<const std::byte> key,
                                       std::uint64_t arrival) const noexcept;

    void insert_among_few(Record* record);
    void insert_among_many(Record* record);
    Record* take_from_few(std::size_t at);

    std::size_t size_ = 0;
    std::array<Record*, kFewMax> few_{};          // Where there are no chunks.
    std::unique_ptr<std::vector<Chunk>> chunks_;  // None of them is empty, nor is the list.
};

}  // namespace thalweg
