#pragma once

#include "state/base/assertion.h"
#include "state/base/random.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace thalweg::load {

// Draws ranks 0, 1, ..., count - 1 where rank k comes with a probability proportional to
// 1 / (k + 1)^exponent, for any exponent above 0, without a table: a million keys cost as little as
// ten.
//
// Rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates from
// monotone discrete distributions", 1996). With h(x) = x^-exponent and H its integral, a uniform
// point under H is turned back into an x, which is rounded to the nearest rank k. The area under h
// between k - 1/2 and k + 1/2 is at least h(k), because h is convex; a point in the excess is
// refused. Fewer than a fifth are, whatever the exponent.
//
//   h |*
//     | *                each rank owns [k - 1/2, k + 1/2) of the x axis and keeps the part of
//     |   *              the area that equals h(k); the first starts where that part begins
//     |      *  *  *
//     +-1--2--3--4--5--- x
class Zipf {
  public:
    Zipf(std::uint64_t count, double exponent) noexcept
        : count_(static_cast<double>(count)), exponent_(exponent) {
        ASSERT(count > 0);
        ASSERT(exponent > 0);
        low_ = integral(1.5) - 1;
        high_ = integral(count_ + 0.5);
        sure_ = 2 - inverse(integral(2.5) - density(2));
    }

    [[nodiscard]] std::uint64_t operator()(Random& random) const noexcept {
        for (;;) {
            const double point = high_ + random.unit() * (low_ - high_);
            const double x = inverse(point);
            const double rank = std::clamp(std::floor(x + 0.5), 1.0, count_);
            // Close below its rank every point is good; only the others are worth computing.
            if (rank - x <= sure_ || point >= integral(rank + 0.5) - density(rank)) {
                return static_cast<std::uint64_t>(rank) - 1;
            }
        }
    }

  private:
    [[nodiscard]] double density(double x) const noexcept {
        return std::exp(-exponent_ * std::log(x));
    }

    // (x^(1 - exponent) - 1) / (1 - exponent), and its limit log x where the exponent is about 1.
    [[nodiscard]] double integral(double x) const noexcept {
        const double log_x = std::log(x);
        const double t = (1 - exponent_) * log_x;
        return std::abs(t) < 1e-8 ? log_x * (1 + t / 2) : std::expm1(t) / t * log_x;
    }

    [[nodiscard]] double inverse(double area) const noexcept {
        const double t = std::max(area * (1 - exponent_), -1.0);
        return std::exp(std::abs(t) < 1e-8 ? area * (1 - t / 2) : std::log1p(t) / t * area);
    }

    double count_;
    double exponent_;
    double low_ = 0;
    double high_ = 0;
    double sure_ = 0;
};

}  // namespace thalweg::load
