#pragma once

#include "bench/check_sum.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>

namespace thalweg::bench::by_hand {

// A row that comes or goes.
template <std::size_t kSize>
struct Change {
    std::array<std::int64_t, kSize> row;
    bool is_gain;
};

// Where rivals leave their rows. They must write every row of a result out, as an engine does that
// hands it on: into a buffer, which is counted and used again, or summed up when the result is
// checked. Rows are arrays of whole numbers, or have cells(): their columns as a tuple; or they are
// changes of such.
class Results {
  public:
    explicit Results(bool is_checked) : is_checked_(is_checked) {}

    template <class Row>
    void take(std::span<const Row> rows) {
        rows_ += rows.size();
        if (is_checked_) {
            for (const Row& row : rows)
                add(row);
        } else {
            asm volatile("" : : "r"(rows.data()) : "memory");  // They have been written.
        }
    }

    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

    // Of all rows, when they are checked.
    [[nodiscard]] const CheckSum& sum() const noexcept { return sum_; }

  private:
    template <class Row>
    void add(const Row& row) {
        sum_.add(sum_of(row));
    }

    template <std::size_t kSize>
    void add(const Change<kSize>& change) {
        const CheckSum::Row row = sum_of(change.row);
        change.is_gain ? sum_.add(row) : sum_.remove(row);
    }

    template <class Row>
    static CheckSum::Row sum_of(const Row& row) {
        return std::apply([](auto... values) { return CheckSum::row_of(values...); },
                          cells_of(row));
    }

    template <std::size_t kSize>
    static const std::array<std::int64_t, kSize>& cells_of(
        const std::array<std::int64_t, kSize>& row) {
        return row;
    }

    template <class Row>
    static auto cells_of(const Row& row) {
        return row.cells();
    }

    bool is_checked_;
    std::uint64_t rows_ = 0;
    CheckSum sum_;
};

// The buffer. What is in it must be flushed at the end.
template <class Row>
class RowWriter {
  public:
    explicit RowWriter(Results& results)
        : results_(results),
          rows_(std::make_unique<Row[]>(kRows)),
          next_(rows_.get()),
          end_(rows_.get() + kRows) {}

    [[gnu::always_inline]] void add(const Row& row) {
        *next_++ = row;
        if (next_ == end_) [[unlikely]]
            flush();
    }

    // The row stays only if it is wanted: for filters without a branch.
    [[gnu::always_inline]] void add_if(bool is_wanted, const Row& row) {
        *next_ = row;
        next_ += is_wanted;
        if (next_ == end_) [[unlikely]]
            flush();
    }

    void flush() {
        results_.take(std::span<const Row>(rows_.get(), next_));
        next_ = rows_.get();
    }

  private:
    static constexpr std::size_t kRows = 1024;

    Results& results_;
    std::unique_ptr<Row[]> rows_;
    Row* next_;
    Row* end_;
};

}  // namespace thalweg::bench::by_hand
