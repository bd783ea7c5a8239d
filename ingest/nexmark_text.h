#pragma once

#include "state/string_ref.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Random numbers that belong to one event: the n-th is a function of the seed, the event and n
// alone, so that an event can be made again without those before it, and a field without the other
// fields. By the finalizer of splitmix64 (Steele, Lea, Flood 2014).
class NexmarkDraws {
  public:
    explicit NexmarkDraws(std::uint64_t key) noexcept : key_(key) {}

    [[nodiscard]] static std::uint64_t key_of(std::uint64_t seed, std::uint64_t event) noexcept {
        return mixed(mixed(seed + kStep) + event * kStep);
    }

    [[nodiscard]] std::uint64_t bits(std::uint64_t n) const noexcept {
        return mixed(key_ + (n + 1) * kStep);
    }

    // Uniform in [0, bound).
    [[nodiscard]] std::uint64_t below(std::uint64_t n, std::uint64_t bound) const noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(bits(n)) * bound) >> 64U);
    }

  private:
    static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

    [[nodiscard]] static std::uint64_t mixed(std::uint64_t x) noexcept {
        x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
        return x ^ (x >> 31U);
    }

    std::uint64_t key_;
};

// The strings of Nexmark events. Random texts are cut out of long ones that were made once, so that
// making one costs the same whatever its length.
//
// Lifetime  What it returns is good as long as the object, but for Person, which holds its own.
// Threads   Immutable after it is made.
class NexmarkText {
  public:
    // A person but for the id.
    struct Person {
        std::string name;
        std::string email;
        std::string credit_card;
        std::string_view city;
        std::string_view state;

        [[nodiscard]] std::size_t bytes() const noexcept {
            return name.size() + email.size() + credit_card.size() + city.size() + state.size();
        }
    };

    static constexpr std::size_t kOtherChannels = 10'000;
    static constexpr std::size_t kHotChannels = 4;

    // `extra_max`: the longest text that letters() is asked for.
    NexmarkText(std::uint64_t seed, std::size_t extra_max);

    // Uses the draws from `n` to n + 15.
    [[nodiscard]] Person person(const NexmarkDraws& draws, std::uint64_t n) const;

    // Three to `size_max` - 1 letters and blanks, without those at its ends. Uses two draws.
    [[nodiscard]] std::string_view words(const NexmarkDraws& draws,
                                         std::uint64_t n,
                                         std::size_t size_max) const;

    // So many letters. Uses one draw.
    [[nodiscard]] std::string_view letters(const NexmarkDraws& draws,
                                           std::uint64_t n,
                                           std::size_t size) const;

    // The names and addresses of kHotChannels + kOtherChannels, the hot ones first.
    [[nodiscard]] const std::vector<StringRef>& channels() const noexcept { return channels_; }

    [[nodiscard]] const std::vector<StringRef>& urls() const noexcept { return urls_; }

  private:
    void make_channels(std::uint64_t seed);

    std::string letters_;
    std::string words_;
    std::vector<std::string> texts_;  // Of the channels.
    std::vector<StringRef> channels_;
    std::vector<StringRef> urls_;
};

// Prices from 100 to 100 million, of which as many have six digits as seven: 100 * 10^(6u) of a
// uniform u of 24 bits, as the product of three numbers from tables.
class NexmarkPrices {
  public:
    NexmarkPrices();

    [[nodiscard]] std::int64_t price(std::uint64_t bits) const noexcept {
        const double value =
            high_[bits >> 56U] * middle_[(bits >> 48U) & 255U] * low_[(bits >> 40U) & 255U];
        return static_cast<std::int64_t>(value + 0.5);
    }

  private:
    std::array<double, 256> high_;
    std::array<double, 256> middle_;
    std::array<double, 256> low_;
};

}  // namespace thalweg
