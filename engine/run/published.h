#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace thalweg {

// Counters of one agent for everybody to read: a struct of 64-bit numbers, copied out once a turn.
//
// Threads   One writer; any reader.
// Ordering  None: each number is right for some moment, and two of them may be of different turns.
//           After the writer's thread was joined all are exact.
template <class T>
class Published {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(sizeof(T) % sizeof(std::uint64_t) == 0);

  public:
    // Writer.
    void write(const T& value) noexcept {
        const auto words = std::bit_cast<std::array<std::uint64_t, kWords>>(value);
        for (std::size_t i = 0; i < kWords; ++i)
            words_[i].store(words[i], std::memory_order_relaxed);  // Relaxed: see Ordering.
    }

    // Any thread.
    [[nodiscard]] T read() const noexcept {
        std::array<std::uint64_t, kWords> words;
        for (std::size_t i = 0; i < kWords; ++i)
            words[i] = words_[i].load(std::memory_order_relaxed);  // Relaxed: see Ordering.
        return std::bit_cast<T>(words);
    }

  private:
    static constexpr std::size_t kWords = sizeof(T) / sizeof(std::uint64_t);

    std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace thalweg
