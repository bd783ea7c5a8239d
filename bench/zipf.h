#pragma once

#include "state/base/random.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg::bench {

// Draws from 0 to count - 1, number i with a probability proportional to 1 / (i + 1) to the
// exponent: 0 is uniform. By Walker's alias method (1974) with Vose's construction (1991): each of
// `count` slots is shared by at most two numbers, so a draw is one slot and one comparison.
class Zipf {
  public:
    Zipf(std::size_t count, double exponent);

    [[nodiscard]] std::uint64_t draw(Random& random) const noexcept {
        const std::uint64_t index = random.below(slots_.size());
        const Slot& slot = slots_[index];
        return random.unit() < slot.share ? index : slot.alias;
    }

  private:
    struct Slot {
        double share = 1;  // Of the slot's own number; the rest is its alias's.
        std::uint64_t alias = 0;
    };

    std::vector<Slot> slots_;
};

}  // namespace thalweg::bench
