#include "state/pages.h"

#include "state/base/assertion.h"
#include "state/base/bits.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

namespace thalweg {
namespace {

// Reserves addresses for `bytes`, aligned to a huge page, without memory behind them.
std::byte* reserve(std::size_t bytes) {
    const std::size_t padded = bytes + Pages::kHugePageBytes;
    void* const whole =
        mmap(nullptr, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (whole == MAP_FAILED) throw std::bad_alloc();
    std::byte* const start = static_cast<std::byte*>(whole);
    const std::size_t misaligned =
        reinterpret_cast<std::uintptr_t>(start) & (Pages::kHugePageBytes - 1);
    const std::size_t head = misaligned == 0 ? 0 : Pages::kHugePageBytes - misaligned;
    if (head != 0) munmap(start, head);
    if (const std::size_t tail = padded - head - bytes; tail != 0)
        munmap(start + head + bytes, tail);
    return start + head;
}

std::byte* map(std::size_t bytes) {
    std::byte* const target = reserve(bytes);
    if (mprotect(target, bytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    madvise(target, bytes, MADV_HUGEPAGE);  // Advice: a kernel without huge pages is only slower.
    return target;
}

std::byte* allocate(std::size_t bytes) {
    auto* const block =
        static_cast<std::byte*>(::operator new(bytes, std::align_val_t{Pages::kAlignmentBytes}));
    std::memset(block, 0, bytes);
    return block;
}

std::size_t rounded(std::size_t bytes) {
    return bytes < Pages::kMapBytesMin ? align_up(bytes, Pages::kAlignmentBytes)
                                       : align_up(bytes, Pages::kHugePageBytes);
}

}  // namespace

void Pages::grow(std::size_t bytes) {
    const std::size_t target_bytes = rounded(bytes);
    if (target_bytes <= size_) return;
    if (is_mapped()) {
        grow_mapping(target_bytes);
        return;
    }
    std::byte* const target =
        target_bytes >= kMapBytesMin ? map(target_bytes) : allocate(target_bytes);
    if (size_ != 0) std::memcpy(target, data_, size_);
    release();
    data_ = target;
    size_ = target_bytes;
}

void Pages::grow_mapping(std::size_t bytes) {
    std::byte* const target = reserve(bytes);
    // Replaces the reservation; both ends are aligned, so huge pages move whole.
    void* const moved = mremap(data_, size_, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    data_ = target;
    size_ = bytes;
}

void Pages::renew(std::size_t bytes) {
    release();
    grow(bytes);
}

void Pages::release() noexcept {
    if (data_ == nullptr) return;
    if (is_mapped()) {
        const int result = munmap(data_, size_);
        ASSERT(result == 0);
    } else {
        ::operator delete(data_, std::align_val_t{kAlignmentBytes});
    }
    data_ = nullptr;
    size_ = 0;
}

std::size_t Pages::memory_bytes(std::size_t written) const noexcept {
    if (!is_mapped()) return size_;
    return std::min(size_, align_up(written, kHugePageBytes));
}

}  // namespace thalweg
