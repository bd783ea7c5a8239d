#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace thalweg::bench {

// What a result is compared by, whatever order its rows come in: their number, a sum over a hash of
// each row's whole numbers, and a sum of its real numbers, each weighted by where it stands. Real
// numbers are compared to a part in a thousand million, since who adds in another order rounds
// otherwise. Of changes it is the sum of the rows that are left: one that goes is taken away again.
class CheckSum {
  public:
    static constexpr std::size_t kColumnsMax = 8;

    // One row, column by column.
    class Row {
      public:
        void add(std::size_t column, std::int64_t value) noexcept {
            hash_ += static_cast<std::uint64_t>(value) * kOdd[column];
        }

        void add(std::size_t column, double value) noexcept { reals_[column] = value; }

        [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

        [[nodiscard]] double real(std::size_t column) const noexcept { return reals_[column]; }

      private:
        std::uint64_t hash_ = 0;
        std::array<double, kColumnsMax> reals_{};
    };

    template <class... Values>
    [[nodiscard]] static Row row_of(Values... values) noexcept {
        static_assert(sizeof...(values) <= kColumnsMax);
        Row row;
        std::size_t column = 0;
        (add_value(row, column++, values), ...);
        return row;
    }

    template <class... Values>
    void add_row(Values... values) noexcept {
        add(row_of(values...));
    }

    void add(const Row& row) noexcept {
        const std::uint64_t mixed = mix(row);
        sum_ += mixed;
        add_reals(row, mixed, 1);
        ++rows_;
    }

    // A row that was added, or will be.
    void remove(const Row& row) noexcept {
        const std::uint64_t mixed = mix(row);
        sum_ -= mixed;
        add_reals(row, mixed, -1);
        --rows_;
    }

    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

    [[nodiscard]] double real_sum() const noexcept { return real_sum_; }

    [[nodiscard]] bool matches(const CheckSum& other) const noexcept {
        return rows_ == other.rows_ && sum_ == other.sum_ &&
               std::abs(real_sum_ - other.real_sum_) <= 1e-9 * other.real_size_;
    }

  private:
    [[nodiscard]] static std::uint64_t mix(const Row& row) noexcept {
        return (row.hash() ^ (row.hash() >> 29U)) * kOdd[0];
    }

    void add_reals(const Row& row, std::uint64_t mixed, double sign) noexcept {
        for (std::size_t column = 0; column < kColumnsMax; ++column) {
            const std::uint64_t bits = (mixed * kOdd[column]) >> 11U;
            const double weighted = row.real(column) * (1 + static_cast<double>(bits) * 0x1p-53);
            real_sum_ += sign * weighted;
            real_size_ += std::abs(weighted);
        }
    }

    template <class Value>
    static void add_value(Row& row, std::size_t column, Value value) noexcept {
        using Wide = std::conditional_t<std::is_integral_v<Value>, std::int64_t, double>;
        row.add(column, static_cast<Wide>(value));
    }

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
    double real_sum_ = 0;
    double real_size_ = 0;
};

}  // namespace thalweg::bench
