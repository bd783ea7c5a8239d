#pragma once

#include "state/base/assertion.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace thalweg {

// Counts durations so that any percentile can be read to within 1 %, from a nanosecond to
// centuries, in 58 KiB: what HdrHistogram does, with 128 buckets for each power of two.
//
// Shape
//   Values below 128 have a bucket each. From there on, a value keeps its eight highest bits: its
//   bucket spans 1/128 of its power of two, and reports its middle, at most 0.4 % away.
//
//       value   | 0 1 2 ... 127 | 128 ... 255 | 256 258 ... 510 | 512 516 ... | ...
//       bucket  | 0         127 | 128     255 | 256         383 | 384 ...
//
// Threads
//   owner  record(), merge(), clear()
//   any    count(), percentile(), max(), and being merged from: counts are single-writer and
//          published, so a reader beside the owner sees each bucket exact and the whole nearly so.
class Histogram {
  public:
    Histogram() : counts_(std::make_unique<std::atomic<std::uint64_t>[]>(kBuckets)) {}

    Histogram(const Histogram&) = delete;
    Histogram& operator=(const Histogram&) = delete;
    ~Histogram() = default;

    // Owner. Negative durations, as of a clock set back, count as 0.
    void record(std::int64_t value_ns, std::uint64_t times = 1) noexcept {
        const std::uint64_t value = value_ns < 0 ? 0 : static_cast<std::uint64_t>(value_ns);
        bump(counts_[bucket_of(value)], times);
        bump(count_, times);
        bump(sum_, value * times);
        if (value > get(max_)) set(max_, value);
    }

    // Owner. Adds what `other` holds, which may be in use by its owner.
    void merge(const Histogram& other) noexcept {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            const std::uint64_t times = get(other.counts_[i]);
            if (times == 0) continue;
            bump(counts_[i], times);
            total += times;
        }
        bump(count_, total);
        bump(sum_, get(other.sum_));
        const std::uint64_t theirs = get(other.max_);
        set(max_, std::max(theirs, get(max_)));
    }

    // Owner.
    void clear() noexcept {
        for (std::size_t i = 0; i < kBuckets; ++i)
            set(counts_[i], 0);
        set(count_, 0);
        set(sum_, 0);
        set(max_, 0);
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return get(count_); }

    [[nodiscard]] std::int64_t max() const noexcept { return static_cast<std::int64_t>(get(max_)); }

    [[nodiscard]] double mean() const noexcept {
        const std::uint64_t total = count();
        if (total == 0) return 0;
        return static_cast<double>(get(sum_)) / static_cast<double>(total);
    }

    // The value that `percent` (0 to 100) of the recorded ones do not exceed, give or take 0.4 %;
    // never more than max(). 0 when nothing was recorded.
    [[nodiscard]] std::int64_t percentile(double percent) const noexcept {
        DEBUG_ASSERT(percent >= 0);
        DEBUG_ASSERT(percent <= 100);
        const double exact = std::ceil(percent / 100 * static_cast<double>(count()));
        const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(exact));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            seen += get(counts_[i]);
            if (seen >= rank) return std::min(middle_of(i), max());
        }
        return max();
    }

  private:
    static constexpr unsigned kLinearBits = 7;
    static constexpr std::size_t kLinear = std::size_t{1} << kLinearBits;
    static constexpr std::size_t kBuckets = (64 - kLinearBits) * kLinear;

    static std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value < kLinear) return value;
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - kLinearBits - 1;
        return shift * kLinear + (value >> shift);
    }

    static std::int64_t middle_of(std::size_t bucket) noexcept {
        if (bucket < 2 * kLinear) return static_cast<std::int64_t>(bucket);
        const std::size_t shift = bucket / kLinear - 1;
        const std::uint64_t low = (kLinear + bucket % kLinear) << shift;
        return static_cast<std::int64_t>(low + (std::uint64_t{1} << shift) / 2);
    }

    static std::uint64_t get(const std::atomic<std::uint64_t>& counter) noexcept {
        return counter.load(std::memory_order_relaxed);  // Relaxed: single writer, see Threads.
    }

    static void set(std::atomic<std::uint64_t>& counter, std::uint64_t value) noexcept {
        counter.store(value, std::memory_order_relaxed);  // Relaxed: single writer, see Threads.
    }

    static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
        set(counter, get(counter) + by);
    }

    std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> max_{0};
};

}  // namespace thalweg
