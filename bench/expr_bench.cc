// Programs of expressions against loops written for the one expression, over batches in the cache.
//
// arithmetic  a * 3 + b
// compare     a < b
// filter      WHERE a > 100 AND b * 2 + 1 < 50: half the rows pass the first condition, a quarter
//             of those the second. The rival is what one would write by hand: both conditions in
//             one pass, with and without a branch.
// Every result is compared with that of the rival before it is timed.

#include "bench/bench.h"
#include "ops/expr/program.h"
#include "state/base/random.h"
#include "state/batch.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <vector>

namespace thalweg {
namespace {

ExprPtr a() {
    return make_column(0, Type::bigint());
}

ExprPtr b() {
    return make_column(1, Type::bigint());
}

ExprPtr constant(std::int64_t value) {
    return make_literal({value}, Type::bigint());
}

ExprPtr call(std::string_view name, ExprPtr left, ExprPtr right) {
    return make_call(name, {std::move(left), std::move(right)}, {}).value();
}

ExprPtr arithmetic() {
    return call("+", call("*", a(), constant(3)), b());
}

ExprPtr comparison() {
    return call("<", a(), b());
}

ExprPtr condition() {
    const ExprPtr second =
        call("<", call("+", call("*", b(), constant(2)), constant(1)), constant(50));
    return call("AND", call(">", a(), constant(100)), second);
}

// A full batch; with `nulls`, one row of eight is NULL in b.
Batch make_batch(bool nulls) {
    Batch batch(make_schema({{"a", Type::bigint()}, {"b", Type::bigint()}}));
    Random random(1);
    for (std::size_t row = 0; row < kBatchRows; ++row) {
        batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(random.below(201));
        batch.column(1).data<std::int64_t>()[row] = static_cast<std::int64_t>(random.below(98));
        if (nulls && random.below(8) == 0) batch.column(1).set_null(row);
    }
    batch.set_size(kBatchRows);
    return batch;
}

const std::int64_t* values(const Batch& batch, std::size_t column) {
    return batch.column(column).data<std::int64_t>();
}

// --- By hand ------------------------------------------------------------------------------------

void arithmetic_by_hand(const Batch& batch, std::int64_t* out) {
    const std::int64_t* const left = values(batch, 0);
    const std::int64_t* const right = values(batch, 1);
    for (std::size_t row = 0; row < kBatchRows; ++row)
        out[row] = left[row] * 3 + right[row];
}

void compare_by_hand(const Batch& batch, std::uint8_t* out) {
    const std::int64_t* const left = values(batch, 0);
    const std::int64_t* const right = values(batch, 1);
    for (std::size_t row = 0; row < kBatchRows; ++row)
        out[row] = left[row] < right[row] ? 1 : 0;
}

std::size_t filter_without_branch(const Batch& batch, std::uint16_t* out) {
    const std::int64_t* const left = values(batch, 0);
    const std::int64_t* const right = values(batch, 1);
    std::size_t count = 0;
    for (std::size_t row = 0; row < kBatchRows; ++row) {
        const bool first = left[row] > 100;
        const bool second = right[row] * 2 + 1 < 50;
        out[count] = static_cast<std::uint16_t>(row);
        count += static_cast<std::size_t>(first & second & !batch.column(1).is_null(row));
    }
    return count;
}

std::size_t filter_with_branch(const Batch& batch, std::uint16_t* out) {
    const std::int64_t* const left = values(batch, 0);
    const std::int64_t* const right = values(batch, 1);
    std::size_t count = 0;
    for (std::size_t row = 0; row < kBatchRows; ++row) {
        if (left[row] > 100 && !batch.column(1).is_null(row) && right[row] * 2 + 1 < 50)
            out[count++] = static_cast<std::uint16_t>(row);
    }
    return count;
}

// --- Timed --------------------------------------------------------------------------------------

using Rows = std::array<std::uint16_t, kBatchRows + 1>;

void arithmetic_program(benchmark::State& state) {
    const Batch batch = make_batch(false);
    Program program({arithmetic()});
    OpContext context;
    std::array<std::int64_t, kBatchRows> expected;
    arithmetic_by_hand(batch, expected.data());
    const auto* const result = program.run(batch.view(), context)[0]->data<std::int64_t>();
    for (std::size_t row = 0; row < kBatchRows; ++row)
        require_equal(static_cast<std::uint64_t>(result[row]),
                      static_cast<std::uint64_t>(expected[row]),
                      "a * 3 + b");
    for (auto _ : state)
        benchmark::DoNotOptimize(program.run(batch.view(), context).data());
    report_per_record(state, kBatchRows);
}

void arithmetic_rival(benchmark::State& state) {
    const Batch batch = make_batch(false);
    std::array<std::int64_t, kBatchRows> out;
    for (auto _ : state) {
        arithmetic_by_hand(batch, out.data());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report_per_record(state, kBatchRows);
}

void compare_program(benchmark::State& state) {
    const Batch batch = make_batch(false);
    Program program({comparison()});
    OpContext context;
    std::array<std::uint8_t, kBatchRows> expected;
    compare_by_hand(batch, expected.data());
    const auto* const result = program.run(batch.view(), context)[0]->data<std::uint8_t>();
    for (std::size_t row = 0; row < kBatchRows; ++row)
        require_equal(result[row], expected[row], "a < b");
    for (auto _ : state)
        benchmark::DoNotOptimize(program.run(batch.view(), context).data());
    report_per_record(state, kBatchRows);
}

void compare_rival(benchmark::State& state) {
    const Batch batch = make_batch(false);
    std::array<std::uint8_t, kBatchRows> out;
    for (auto _ : state) {
        compare_by_hand(batch, out.data());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report_per_record(state, kBatchRows);
}

// Argument 0: whether b has nulls.
void filter_program(benchmark::State& state) {
    const Batch batch = make_batch(state.range(0) != 0);
    Program program({condition()});
    OpContext context;
    Rows expected;
    const std::size_t count = filter_without_branch(batch, expected.data());
    const Selection kept = program.select(batch.view(), context);
    require_equal(kept.size(), count, "rows kept");
    for (std::size_t i = 0; i < count; ++i)
        require_equal(kept[i], std::size_t{expected[i]}, "row kept");
    for (auto _ : state)
        benchmark::DoNotOptimize(program.select(batch.view(), context).size());
    report_per_record(state, kBatchRows);
}

template <std::size_t (*filter)(const Batch&, std::uint16_t*)>
void filter_rival(benchmark::State& state) {
    const Batch batch = make_batch(state.range(0) != 0);
    Rows out;
    for (auto _ : state) {
        benchmark::DoNotOptimize(filter(batch, out.data()));
        benchmark::ClobberMemory();
    }
    report_per_record(state, kBatchRows);
}

BENCHMARK(arithmetic_program);
BENCHMARK(arithmetic_rival);
BENCHMARK(compare_program);
BENCHMARK(compare_rival);
BENCHMARK(filter_program)->Arg(0)->Arg(1)->ArgName("nulls");
BENCHMARK(filter_rival<filter_without_branch>)->Arg(0)->Arg(1)->ArgName("nulls");
BENCHMARK(filter_rival<filter_with_branch>)->Arg(0)->Arg(1)->ArgName("nulls");

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
