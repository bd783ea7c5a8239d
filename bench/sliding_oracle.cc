#include "bench/sliding_oracle.h"

namespace thalweg::bench::oracle {

void Totals::add(const Totals& other) {
    count += other.count;
    for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] += other.sums[i];
}

void SlidingWindows::add(std::int64_t second, const Key& key, const Totals& totals) {
    seconds_[second][key].add(totals);
}

SlidingWindows::Groups SlidingWindows::window(std::int64_t start, std::int64_t end) const {
    Groups window;
    for (auto at = seconds_.lower_bound(start); at != seconds_.end() && at->first < end; ++at) {
        for (const auto& [key, totals] : at->second)
            window[key].add(totals);
    }
    return window;
}

}  // namespace thalweg::bench::oracle
