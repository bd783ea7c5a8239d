#pragma once

#include "state/base/assertion.h"
#include "state/pages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace thalweg {

// A row that an operator keeps, as bytes: its place in an order, then its values.
//
//     | header: 24 | sort key (SortKeyWriter) | values (RowCodec) |
struct Record {
    std::uint64_t arrival = 0;  // Decides between equal keys: the earlier comes first.
    std::uint32_t key_bytes = 0;
    std::uint32_t row_bytes = 0;
    std::uint32_t owner = 0;  // The caller's: a partition.
    std::uint32_t mark = 0;   // The caller's.

    [[nodiscard]] std::span<const std::byte> key() const noexcept {
        return {reinterpret_cast<const std::byte*>(this + 1), key_bytes};
    }

    [[nodiscard]] std::span<const std::byte> row() const noexcept {
        return {reinterpret_cast<const std::byte*>(this + 1) + key_bytes, row_bytes};
    }
};

static_assert(sizeof(Record) == 24);

// Makes records and takes them back.
//
// Shape    Sizes are rounded up to multiples of 16 up to 1 KiB, to powers of two up to 32 KiB, and
//          cut from blocks of 64 KiB, from the first MiB on of 2 MiB, a huge page; what is given
//          back is kept for the next of its size. Larger ones have a block of their own, and give
//          it back.
// Memory   Never more than the most records of each size that there were at a time.
// Threads  One at a time.
class RecordPool {
  public:
    RecordPool() = default;
    RecordPool(const RecordPool&) = delete;
    RecordPool& operator=(const RecordPool&) = delete;

    ~RecordPool() {
        for (std::byte* const large : large_)
            ::operator delete(large);
    }

    [[nodiscard]] Record* make(std::span<const std::byte> key, std::span<const std::byte> row) {
        auto* const record = new (take(sizeof(Record) + key.size() + row.size())) Record;
        record->key_bytes = static_cast<std::uint32_t>(key.size());
        record->row_bytes = static_cast<std::uint32_t>(row.size());
        auto* const bytes = reinterpret_cast<std::byte*>(record + 1);
        if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
        if (!row.empty()) std::memcpy(bytes + key.size(), row.data(), row.size());
        return record;
    }

    void give_back(Record* record) {
        const std::size_t bytes = sizeof(Record) + record->key_bytes + record->row_bytes;
        auto* const memory = reinterpret_cast<std::byte*>(record);
        if (bytes > kSharedMax) {
            const auto found = std::find(large_.begin(), large_.end(), memory);
            ASSERT(found != large_.end());
            *found = large_.back();
            large_.pop_back();
            large_bytes_ -= bytes;
            ::operator delete(memory);
            return;
        }
        std::byte*& head = free_[class_of(bytes)];
        std::memcpy(memory, &head, sizeof head);
        head = memory;
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return block_bytes_ + large_bytes_; }

  private:
    static constexpr std::size_t kBlockBytes = 64 * 1024;
    static constexpr std::size_t kSmallBlocks = 16;
    static constexpr std::size_t kFineMax = 1024;
    static constexpr std::size_t kSharedMax = 32 * 1024;
    static constexpr std::size_t kFineClasses = kFineMax / 16 + 1;
    static constexpr std::size_t kClasses = kFineClasses + 5;  // 2, 4, 8, 16, 32 KiB.

    [[nodiscard]] static std::size_t class_of(std::size_t bytes) noexcept {
        if (bytes <= kFineMax) return (bytes + 15) / 16;
        const auto width = static_cast<std::size_t>(std::bit_width((bytes - 1) / kFineMax));
        return kFineClasses + width - 1;
    }

    [[nodiscard]] static std::size_t bytes_of(std::size_t size_class) noexcept {
        if (size_class < kFineClasses) return size_class * 16;
        return kFineMax << (size_class - kFineClasses + 1);
    }

    [[nodiscard]] std::byte* take(std::size_t bytes) {
        if (bytes > kSharedMax) {
            large_.push_back(static_cast<std::byte*>(::operator new(bytes)));
            large_bytes_ += bytes;
            return large_.back();
        }
        const std::size_t size_class = class_of(bytes);
        std::byte*& head = free_[size_class];
        if (head != nullptr) {
            std::byte* const memory = head;
            std::memcpy(&head, memory, sizeof head);
            return memory;
        }
        const std::size_t rounded = bytes_of(size_class);
        if (rounded > left_) {
            const bool are_many = block_bytes_ >= kBlockBytes * kSmallBlocks;
            blocks_.emplace_back().grow(are_many ? Pages::kHugePageBytes : kBlockBytes);
            left_ = blocks_.back().size();
            block_bytes_ += left_;
        }
        std::byte* const memory = blocks_.back().data() + (blocks_.back().size() - left_);
        left_ -= rounded;
        return memory;
    }

    std::vector<Pages> blocks_;
    std::size_t left_ = 0;  // Of the last block.
    std::size_t block_bytes_ = 0;
    std::array<std::byte*, kClasses> free_{};
    std::vector<std::byte*> large_;
    std::size_t large_bytes_ = 0;
};

}  // namespace thalweg
