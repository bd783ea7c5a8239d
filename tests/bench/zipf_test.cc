#include "bench/zipf.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace thalweg::bench {

TEST_CASE("zipf: numbers come as often as the law says") {
    constexpr std::size_t kDraws = 400'000;
    for (const std::size_t count : {1UL, 2UL, 7UL, 100UL}) {
        for (const double exponent : {0.0, 0.8, 1.2, 3.0}) {
            CAPTURE(count);
            CAPTURE(exponent);
            double sum = 0;
            for (std::size_t i = 1; i <= count; ++i)
                sum += std::pow(static_cast<double>(i), -exponent);
            const Zipf zipf(count, exponent);
            Random random(3);
            std::vector<double> seen(count);
            for (std::size_t i = 0; i < kDraws; ++i)
                ++seen.at(zipf.draw(random));
            for (std::size_t i = 0; i < count; ++i) {
                const double expected =
                    kDraws * std::pow(static_cast<double>(i + 1), -exponent) / sum;
                CHECK(std::abs(seen[i] - expected) <= 6 * std::sqrt(expected) + 1);
            }
        }
    }
}

}  // namespace thalweg::bench
