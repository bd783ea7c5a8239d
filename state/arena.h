#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Hands out bytes by bumping a pointer and takes them all back at once.
//
// Shape
//   A list of chunks. The first has `kFirstChunkBytes`, each further one doubles up to
//   `kChunkBytesMax`; a request larger than the next chunk gets a chunk of its own size.
//   reset() keeps the first chunk, so a batch that carries few strings never allocates again.
//
// Lifetime  Pointers are good until reset() or destruction. Nothing is destroyed: bytes only.
// Threads   One at a time; an arena travels with the batch that owns it.
// Failure   Out of memory ends the process.
class Arena {
  public:
    static constexpr std::size_t kFirstChunkBytes = 4096;
    static constexpr std::size_t kChunkBytesMax = std::size_t{1} << 20U;

    Arena() = default;

    // The arena moved from is empty and may be used again.
    Arena(Arena&& other) noexcept
        : chunks_(std::exchange(other.chunks_, {})),
          left_(std::exchange(other.left_, 0)),
          position_(std::exchange(other.position_, 0)) {}

    Arena& operator=(Arena&& other) noexcept {
        std::swap(chunks_, other.chunks_);
        std::swap(left_, other.left_);
        std::swap(position_, other.position_);
        return *this;
    }

    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() = default;

    // Returns `bytes` bytes at an address that is a multiple of `alignment` (a power of two,
    // at most 64).
    [[nodiscard]] char* allocate(std::size_t bytes, std::size_t alignment = 1) {
        const std::size_t padding = (0 - position_) & (alignment - 1);
        if (padding + bytes > left_ || chunks_.empty()) [[unlikely]]
            return allocate_slow(bytes, alignment);
        char* const result = chunks_.back().bytes.get() + (chunks_.back().size - left_) + padding;
        left_ -= padding + bytes;
        position_ += padding + bytes;
        return result;
    }

    // Gives back the last `bytes` bytes of the latest allocation: for writers that reserve the
    // worst case and then know better.
    void give_back(std::size_t bytes) noexcept {
        left_ += bytes;
        position_ -= bytes;
    }

    [[nodiscard]] std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        char* const target = allocate(text.size());
        std::memcpy(target, text.data(), text.size());
        return {target, text.size()};
    }

    void reset() noexcept;

    // Bytes held from the allocator, used or not.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t size;
    };

    char* allocate_slow(std::size_t bytes, std::size_t alignment);

    std::vector<Chunk> chunks_;
    std::size_t left_ = 0;      // Bytes left in the last chunk.
    std::size_t position_ = 0;  // Low bits of the address of the next free byte.
};

}  // namespace thalweg
