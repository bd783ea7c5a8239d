// The slices of a batch against a map from slice to rows, over times in order, in short and long
// runs, in turns and scattered, as ranges and lists of rows, with and without NULLs.

#include "ops/row_slicer.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace thalweg {
namespace {

using Rows = std::vector<std::size_t>;
using Slices = std::map<SliceId, Rows>;

constexpr std::int64_t kWidth = 1'000;

enum class Order : std::uint8_t { kSame, kRising, kTurns, kFewMixed, kScattered, kNearTheEnds };

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();

std::int64_t time_of(Order order, std::size_t row, std::int64_t step, Random& random) {
    const auto index = static_cast<std::int64_t>(row);
    switch (order) {
        case Order::kSame: return 5 * kWidth + index % kWidth;
        case Order::kRising: return index * step - 3 * kWidth;
        case Order::kTurns: return (index % 3) * kWidth + 1;
        case Order::kFewMixed: return static_cast<std::int64_t>(random.below(4)) * kWidth;
        case Order::kScattered:
            return static_cast<std::int64_t>(random.below(200)) * kWidth / 2 - 20 * kWidth;
        case Order::kNearTheEnds: break;
    }
    return random.below(2) == 0 ? kFar - 2 * kWidth - index : 2 * kWidth - kFar + index;
}

struct Input {
    std::vector<Column> columns;
    std::vector<const Column*> pointers;
    std::vector<std::uint16_t> list;
    Selection selection;
};

void fill(Input& input, Order order, Random& random) {
    const std::size_t count = 1 + random.below(kBatchRows);
    const auto step = static_cast<std::int64_t>(1 + random.below(2 * kWidth));
    const bool has_nulls = random.below(4) == 0;
    for (std::size_t i = 0; i < 2; ++i)
        input.columns.emplace_back(Type::timestamp(3));
    for (const Column& column : input.columns)
        input.pointers.push_back(&column);
    auto* const first = input.columns[0].data<std::int64_t>();
    auto* const second = input.columns[1].data<std::int64_t>();
    for (std::size_t row = 0; row < count; ++row) {
        first[row] = time_of(order, row, step, random);
        second[row] = time_of(order, row / 3, step, random);
        if (has_nulls && random.below(5) == 0) input.columns[0].set_null(row);
    }
    if (!has_nulls && random.below(2) == 0) {
        for (Column& column : input.columns)
            column.set_range(range_of({std::as_const(column).data<std::int64_t>(), count}));
    }
    const std::size_t from = random.below(count);
    input.selection = Selection::range(from, count - from);
    if (random.below(2) == 0) return;
    for (std::size_t row = 0; row < count; ++row) {
        if (random.below(3) != 0) input.list.push_back(static_cast<std::uint16_t>(row));
    }
    input.selection = Selection::list(input.list);
}

// Which columns say what a row's slice is.
enum class Carried : std::uint8_t { kTime, kEnd, kBoth };

Slices expected_slices(const Input& input, Carried carried, const WindowSpec& spec) {
    Slices slices;
    input.selection.for_each([&](std::size_t row) {
        if (input.columns[0].is_null(row)) return;
        const std::int64_t first = std::as_const(input.columns[0]).data<std::int64_t>()[row];
        const std::int64_t second = std::as_const(input.columns[1]).data<std::int64_t>()[row];
        SliceId id{first, 0};
        if (carried == Carried::kTime) id.end = spec.slice_end(first);
        if (carried == Carried::kBoth) id = {second, first};
        slices[id].push_back(row);
    });
    return slices;
}

void check_cut(RowSlicer& slicer, const WindowSpec& spec, Carried carried, std::uint64_t seed) {
    CAPTURE(seed);
    CAPTURE(int(carried));
    Random random(seed);
    Input input;
    fill(input, static_cast<Order>(seed % 6), random);
    OpContext context;
    Slices found;
    std::size_t rows = 0;
    for (const RowSlicer::Part& part : slicer.cut({input.pointers, input.selection}, context)) {
        CHECK(found.count(part.id) == 0);
        Rows& list = found[part.id];
        part.rows.for_each([&](std::size_t row) { list.push_back(row); });
        rows += part.rows.size();
    }
    CHECK(found == expected_slices(input, carried, spec));
    CHECK(rows + context.counters.null_time_rows == input.selection.size());
}

TEST_CASE("row slicer: by time") {
    for (const std::int64_t offset : {std::int64_t{0}, std::int64_t{333}}) {
        WindowSpec spec;
        spec.size_ns = spec.slide_ns = kWidth;
        spec.offset_ns = offset;
        RowSlicer slicer(spec, false);
        for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed)
            check_cut(slicer, spec, Carried::kTime, seed);
    }
}

TEST_CASE("row slicer: by the slice end that rows carry") {
    WindowSpec spec;
    spec.size_ns = spec.slide_ns = kWidth;
    spec.end_column = 0;
    RowSlicer slicer(spec, true);
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed)
        check_cut(slicer, spec, Carried::kEnd, seed);
}

TEST_CASE("row slicer: by the window that rows carry") {
    WindowSpec spec;
    spec.kind = WindowKind::kAttached;
    spec.start_column = 0;
    spec.end_column = 1;
    RowSlicer slicer(spec, true);
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed)
        check_cut(slicer, spec, Carried::kBoth, seed);
}

TEST_CASE("row slicer: rows in order of time are parts of the selection, not lists") {
    WindowSpec spec;
    spec.size_ns = spec.slide_ns = kWidth;
    RowSlicer slicer(spec, false);
    Column times(Type::timestamp(3));
    for (std::size_t row = 0; row < kBatchRows; ++row)
        times.data<std::int64_t>()[row] = static_cast<std::int64_t>(row) * 40;
    const std::vector<const Column*> columns = {&times};
    OpContext context;
    const auto& parts = slicer.cut({columns, Selection::all(kBatchRows)}, context);
    REQUIRE(parts.size() == 41);
    CHECK(std::all_of(
        parts.begin(), parts.end(), [](const auto& part) { return part.rows.is_range(); }));
    CHECK(parts[1].rows.first() == 25);
    CHECK(parts[1].rows.size() == 25);
}

}  // namespace
}  // namespace thalweg
