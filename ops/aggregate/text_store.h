#pragma once

#include "state/arena.h"
#include "state/string_ref.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace thalweg {

// Keeps strings that come and go, each on its own.
//
// Shape    Texts of up to 12 bytes lie in the reference; others in blocks of 16, 32, 64 ... bytes
//          from one arena. A block that is given back is the next one of its size. So the memory
//          held is at most twice the texts that were there at a time, size by size.
// Threads  One at a time.
class TextStore {
  public:
    [[nodiscard]] StringRef keep(const StringRef& text) {
        if (text.is_inline()) return text;
        std::vector<char*>& blocks = free_[size_class(text)];
        char* block = nullptr;
        if (blocks.empty()) {
            block = arena_.allocate(std::size_t{1} << size_class(text));
        } else {
            block = blocks.back();
            blocks.pop_back();
        }
        std::memcpy(block, text.data(), text.size());
        return StringRef(std::string_view(block, text.size()));
    }

    // Gives back what keep() returned, once.
    void give_back(const StringRef& text) {
        if (text.is_inline()) return;
        // The reference borrows a block of ours, which is not const.
        free_[size_class(text)].push_back(const_cast<char*>(text.data()));
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        std::size_t total = arena_.memory_bytes();
        for (const auto& blocks : free_)
            total += blocks.capacity() * sizeof(char*);
        return total;
    }

  private:
    // The power of two that holds it.
    [[nodiscard]] static std::size_t size_class(const StringRef& text) noexcept {
        return static_cast<std::size_t>(std::bit_width(text.size() - 1U));
    }

    Arena arena_;
    std::array<std::vector<char*>, 33> free_;
};

}  // namespace thalweg
