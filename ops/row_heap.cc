#include "ops/row_heap.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <bit>
#include <new>

namespace thalweg {

RowHeap::Class RowHeap::class_of(std::size_t bytes) noexcept {
    bytes = std::max(bytes, kStep);
    if (bytes <= kSmallMax) {
        const std::size_t steps = (bytes + kStep - 1) / kStep;
        return {steps - 1, steps * kStep};
    }
    // 2^power < bytes <= 2^(power + 1), in quarters of 2^power.
    const auto power = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
    const std::size_t quarter = (std::size_t{1} << power) / 4;
    const std::size_t quarters = (bytes + quarter - 1) / quarter;  // 5 to 8.
    constexpr std::size_t kFirstPower = 9;
    return {kSmallClasses + (power - kFirstPower) * 4 + (quarters - 5), quarters * quarter};
}

std::byte* RowHeap::take(std::size_t bytes) {
    const Class wanted = class_of(bytes);
    ASSERT(wanted.index < kClasses);
    ++taken_;
    Free*& first = free_[wanted.index];
    if (first == nullptr) return reinterpret_cast<std::byte*>(arena_.allocate(wanted.bytes, kStep));
    auto* const piece = reinterpret_cast<std::byte*>(first);
    first = first->next;
    return piece;
}

void RowHeap::give_back(std::byte* piece, std::size_t bytes) noexcept {
    DEBUG_ASSERT(taken_ > 0);
    if (--taken_ == 0) {
        free_.fill(nullptr);
        arena_.reset();
        return;
    }
    Free*& first = free_[class_of(bytes).index];
    first = new (piece) Free{first};
}

}  // namespace thalweg
