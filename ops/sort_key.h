#pragma once

#include "state/batch.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// One expression of an ORDER BY: a column of the operator's input.
struct SortItem {
    std::size_t column = 0;
    bool is_descending = false;
    bool nulls_first = true;  // Flink: NULL is the smallest value unless the query says otherwise.
};

// Rows to bytes whose order, by memcmp, is the order of an ORDER BY.
//
// Shape
//   For each item a byte that says whether it is NULL, then the value:
//     numbers   big endian, the sign turned so that negative ones come first; -0.0 is 0.0 and all
//               NaNs are one, above everything
//     strings   their bytes, 0 written as 0 255, and 0 0 at the end: a prefix comes first
//   of a descending item each byte of the value inverted. No key is a prefix of another.
// Lifetime  Keys are good until the next write().
// Threads   One at a time.
class SortKeyWriter {
  public:
    // Values of the columns can be compared: no lists, maps or rows.
    explicit SortKeyWriter(std::vector<SortItem> items) : items_(std::move(items)) {}

    // Encodes the rows of a view; key(i) is that of the i-th selected one.
    void write(const BatchView& view, Selection rows);

    [[nodiscard]] std::span<const std::byte> key(std::size_t i) const noexcept {
        return {bytes_.data() + starts_[i], starts_[i + 1] - starts_[i]};
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return bytes_.capacity() + (starts_.capacity() + cursors_.capacity()) * 4;
    }

  private:
    std::vector<SortItem> items_;
    std::vector<std::byte> bytes_;
    std::vector<std::uint32_t> starts_;  // Of each key, and the end of the last.
    std::vector<std::uint32_t> cursors_;
};

// The value of the first item of a key: an ascending column of 8-byte integers, not NULL.
[[nodiscard]] std::int64_t leading_integer(std::span<const std::byte> key) noexcept;

// The order of two keys of one writer.
[[nodiscard]] int compare_keys(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

}  // namespace thalweg
