#pragma once

#include "state/base/assertion.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg {

// Which rows of a batch are alive, in increasing order: a contiguous range, or a list of indexes.
// Borrows the list. Kernels take the dense loop for a range and the indexed one for a list.
class Selection {
  public:
    Selection() = default;

    // Rows first .. first + count - 1.
    [[nodiscard]] static Selection range(std::size_t first, std::size_t count) noexcept {
        Selection selection;
        selection.first_ = static_cast<std::uint32_t>(first);
        selection.count_ = static_cast<std::uint32_t>(count);
        return selection;
    }

    [[nodiscard]] static Selection all(std::size_t count) noexcept { return range(0, count); }

    [[nodiscard]] static Selection list(std::span<const std::uint16_t> rows) noexcept {
        Selection selection;
        selection.rows_ = rows.data();
        selection.count_ = static_cast<std::uint32_t>(rows.size());
        return selection;
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

    [[nodiscard]] bool is_range() const noexcept { return rows_ == nullptr; }

    // Of a range only.
    [[nodiscard]] std::size_t first() const noexcept {
        DEBUG_ASSERT(is_range());
        return first_;
    }

    // Of a list only.
    [[nodiscard]] std::span<const std::uint16_t> rows() const noexcept {
        DEBUG_ASSERT(!is_range());
        return {rows_, count_};
    }

    [[nodiscard]] std::size_t operator[](std::size_t index) const noexcept {
        DEBUG_ASSERT(index < count_);
        return is_range() ? first_ + index : rows_[index];
    }

    // Calls visit(row) for each row, with the choice of loop made once.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (is_range()) {
            for (std::size_t row = first_; row < std::size_t{first_} + count_; ++row)
                visit(row);
        } else {
            for (std::size_t i = 0; i < count_; ++i)
                visit(std::size_t{rows_[i]});
        }
    }

    // The part from the `from`-th selected row on, `count` of them.
    [[nodiscard]] Selection slice(std::size_t from, std::size_t count) const noexcept {
        DEBUG_ASSERT(from + count <= count_);
        if (is_range()) return range(first_ + from, count);
        return list({rows_ + from, count});
    }

  private:
    const std::uint16_t* rows_ = nullptr;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace thalweg
