#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace thalweg {

// Walks over the delimiters, quotes and newlines of a piece of CSV, 64 bytes of comparing at a
// time. Reads, but does not interpret, up to 63 bytes past `limit`.
class CsvCursor {
  public:
    CsvCursor(char delimiter, char quote)
        : delimiter_(_mm256_set1_epi8(delimiter)),
          quote_(_mm256_set1_epi8(quote)),
          newline_(_mm256_set1_epi8('\n')) {}

    // Begins at `at`, before `limit`.
    void seek(const char* at, const char* limit) noexcept {
        block_ = at;
        limit_ = limit;
        mask_ = at < limit ? mask_of(at) : 0;
    }

    // The next special character, or nullptr when there is none before the limit.
    [[nodiscard]] const char* next() noexcept {
        while (mask_ == 0) [[unlikely]] {
            if (limit_ - block_ <= kBlockBytes) return nullptr;
            block_ += kBlockBytes;
            mask_ = mask_of(block_);
        }
        const char* const found = block_ + std::countr_zero(mask_);
        mask_ &= mask_ - 1;
        return found;
    }

  private:
    static constexpr std::ptrdiff_t kBlockBytes = 64;

    [[nodiscard]] std::uint32_t half_mask(const char* at) const noexcept {
        const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        const __m256i special = _mm256_or_si256(
            _mm256_cmpeq_epi8(half, delimiter_),
            _mm256_or_si256(_mm256_cmpeq_epi8(half, quote_), _mm256_cmpeq_epi8(half, newline_)));
        return static_cast<std::uint32_t>(_mm256_movemask_epi8(special));
    }

    [[nodiscard]] std::uint64_t mask_of(const char* at) const noexcept {
        const std::uint64_t mask = half_mask(at) | static_cast<std::uint64_t>(half_mask(at + 32))
                                                       << 32U;
        const std::ptrdiff_t left = limit_ - at;
        return left >= kBlockBytes ? mask : mask & ((std::uint64_t{1} << left) - 1);
    }

    __m256i delimiter_;
    __m256i quote_;
    __m256i newline_;
    const char* block_ = nullptr;
    const char* limit_ = nullptr;
    std::uint64_t mask_ = 0;
};

}  // namespace thalweg
