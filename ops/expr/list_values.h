#pragma once

#include "ops/expr/functions.h"
#include "state/column.h"

#include <compare>
#include <cstddef>

namespace thalweg {

// What kernels of ARRAY and MAP share: comparing values wherever they lie, and writing lists.
//
// Elements are copied with their strings left where they are: they live as long as the batch.

// Copies one value of any type.
void copy_element(
    Column& to, std::size_t row, const Column& from, std::size_t from_row, Arena& arena);

// One value of a column of any type.
struct ValueAt {
    const Column* column;
    std::size_t row;

    [[nodiscard]] bool is_null() const noexcept { return column->is_null(row); }
};

// A total order of values of one type: NULL before all others and equal to itself, NaN behind all
// others and equal to itself, lists and rows element by element, a shorter list first.
[[nodiscard]] std::strong_ordering compare_values(ValueAt a, ValueAt b);

struct ValueOrder {
    bool operator()(ValueAt a, ValueAt b) const { return compare_values(a, b) < 0; }
};

// The elements of one list: child `child` of a column of ARRAY or MAP.
struct ListElements {
    const Column* column;
    std::size_t first;
    std::size_t count;

    [[nodiscard]] ValueAt operator[](std::size_t index) const noexcept {
        return {column, first + index};
    }
};

[[nodiscard]] inline ListElements list_elements(const Column& lists,
                                                std::size_t row,
                                                std::size_t child = 0) {
    const ListRef list = lists.data<ListRef>()[row];
    return {&lists.child(child), list.offset, list.length};
}

// Writes the lists of a kernel's result, one row after the other.
class ListWriter {
  public:
    explicit ListWriter(const KernelCall& call)
        : call_(call), first_(call.result.child_rows()), next_(first_) {}

    // An element of an ARRAY.
    void add(ValueAt value) {
        put(0, value);
        ++next_;
    }

    // An entry of a MAP.
    void add(ValueAt key, ValueAt value) {
        put(0, key);
        put(1, value);
        ++next_;
    }

    // The list of `row` is what was added since the last one.
    void finish(std::size_t row);

  private:
    void put(std::size_t child, ValueAt value);

    const KernelCall& call_;
    std::size_t first_;
    std::size_t next_;
};

}  // namespace thalweg
