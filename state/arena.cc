#include "state/arena.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstdint>

namespace thalweg {

char* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
    ASSERT(alignment <= 64);
    const std::size_t doubled =
        chunks_.empty() ? kFirstChunkBytes : std::min(chunks_.back().size * 2, kChunkBytesMax);
    const std::size_t size = std::max(doubled, bytes + alignment);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    left_ = size;
    position_ = reinterpret_cast<std::uintptr_t>(chunks_.back().bytes.get()) & 63U;
    const std::size_t padding = (0 - position_) & (alignment - 1);
    char* const result = chunks_.back().bytes.get() + padding;
    left_ -= padding + bytes;
    position_ += padding + bytes;
    return result;
}

void Arena::reset() noexcept {
    if (chunks_.empty()) return;
    chunks_.resize(1);
    left_ = chunks_[0].size;
    position_ = reinterpret_cast<std::uintptr_t>(chunks_[0].bytes.get()) & 63U;
}

std::size_t Arena::memory_bytes() const noexcept {
    std::size_t total = 0;
    for (const Chunk& chunk : chunks_)
        total += chunk.size;
    return total;
}

}  // namespace thalweg
