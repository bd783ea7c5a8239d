#pragma once

#include "state/arena.h"
#include "state/base/assertion.h"
#include "state/type.h"
#include "state/value_range.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// The most rows of a batch. A power of two and a multiple of 64, small enough that a column of
// 8-byte values (8 KiB) stays in the first-level cache while a chain of kernels passes over it.
inline constexpr std::size_t kBatchRows = 1024;

// One typed vector and its nulls.
//
// Shape
//   Values lie dense in one 64-byte aligned block, in the physical form of the type; the value of a
//   null row is unspecified but initialised, so that kernels may compute on it and throw it away.
//   Validity is a bitmap, a set bit meaning "not null", and exists only while some row is null:
//   `validity()` is nullptr for a column without nulls, and kernels take the shorter loop.
//   ARRAY and MAP hold ListRefs into their child columns; ROW holds nothing but children, which
//   are as long as itself.
//   Flat columns of batches have room for kBatchRows; children of lists grow as needed.
//   Whoever has seen all values of an int64 column may leave their range behind; known_range() is
//   it, or nullptr. Who asks for the values to write them takes it away.
//
// Lifetime  Long strings borrow from an arena or a literal that lives elsewhere.
// Threads   One at a time; a column travels with its batch.
class Column {
  public:
    explicit Column(Type type, std::size_t capacity = kBatchRows);

    Column(Column&&) noexcept = default;
    Column& operator=(Column&&) noexcept = default;
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;
    ~Column() = default;

    [[nodiscard]] const Type& type() const noexcept { return type_; }

    [[nodiscard]] Physical physical() const noexcept { return physical_; }

    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // T is the C++ type of the physical form (state/type.h).
    template <class T>
    [[nodiscard]] T* data() noexcept {
        DEBUG_ASSERT(sizeof(T) == physical_bytes(physical_));
        has_range_ = false;
        return reinterpret_cast<T*>(values_.get());
    }

    template <class T>
    [[nodiscard]] const T* data() const noexcept {
        DEBUG_ASSERT(sizeof(T) == physical_bytes(physical_));
        return reinterpret_cast<const T*>(values_.get());
    }

    // The values lie in a row of their own, all of one width, and refer to nothing.
    [[nodiscard]] bool is_flat() const noexcept {
        return physical_ != Physical::kString && physical_ != Physical::kList &&
               physical_ != Physical::kRow;
    }

    // The values, whatever their type.
    [[nodiscard]] const std::byte* bytes() const noexcept { return values_.get(); }

    // A bit per row, or nullptr when no row is null.
    [[nodiscard]] const std::uint64_t* validity() const noexcept {
        return has_nulls_ ? validity_.get() : nullptr;
    }

    // The same for writing: makes the bitmap, all set, if there is none.
    [[nodiscard]] std::uint64_t* make_validity();

    // Declares that no row is null.
    void clear_nulls() noexcept { has_nulls_ = false; }

    [[nodiscard]] bool has_nulls() const noexcept { return has_nulls_; }

    [[nodiscard]] bool is_null(std::size_t row) const noexcept {
        return has_nulls_ && ((validity_[row / 64] >> (row % 64)) & 1U) == 0;
    }

    void set_null(std::size_t row) {
        make_validity()[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    }

    void set_valid(std::size_t row) noexcept {
        if (has_nulls_) validity_[row / 64] |= std::uint64_t{1} << (row % 64);
    }

    // From the least to the greatest of the values that are not null.
    [[nodiscard]] const ValueRange* known_range() const noexcept {
        return has_range_ ? &range_ : nullptr;
    }

    void set_range(ValueRange range) noexcept {
        range_ = range;
        has_range_ = true;
    }

    // Whether every row has the same value (a literal): kernels may read row 0 alone.
    [[nodiscard]] bool is_constant() const noexcept { return is_constant_; }

    void mark_constant(bool constant) noexcept { is_constant_ = constant; }

    [[nodiscard]] std::size_t child_count() const noexcept { return children_.size(); }

    [[nodiscard]] Column& child(std::size_t index) { return children_[index]; }

    [[nodiscard]] const Column& child(std::size_t index) const { return children_[index]; }

    // How many elements the children of a list hold: where the next list starts.
    [[nodiscard]] std::size_t child_rows() const noexcept { return child_rows_; }

    void set_child_rows(std::size_t rows) noexcept { child_rows_ = rows; }

    // Makes room for at least `rows`, keeping values and nulls.
    void reserve(std::size_t rows);

    // Forgets values, nulls and list elements; keeps the memory.
    void clear() noexcept;

    // Copies row `from_row` of `from`, a column of the same physical type, into `row`, long strings
    // into `arena`, lists behind the present elements. Deep: nothing is borrowed from `from`.
    void copy_row(std::size_t row, const Column& from, std::size_t from_row, Arena& arena);

    // The same for rows[0..count) of `from` into [first_row, first_row + count).
    void copy_rows(std::size_t first_row,
                   const Column& from,
                   std::span<const std::uint16_t> rows,
                   Arena& arena);

    // The same for the rows from_row .. from_row + count - 1 of `from`: a block copy where the
    // values are flat and none is null.
    void copy_range(std::size_t first_row,
                    const Column& from,
                    std::size_t from_row,
                    std::size_t count,
                    Arena& arena);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    struct AlignedFree {
        void operator()(void* pointer) const noexcept;
    };

    Type type_;
    Physical physical_;
    bool has_nulls_ = false;
    bool is_constant_ = false;
    bool has_range_ = false;
    ValueRange range_;
    std::size_t capacity_;
    std::size_t child_rows_ = 0;
    std::unique_ptr<std::byte[], AlignedFree> values_;
    std::unique_ptr<std::uint64_t[]> validity_;
    std::vector<Column> children_;
};

}  // namespace thalweg
