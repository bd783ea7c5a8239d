// Expand: each row once for each grouping set, with the keys that the set has.

#include "ops/expand.h"

#include "state/batch.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace thalweg {
namespace {

// Keeps what is emitted, as values.
class Collector final : public Emitter {
  public:
    std::vector<std::vector<Value>> rows;
    std::vector<RowKind> kinds;
    std::vector<const Column*> columns;  // Of the last view.

    void emit(const BatchView& view) override {
        columns.assign(view.columns.begin(), view.columns.end());
        view.selection.for_each([&](std::size_t row) {
            std::vector<Value>& values = rows.emplace_back();
            for (const Column* column : view.columns)
                values.push_back(value_at(*column, row));
            if (view.kinds != nullptr) kinds.push_back(view.kinds[row]);
        });
    }
};

// Columns a, 0, 1, 2, ..., and b, a key that may be NULL, 3 times as much but for every fourth.
Batch numbers(std::size_t count) {
    Batch batch(make_schema({{"a", Type::bigint().not_null()}, {"b", Type::bigint()}}));
    for (std::size_t row = 0; row < count; ++row) {
        batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(row);
        batch.column(1).data<std::int64_t>()[row] = static_cast<std::int64_t>(row * 3);
        if (row % 4 == 3) batch.column(1).set_null(row);
    }
    batch.set_size(count);
    return batch;
}

TEST_CASE("expand: all rows of a set after those of the set before, keys it has not are NULL") {
    constexpr std::array<std::size_t, 4> kCounts = {1, 5, kBatchRows - 1, kBatchRows};
    const std::vector<std::vector<bool>> sets = {
        {true, true}, {false, true}, {true, false}, {false, false}, {true, true}};
    for (const std::size_t count : kCounts) {
        CAPTURE(count);
        const Batch batch = numbers(count);
        const auto op = make_expand({{1, 0}, sets}, batch.schema());
        OpContext context;
        Collector out;
        for (const int round : {0, 1}) {
            CAPTURE(round);
            out.rows.clear();
            op->process(0, batch.view(), context, out);
            REQUIRE_EQ(out.rows.size(), sets.size() * count);
            for (std::size_t i = 0; i < out.rows.size(); ++i) {
                const std::size_t row = i % count;
                const std::vector<bool>& has = sets[i / count];
                const Value a = value_at(batch.column(0), row);
                const Value b = value_at(batch.column(1), row);
                const std::vector<Value> expected = {a,
                                                     b,
                                                     has[0] ? b : Value{},
                                                     has[1] ? a : Value{},
                                                     Value{static_cast<std::int64_t>(i / count)}};
                REQUIRE_EQ(out.rows[i], expected);
            }
        }
        CHECK_EQ(out.columns[0], &batch.column(0));  // Nothing is copied.
        CHECK_EQ(out.columns[3], &batch.column(0));
    }
}

TEST_CASE("expand: the selection and the kinds of the rows go with each set") {
    const Batch batch = numbers(6);
    const std::vector<RowKind> kinds = {RowKind::kInsert,
                                        RowKind::kDelete,
                                        RowKind::kInsert,
                                        RowKind::kInsert,
                                        RowKind::kUpdateBefore,
                                        RowKind::kUpdateAfter};
    const std::array<std::uint16_t, 3> selected = {1, 4, 5};
    BatchView view = batch.view();
    view.selection = Selection::list(selected);
    view.kinds = kinds.data();
    const auto op = make_expand({{0}, {{true}, {false}}}, batch.schema());
    OpContext context;
    Collector out;
    op->process(0, view, context, out);
    const std::vector<RowKind> expected = {RowKind::kDelete,
                                           RowKind::kUpdateBefore,
                                           RowKind::kUpdateAfter,
                                           RowKind::kDelete,
                                           RowKind::kUpdateBefore,
                                           RowKind::kUpdateAfter};
    CHECK_EQ(out.kinds, expected);
    CHECK_EQ(out.rows[0][2], Value{std::int64_t{1}});
    CHECK_EQ(out.rows[3][2], Value{});
    CHECK_EQ(out.rows[5][0], Value{std::int64_t{5}});
}

TEST_CASE("expand: all keys in all sets leaves the number alone") {
    const Batch batch = numbers(2);
    const auto op = make_expand({{}, {{}, {}}}, batch.schema());
    OpContext context;
    Collector out;
    op->process(0, batch.view(), context, out);
    REQUIRE_EQ(out.rows.size(), 4);
    CHECK_EQ(out.rows[0].size(), 3);
    CHECK_EQ(out.rows[3][2], Value{std::int64_t{1}});
}

}  // namespace
}  // namespace thalweg
