#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

// Powers of two, alignment, and walking the set bits of a mask.

namespace thalweg {

[[nodiscard]] constexpr std::size_t align_up(std::size_t value, std::size_t alignment) noexcept {
    return (value + alignment - 1) & ~(alignment - 1);
}

// Calls visit(index) for each set bit of `word`, lowest first, with `base` added to its index.
template <class Visit>
constexpr void for_each_bit(std::uint64_t word, std::size_t base, Visit&& visit) {
    for (; word != 0; word &= word - 1)
        visit(base + static_cast<std::size_t>(std::countr_zero(word)));
}

}  // namespace thalweg
