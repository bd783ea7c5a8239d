#pragma once

#include "ops/expr/functions.h"

#include <cstddef>
#include <cstdint>

namespace thalweg {

// The loops of kernels: over a range or a list of rows, with constants taken out of the loop.
//
// map_unary<R, A>(call, f)       result[row] = f(a[row])
// map_binary<R, A, B>(call, f)   result[row] = f(a[row], b[row])
// with R, A and B the C++ types of the physical forms. `f` is inlined: a lambda without state gives
// loops that vectorise. Boolean results are std::uint8_t 0 or 1.
//
// For what does not fit (more arguments, nulls, failures) a kernel loops by itself:
//     call.selection.for_each([&](std::size_t row) { ... });

namespace kernel_loops {

template <class R, class A, class F>
void unary_range(
    R* __restrict out, const A* __restrict a, std::size_t first, std::size_t end, F f) {
    for (std::size_t row = first; row < end; ++row)
        out[row] = static_cast<R>(f(a[row]));
}

template <class R, class A, class F>
void unary_list(R* __restrict out,
                const A* __restrict a,
                std::span<const std::uint16_t> rows,
                F f) {
    for (const std::uint16_t row : rows)
        out[row] = static_cast<R>(f(a[row]));
}

template <class R, class A, class B, class F>
void binary_range(
    R* __restrict out, const A* __restrict a, const B* __restrict b, Selection rows, F f) {
    const std::size_t end = rows.first() + rows.size();
    for (std::size_t row = rows.first(); row < end; ++row)
        out[row] = static_cast<R>(f(a[row], b[row]));
}

template <class R, class A, class B, class F>
void binary_list(R* __restrict out,
                 const A* __restrict a,
                 const B* __restrict b,
                 std::span<const std::uint16_t> rows,
                 F f) {
    for (const std::uint16_t row : rows)
        out[row] = static_cast<R>(f(a[row], b[row]));
}

template <class R, class A, class F>
void unary(R* out, const A* a, Selection rows, F f) {
    if (rows.is_range()) {
        unary_range(out, a, rows.first(), rows.first() + rows.size(), f);
    } else {
        unary_list(out, a, rows.rows(), f);
    }
}

}  // namespace kernel_loops

template <class R, class A, class F>
void map_unary(const KernelCall& call, F f) {
    kernel_loops::unary(call.result.data<R>(), call.arguments[0]->data<A>(), call.selection, f);
}

template <class R, class A, class B, class F>
void map_binary(const KernelCall& call, F f) {
    R* const out = call.result.data<R>();
    const A* const a = call.arguments[0]->data<A>();
    const B* const b = call.arguments[1]->data<B>();
    const Selection rows = call.selection;
    if (call.arguments[1]->is_constant()) {
        const B right = b[0];
        kernel_loops::unary(out, a, rows, [f, right](const A& left) { return f(left, right); });
    } else if (call.arguments[0]->is_constant()) {
        const A left = a[0];
        kernel_loops::unary(out, b, rows, [f, left](const B& right) { return f(left, right); });
    } else if (rows.is_range()) {
        kernel_loops::binary_range(out, a, b, rows, f);
    } else {
        kernel_loops::binary_list(out, a, b, rows.rows(), f);
    }
}

}  // namespace thalweg
