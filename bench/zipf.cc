#include "bench/zipf.h"

#include <cmath>

namespace thalweg::bench {

// A slot is worth the mean weight. One that has too little gets the rest from one that has too
// much, which may then have too little itself.
Zipf::Zipf(std::size_t count, double exponent) : slots_(count) {
    std::vector<double> weights(count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += weights[i] = std::pow(static_cast<double>(i + 1), -exponent);
    std::vector<std::size_t> poor;
    std::vector<std::size_t> rich;
    for (std::size_t i = 0; i < count; ++i) {
        weights[i] *= static_cast<double>(count) / sum;
        (weights[i] < 1 ? poor : rich).push_back(i);
    }
    while (!poor.empty() && !rich.empty()) {
        const std::size_t needy = poor.back();
        const std::size_t donor = rich.back();
        poor.pop_back();
        slots_[needy] = {weights[needy], donor};
        weights[donor] -= 1 - weights[needy];
        if (weights[donor] >= 1) continue;
        rich.pop_back();
        poor.push_back(donor);
    }
}

}  // namespace thalweg::bench
