#include "state/value_range.h"

#include <immintrin.h>

#include <bit>

// What the wide forms may use beyond the flags of the build.
#define THALWEG_WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

namespace thalweg {

namespace {

bool has_wide() noexcept {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const bool kHasWide = has_wide();

[[gnu::always_inline]] inline ValueRange range_loop(const std::int64_t* values, std::size_t count) {
    ValueRange range;
    for (std::size_t i = 0; i < count; ++i) {
        range.low = values[i] < range.low ? values[i] : range.low;
        range.high = values[i] > range.high ? values[i] : range.high;
    }
    return range;
}

[[gnu::always_inline]] inline ValueRange scale_loop(std::int64_t* values,
                                                    std::size_t count,
                                                    std::int64_t factor) {
    ValueRange range;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t value = values[i];
        range.low = value < range.low ? value : range.low;
        range.high = value > range.high ? value : range.high;
        values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) *
                                              static_cast<std::uint64_t>(factor));
    }
    return range;
}

[[gnu::always_inline]] inline bool ascending_loop(const std::int64_t* values, std::size_t count) {
    std::int64_t falls = 0;
    for (std::size_t i = 1; i < count; ++i)
        falls |= values[i] < values[i - 1] ? 1 : 0;
    return falls == 0;
}

// Four at a time: a value is outside if it is less than `low` or greater than the last inside.
std::size_t outside_narrow(const std::int64_t* values,
                           std::size_t count,
                           std::int64_t low,
                           std::int64_t end) {
    std::size_t at = 0;
    const __m256i lows = _mm256_set1_epi64x(low);
    const __m256i ends = _mm256_set1_epi64x(end);
    for (; at + 4 <= count; at += 4) {
        const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + at));
        const __m256i inside =
            _mm256_andnot_si256(_mm256_cmpgt_epi64(lows, four), _mm256_cmpgt_epi64(ends, four));
        const auto mask = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(inside)));
        if (mask != 15U) return at + static_cast<std::size_t>(std::countr_one(mask));
    }
    while (at < count && values[at] >= low && values[at] < end)
        ++at;
    return at;
}

THALWEG_WIDE ValueRange range_wide(const std::int64_t* values, std::size_t count) {
    return range_loop(values, count);
}

THALWEG_WIDE ValueRange scale_wide(std::int64_t* values, std::size_t count, std::int64_t factor) {
    return scale_loop(values, count, factor);
}

THALWEG_WIDE bool ascending_wide(const std::int64_t* values, std::size_t count) {
    return ascending_loop(values, count);
}

// Eight at a time, and the rest under a mask.
THALWEG_WIDE std::size_t outside_wide(const std::int64_t* values,
                                      std::size_t count,
                                      std::int64_t low,
                                      std::int64_t end) {
    const __m512i lows = _mm512_set1_epi64(low);
    const __m512i ends = _mm512_set1_epi64(end);
    for (std::size_t at = 0; at < count; at += 8) {
        const std::size_t left = count - at;
        const auto present = static_cast<__mmask8>(left >= 8 ? 255U : (1U << left) - 1U);
        const __m512i eight = _mm512_maskz_loadu_epi64(present, values + at);
        const unsigned outside = _mm512_mask_cmplt_epi64_mask(present, eight, lows) |
                                 _mm512_mask_cmpge_epi64_mask(present, eight, ends);
        if (outside != 0) return at + static_cast<std::size_t>(std::countr_zero(outside));
    }
    return count;
}

}  // namespace

ValueRange range_of(std::span<const std::int64_t> values) noexcept {
    if (kHasWide) return range_wide(values.data(), values.size());
    return range_loop(values.data(), values.size());
}

ValueRange scale_values(std::span<std::int64_t> values, std::int64_t factor) noexcept {
    if (kHasWide) return scale_wide(values.data(), values.size(), factor);
    return scale_loop(values.data(), values.size(), factor);
}

bool is_ascending(std::span<const std::int64_t> values) noexcept {
    if (kHasWide) return ascending_wide(values.data(), values.size());
    return ascending_loop(values.data(), values.size());
}

std::size_t find_outside(std::span<const std::int64_t> values,
                         std::int64_t low,
                         std::int64_t end) noexcept {
    if (kHasWide) return outside_wide(values.data(), values.size(), low, end);
    return outside_narrow(values.data(), values.size(), low, end);
}

}  // namespace thalweg
