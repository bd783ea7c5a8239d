#include "state/store/crc32c.h"

#include <immintrin.h>

#include <cstring>

namespace thalweg {
namespace {

// x to the `power`, modulo the polynomial, reflected.
constexpr std::uint32_t power_of_x(std::size_t power) {
    std::uint32_t value = 0x80000000U;
    for (; power > 0; --power)
        value = (value >> 1U) ^ ((value & 1U) != 0 ? crc32c_detail::kPolynomial : 0U);
    return value;
}

// What a register is multiplied with to move it past `bytes` of zeros. The product of two reflected
// words lies one bit low, and the reduction by crc32 multiplies with x to the 32: hence the 33.
constexpr std::uint32_t past(std::size_t bytes) {
    return power_of_x(8 * bytes - 33);
}

std::uint64_t multiply(std::uint64_t crc, std::uint32_t factor) noexcept {
    const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)),
                                                 _mm_cvtsi32_si128(static_cast<int>(factor)),
                                                 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

std::uint64_t load(const std::byte* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Takes three neighbouring stretches of kStride bytes into the register.
template <std::size_t kStride>
std::uint64_t three_streams(std::uint64_t crc, const std::byte* at) noexcept {
    static_assert(kStride % 8 == 0);
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* const end = at + kStride; at != end; at += 8) {
        crc = _mm_crc32_u64(crc, load(at));
        second = _mm_crc32_u64(second, load(at + kStride));
        third = _mm_crc32_u64(third, load(at + 2 * kStride));
    }
    constexpr std::uint32_t kPastTwo = past(2 * kStride);
    constexpr std::uint32_t kPastOne = past(kStride);
    return _mm_crc32_u64(0, multiply(crc, kPastTwo) ^ multiply(second, kPastOne)) ^ third;
}

constexpr std::size_t kLongStride = 4096;
constexpr std::size_t kShortStride = 256;

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
    std::uint64_t state = ~crc;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 3 * kLongStride; at += 3 * kLongStride, left -= 3 * kLongStride)
        state = three_streams<kLongStride>(state, at);
    for (; left >= 3 * kShortStride; at += 3 * kShortStride, left -= 3 * kShortStride)
        state = three_streams<kShortStride>(state, at);
    for (; left >= 8; at += 8, left -= 8)
        state = _mm_crc32_u64(state, load(at));
    auto word = static_cast<std::uint32_t>(state);
    for (; left > 0; ++at, --left)
        word = _mm_crc32_u8(word, std::to_integer<std::uint8_t>(*at));
    return ~word;
}

}  // namespace thalweg
