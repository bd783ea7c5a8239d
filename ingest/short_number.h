#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace thalweg {

// Whole numbers and decimal fractions of up to 16 characters, all at once: the characters are moved
// to the right end of a register, so that each digit has its weight whatever the length, and then
// pairs, fours and eights are added up. No loop over digits and no branch on their number.
//
// Contract  Reads 16 bytes from the text on (17 with a sign), which must be readable. `size` is
//           how many of them belong to it. What is not read here may still be a number.
class ShortNumber {
  public:
    static constexpr std::size_t kBytesMax = 16;

    // "-123": an optional sign and up to 16 digits, nothing else.
    [[nodiscard, gnu::always_inline]] static bool read_integer(const char* text,
                                                               std::size_t size,
                                                               std::int64_t& value) noexcept {
        const std::size_t sign = *text == '-' ? 1 : 0;
        size -= sign;
        if (size - 1 >= kBytesMax) [[unlikely]]
            return false;
        const __m128i digits = aligned(text + sign, size);
        if (!are_digits(digits)) [[unlikely]]
            return false;
        const auto magnitude = static_cast<std::int64_t>(value_of(digits));
        const auto mask = -static_cast<std::int64_t>(sign);
        value = (magnitude ^ mask) - mask;
        return true;
    }

    // "-12.5": a sign, digits, and perhaps a point and more digits, up to 16 characters behind the
    // sign. The digits as an integer and the power of ten are exact doubles, or there is no
    // fraction, and so the result is rounded once: it is the nearest double (Clinger's fast path).
    [[nodiscard, gnu::always_inline]] static bool read_double(const char* text,
                                                              std::size_t size,
                                                              double& value) noexcept {
        const std::size_t sign = *text == '-' ? 1 : 0;
        size -= sign;
        if (size - 1 >= kBytesMax) [[unlikely]]
            return false;
        __m128i digits = aligned(text + sign, size);
        const __m128i point = _mm_set1_epi8('.' - '0');
        const auto points =
            static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(digits, point)));
        std::size_t fraction = 0;
        if (points != 0) {
            const auto at = static_cast<std::size_t>(std::countr_zero(points));
            fraction = kBytesMax - 1 - at;
            if (fraction == 0 || fraction + 1 == size) [[unlikely]]
                return false;
            digits = _mm_shuffle_epi8(digits, load(kWithoutPoint[at].data()));
        }
        if (!are_digits(digits)) [[unlikely]]
            return false;
        const double magnitude =
            static_cast<double>(static_cast<std::int64_t>(value_of(digits))) / kPowers[fraction];
        value = sign != 0 ? -magnitude : magnitude;
        return true;
    }

    // How many of the 16 characters from `text` on are digits, from the first.
    [[nodiscard, gnu::always_inline]] static std::size_t count_digits(const char* text) noexcept {
        const __m128i digits = _mm_sub_epi8(load(text), _mm_set1_epi8('0'));
        const __m128i nine = _mm_set1_epi8(9);
        const auto fine = static_cast<std::uint32_t>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine)));
        return static_cast<std::size_t>(std::countr_one(fine));
    }

    // The same of digits and points.
    [[nodiscard, gnu::always_inline]] static std::size_t count_digits_and_points(
        const char* text) noexcept {
        const __m128i digits = _mm_sub_epi8(load(text), _mm_set1_epi8('0'));
        const __m128i nine = _mm_set1_epi8(9);
        const __m128i fine = _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine),
                                          _mm_cmpeq_epi8(digits, _mm_set1_epi8('.' - '0')));
        return static_cast<std::size_t>(
            std::countr_one(static_cast<std::uint32_t>(_mm_movemask_epi8(fine))));
    }

    // The value of the first `size` (1 to 16) characters, which are digits.
    [[nodiscard, gnu::always_inline]] static std::uint64_t value_of(const char* text,
                                                                    std::size_t size) noexcept {
        return value_of(aligned(text, size));
    }

  private:
    using Shuffle = std::array<std::int8_t, kBytesMax>;

    // From element `size` on: what moves the first `size` bytes to the end, zeros before them.
    static constexpr std::array<std::int8_t, 2 * kBytesMax> kAlign = [] {
        std::array<std::int8_t, 2 * kBytesMax> shuffle{};
        for (std::size_t i = 0; i < shuffle.size(); ++i)
            shuffle[i] = static_cast<std::int8_t>(i < kBytesMax ? -1 : static_cast<int>(i) - 16);
        return shuffle;
    }();

    // By where the point is: the bytes before it move to the right by one.
    static constexpr std::array<Shuffle, kBytesMax> kWithoutPoint = [] {
        std::array<Shuffle, kBytesMax> shuffles{};
        for (std::size_t point = 0; point < kBytesMax; ++point) {
            for (std::size_t i = 0; i < kBytesMax; ++i)
                shuffles[point][i] =
                    static_cast<std::int8_t>(static_cast<int>(i) - (i <= point ? 1 : 0));
        }
        return shuffles;
    }();

    static constexpr std::array<double, kBytesMax> kPowers = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

    [[gnu::always_inline]] static __m128i load(const void* from) noexcept {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    }

    // Less '0' each.
    [[gnu::always_inline]] static __m128i aligned(const char* text, std::size_t size) noexcept {
        const __m128i digits = _mm_sub_epi8(load(text), _mm_set1_epi8('0'));
        return _mm_shuffle_epi8(digits, load(kAlign.data() + size));
    }

    [[gnu::always_inline]] static bool are_digits(__m128i digits) noexcept {
        const __m128i beyond = _mm_subs_epu8(digits, _mm_set1_epi8(9));
        return _mm_testz_si128(beyond, beyond) != 0;
    }

    [[gnu::always_inline]] static std::uint64_t value_of(__m128i digits) noexcept {
        const __m128i tens = _mm_set1_epi16(1 << 8 | 10);
        const __m128i hundreds = _mm_set1_epi32(1 << 16 | 100);
        const __m128i ten_thousands = _mm_set1_epi32(1 << 16 | 10'000);
        const __m128i fours = _mm_madd_epi16(_mm_maddubs_epi16(digits, tens), hundreds);
        const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), ten_thousands);
        const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
        return (both & 0xffff'ffffU) * 100'000'000 + (both >> 32U);
    }
};

}  // namespace thalweg
