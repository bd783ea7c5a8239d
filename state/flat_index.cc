#include "state/flat_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {
namespace {

constexpr std::size_t kPrefetchDistance = 16;

// A small index, which is in the cache anyhow, grows at 2/3: with 8 entries a line nearly all are
// at home, and a lookup seldom takes a branch that the processor did not expect. A large one grows
// at 7/8, 10.5 entries a line.
constexpr std::size_t kSmallLinesMax = 4096;

constexpr std::size_t entries_in(std::size_t lines) {
    return lines <= kSmallLinesMax ? lines * 8 : lines * 21 / 2;
}

constexpr std::size_t lines_for(std::size_t entries) {
    std::size_t lines = std::bit_ceil(std::max<std::size_t>(1, entries * 2 / 21));
    while (entries_in(lines) < entries)
        lines *= 2;
    return lines;
}

}  // namespace

void FlatIndex::erase(std::uint32_t position) noexcept {
    ASSERT(position < size_);
    const std::uint64_t hash = hashes()[position];
    const std::uint8_t tag = tag_of(hash);
    for (std::size_t at = hash & mask_;; at = (at + step_of(tag)) & mask_) {
        Line& line = lines()[at];
        unsigned slots = line.slots_with(tag);
        while (slots != 0 &&
               line.positions[static_cast<unsigned>(std::countr_zero(slots))] != position)
            slots &= slots - 1;
        if (slots != 0) {
            line.tags[static_cast<unsigned>(std::countr_zero(slots))] = 0;
            break;
        }
        DEBUG_ASSERT(line.overflowed > 0);
        --line.overflowed;
    }
    size_max_ = std::max(size_max_, size_);
    const auto last = static_cast<std::uint32_t>(--size_);
    if (position == last) return;

    const std::uint64_t moved = hashes()[last];
    hashes()[position] = moved;
    const std::uint8_t moved_tag = tag_of(moved);
    for (std::size_t at = moved & mask_;; at = (at + step_of(moved_tag)) & mask_) {
        Line& line = lines()[at];
        for (unsigned slots = line.slots_with(moved_tag); slots != 0; slots &= slots - 1) {
            std::uint32_t& found = line.positions[static_cast<unsigned>(std::countr_zero(slots))];
            if (found != last) continue;
            found = position;
            return;
        }
        DEBUG_ASSERT(line.overflowed > 0);
    }
}

void FlatIndex::reserve(std::size_t entries) {
    if (entries <= capacity_) return;
    ASSERT(entries <= kSizeMax);
    resize_lines(lines_for(entries));
}

void FlatIndex::resize_lines(std::size_t count) {
    size_max_ = std::max(size_max_, size_);
    line_pages_.renew(count * sizeof(Line));
    lines_ = lines();
    mask_ = count - 1;
    capacity_ = entries_in(count);
    hash_pages_.grow(capacity_ * sizeof(std::uint64_t));
    const std::uint64_t* const source = hashes();
    for (std::size_t position = 0; position < size_; ++position) {
        if (position + kPrefetchDistance < size_) prefetch(source[position + kPrefetchDistance]);
        place(source[position], static_cast<std::uint32_t>(position));
    }
}

void FlatIndex::clear() noexcept {
    constexpr std::size_t kLinesKept = 1024;
    const std::size_t used = std::exchange(size_, 0);
    if (capacity_ == 0) return;
    if (mask_ >= kLinesKept && used < capacity_ / 8) {
        release();
        reserve(used);
        return;
    }
    size_max_ = std::max(size_max_, used);
    std::memset(line_pages_.data(), 0, (mask_ + 1) * sizeof(Line));
}

void FlatIndex::release() noexcept {
    *this = FlatIndex();
}

void FlatIndex::swap(FlatIndex& other) noexcept {
    std::swap(lines_, other.lines_);
    std::swap(mask_, other.mask_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_max_, other.size_max_);
    std::swap(line_pages_, other.line_pages_);
    std::swap(hash_pages_, other.hash_pages_);
}

}  // namespace thalweg
