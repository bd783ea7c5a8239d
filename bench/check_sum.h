#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg::bench {

// What a result is compared by: the number of its rows, and a sum over a hash of each, whatever
// order they come in. Costs a multiplication for each value; engine and rival both pay it, instead
// of writing results out.
class CheckSum {
  public:
    static constexpr std::size_t kColumnsMax = 8;

    template <class... Values>
    void add_row(Values... values) noexcept {
        static_assert(sizeof...(values) <= kColumnsMax);
        std::size_t column = 0;
        std::uint64_t hash = 0;
        ((hash += static_cast<std::uint64_t>(values) * kOdd[column++]), ...);
        add_hash(hash);
    }

    // Column `column` of a row whose values begin in `hash`; then add_hash.
    [[nodiscard]] static std::uint64_t term(std::size_t column, std::int64_t value) noexcept {
        return static_cast<std::uint64_t>(value) * kOdd[column];
    }

    void add_hash(std::uint64_t hash) noexcept {
        sum_ += (hash ^ (hash >> 29U)) * kOdd[0];
        ++rows_;
    }

    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

    bool operator==(const CheckSum&) const = default;

  private:
    static constexpr std::array<std::uint64_t, kColumnsMax> kOdd = {0x9e3779b97f4a7c15,
                                                                    0xbf58476d1ce4e5b9,
                                                                    0x94d049bb133111eb,
                                                                    0xd6e8feb86659fd93,
                                                                    0xa0761d6478bd642f,
                                                                    0xe7037ed1a0b428db,
                                                                    0x8ebc6af09c88c6e3,
                                                                    0x589965cc75374cc3};

    std::uint64_t rows_ = 0;
    std::uint64_t sum_ = 0;
};

}  // namespace thalweg::bench
