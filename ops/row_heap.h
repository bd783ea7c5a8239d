#pragma once

#include "state/arena.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace thalweg {

// Memory for rows of any length that come and go one by one: an arena whose pieces are reused.
//
// Shape    Lengths are rounded up to one of some classes: steps of 16 bytes up to 512, then four
//          steps to each doubling, so that at most 15 bytes of a short row are lost, and a fifth
//          of a long one. What is given back waits in the list of its class for the next of that
//          class; when nothing is out any more, all of it goes.
// Lifetime Addresses stay, and are multiples of 16.
// Threads  One at a time.
class RowHeap {
  public:
    [[nodiscard]] std::byte* take(std::size_t bytes);

    // `bytes` as they were asked for.
    void give_back(std::byte* piece, std::size_t bytes) noexcept;

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return arena_.memory_bytes(); }

  private:
    static constexpr std::size_t kStep = 16;
    static constexpr std::size_t kSmallMax = 512;
    static constexpr std::size_t kSmallClasses = kSmallMax / kStep;
    static constexpr std::size_t kClasses = kSmallClasses + std::size_t{4} * 26;  // To 32 GiB.

    struct Free {
        Free* next;
    };

    struct Class {
        std::size_t index = 0;
        std::size_t bytes = 0;
    };

    [[nodiscard]] static Class class_of(std::size_t bytes) noexcept;

    Arena arena_;
    std::array<Free*, kClasses> free_{};
    std::size_t taken_ = 0;  // Pieces that are out.
};

}  // namespace thalweg
