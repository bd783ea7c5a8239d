// Histogram against the sorted list of what was recorded.

#include "state/base/histogram.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace thalweg {
namespace {

constexpr double kErrorMax = 0.005;

// What percentile() approximates.
std::int64_t exact_percentile(const std::vector<std::int64_t>& sorted, double percent) {
    const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

void check_percentiles(const Histogram& histogram, std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
        CAPTURE(percent);
        const auto expected = static_cast<double>(exact_percentile(values, percent));
        const auto found = static_cast<double>(histogram.percentile(percent));
        CHECK(std::abs(found - expected) <= expected * kErrorMax);
    }
    CHECK_EQ(histogram.count(), values.size());
    CHECK_EQ(histogram.max(), values.back());
}

TEST_CASE("histogram: percentiles of any distribution within half a percent") {
    const std::uint64_t seed = std::random_device{}();
    CAPTURE(seed);
    Random random(seed);
    for (const unsigned bits : {3U, 7U, 8U, 10U, 20U, 40U, 63U}) {
        CAPTURE(bits);
        Histogram histogram;
        std::vector<std::int64_t> values;
        for (int i = 0; i < 20'000; ++i) {
            // All magnitudes up to `bits` alike, as latencies are.
            const auto value =
                static_cast<std::int64_t>(random() >> (64 - bits + random.below(bits)));
            values.push_back(value);
            histogram.record(value);
        }
        check_percentiles(histogram, values);
    }
}

TEST_CASE("histogram: every value up to 100,000 is told within half a percent") {
    for (std::int64_t value = 0; value < 100'000; ++value) {
        static Histogram histogram;
        histogram.clear();
        histogram.record(value);
        histogram.record(std::numeric_limits<std::int64_t>::max());
        const double error = std::abs(static_cast<double>(histogram.percentile(50) - value));
        REQUIRE(error <= static_cast<double>(value) * kErrorMax);
        value += value / 50;  // All small ones, and fifty in each power of two.
    }
}

TEST_CASE("histogram: ends of the range, times, mean, clear") {
    Histogram histogram;
    CHECK_EQ(histogram.percentile(99), 0);
    CHECK_EQ(histogram.mean(), 0);
    histogram.record(-5);
    CHECK_EQ(histogram.max(), 0);
    histogram.record(10, 3);
    CHECK_EQ(histogram.count(), 4);
    CHECK_EQ(histogram.mean(), doctest::Approx(7.5));
    histogram.record(std::numeric_limits<std::int64_t>::max());
    CHECK_EQ(histogram.percentile(75), 10);
    CHECK_EQ(histogram.max(), std::numeric_limits<std::int64_t>::max());
    histogram.clear();
    CHECK_EQ(histogram.count(), 0);
    CHECK_EQ(histogram.percentile(100), 0);
}

TEST_CASE("histogram: merging equals recording into one") {
    Random random(11);
    Histogram first;
    Histogram second;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 10'000; ++i) {
        const auto value = static_cast<std::int64_t>(random.below(1'000'000));
        values.push_back(value);
        (i % 3 == 0 ? first : second).record(value);
    }
    first.merge(second);
    check_percentiles(first, values);
}

}  // namespace
}  // namespace thalweg
