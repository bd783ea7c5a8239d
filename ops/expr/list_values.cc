#include "ops/expr/list_values.h"

#include <algorithm>
#include <type_traits>

namespace thalweg {

namespace {

template <class T>
std::strong_ordering compare_flat(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
        if (a < b) return std::strong_ordering::less;
        if (a > b) return std::strong_ordering::greater;
        return (a != a) <=> (b != b);
    } else {
        return a < b   ? std::strong_ordering::less
               : b < a ? std::strong_ordering::greater
                       : std::strong_ordering::equal;
    }
}

std::strong_ordering compare_lists(ValueAt a, ValueAt b) {
    const ListRef left = a.column->data<ListRef>()[a.row];
    const ListRef right = b.column->data<ListRef>()[b.row];
    for (std::size_t i = 0; i < std::min(left.length, right.length); ++i) {
        for (std::size_t k = 0; k < a.column->child_count(); ++k) {
            const std::strong_ordering order = compare_values(
                {&a.column->child(k), left.offset + i}, {&b.column->child(k), right.offset + i});
            if (order != 0) return order;
        }
    }
    return left.length <=> right.length;
}

}  // namespace

void copy_element(
    Column& to, std::size_t row, const Column& from, std::size_t from_row, Arena& arena) {
    if (from.physical() == Physical::kString && !from.is_null(from_row)) {
        to.data<StringRef>()[row] = from.data<StringRef>()[from_row];
        to.set_valid(row);
        return;
    }
    to.copy_row(row, from, from_row, arena);
}

std::strong_ordering compare_values(ValueAt a, ValueAt b) {
    if (a.is_null() || b.is_null()) return b.is_null() <=> a.is_null();
    if (a.column->physical() == Physical::kList) return compare_lists(a, b);
    if (a.column->physical() == Physical::kRow) {
        for (std::size_t k = 0; k < a.column->child_count(); ++k) {
            const std::strong_ordering order =
                compare_values({&a.column->child(k), a.row}, {&b.column->child(k), b.row});
            if (order != 0) return order;
        }
        return std::strong_ordering::equal;
    }
    return visit_physical(a.column->physical(), [&]<class T>() {
        return compare_flat<T>(a.column->data<T>()[a.row], b.column->data<T>()[b.row]);
    });
}

void ListWriter::put(std::size_t child, ValueAt value) {
    Column& target = call_.result.child(child);
    target.reserve(next_ + 1);
    copy_element(target, next_, *value.column, value.row, call_.context.scratch);
}

void ListWriter::finish(std::size_t row) {
    call_.result.data<ListRef>()[row] = {static_cast<std::uint32_t>(first_),
                                         static_cast<std::uint32_t>(next_ - first_)};
    call_.result.set_child_rows(next_);
    first_ = next_;
}

}  // namespace thalweg
