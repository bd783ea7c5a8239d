#pragma once

#include "bench/check_sum.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

// What sliding windows must give, for plainness: every window is put together from all the seconds
// that are in it, over std::map, sharing nothing with the engine or with the loops in
// bench/by_hand.

namespace thalweg::bench::oracle {

struct Totals {
    std::int64_t count = 0;
    std::array<double, 3> sums{};

    void add(const Totals& other);
};

class SlidingWindows {
  public:
    static constexpr std::size_t kKeysMax = 4;
    using Key = std::array<std::int64_t, kKeysMax>;  // Zero from the last column of the key on.

    void add(std::int64_t second, const Key& key, const Totals& totals);

    // Calls emit(end, key, totals) for each key of each window of so many seconds, one window a
    // second, that has rows.
    template <class Emit>
    void for_each(std::int64_t size, const Emit& emit) const {
        if (seconds_.empty()) return;
        for (std::int64_t end = seconds_.begin()->first + 1; end <= seconds_.rbegin()->first + size;
             ++end) {
            for (const auto& [key, totals] : window(end - size, end))
                emit(end, key, totals);
        }
    }

  private:
    using Groups = std::map<Key, Totals>;

    [[nodiscard]] Groups window(std::int64_t start, std::int64_t end) const;

    std::map<std::int64_t, Groups> seconds_;
};

}  // namespace thalweg::bench::oracle
