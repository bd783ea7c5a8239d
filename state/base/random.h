#pragma once

#include <cstdint>

// A small, fast, seeded generator: xoshiro256** by Blackman and Vigna (2018), seeded by splitmix64.
// The same seed gives the same sequence on every machine, which is what tests, the simulator and
// the load generator need; it is no source of secrets.

namespace thalweg {

class Random {
  public:
    using result_type = std::uint64_t;

    explicit Random(std::uint64_t seed) noexcept {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
            mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
            word = mixed ^ (mixed >> 31U);
        }
    }

    std::uint64_t operator()() noexcept {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    // Uniform in [0, bound), without the bias of a modulo that matters: by multiplication (Lemire).
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>((*this)()) * bound) >> 64U);
    }

    // Uniform in [0, 1).
    [[nodiscard]] double unit() noexcept {
        return static_cast<double>((*this)() >> 11U) * 0x1.0p-53;
    }

    static constexpr std::uint64_t min() noexcept { return 0; }

    static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }

  private:
    static constexpr std::uint64_t rotate(std::uint64_t value, unsigned by) noexcept {
        return (value << by) | (value >> (64U - by));
    }

    std::uint64_t state_[4];
};

}  // namespace thalweg
