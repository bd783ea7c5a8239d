// Filter, project and unnest: which rows come out, and that nothing else is copied.

#include "ops/row_ops.h"

#include "state/batch.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

// Keeps what is emitted, as values.
class Collector final : public Emitter {
  public:
    std::vector<std::vector<Value>> rows;
    std::vector<const Column*> columns;  // Of the last view.
    std::vector<RowKind> kinds;

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

ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments) {
    return make_call(name, std::move(arguments), {}).value();
}

ExprPtr constant(std::int64_t value) {
    return make_literal({value}, Type::bigint());
}

Batch numbers(std::size_t count) {
    Batch batch(make_schema({{"a", Type::bigint()}, {"b", Type::bigint()}}));
    for (std::size_t row = 0; row < count; ++row) {
        batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(row);
        batch.column(1).data<std::int64_t>()[row] = static_cast<std::int64_t>(row % 7);
        if (row % 5 == 4) batch.column(1).set_null(row);
    }
    batch.set_size(count);
    return batch;
}

TEST_CASE("filter: keeps what is TRUE and counts the rest, NULL included") {
    const Batch batch = numbers(100);
    const auto op = make_filter(call("=", {make_column(1, Type::bigint()), constant(3)}));
    OpContext context;
    Collector out;
    op->process(0, batch.view(), context, out);
    std::size_t expected = 0;
    for (std::size_t row = 0; row < 100; ++row)
        expected += row % 7 == 3 && row % 5 != 4 ? 1U : 0U;
    CHECK_EQ(out.rows.size(), expected);
    CHECK_EQ(context.counters.filtered_rows, 100 - expected);
    CHECK_EQ(out.columns[0], &batch.column(0));  // Passed through.
}

// Fills column 0 of a batch with the row times ten.
class OwedTens final : public OwedCells {
  public:
    explicit OwedTens(Batch& batch) : batch_(batch) { batch.owe(*this); }

    void fill(Selection rows) override {
        rows.for_each([&](std::size_t row) {
            batch_.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(row) * 10;
            ++filled;
        });
    }

    std::size_t filled = 0;

  private:
    Batch& batch_;
};

TEST_CASE("filter: what is owed is filled for the rows that pass, and for no others") {
    Batch batch = numbers(100);
    OwedTens owed(batch);
    OpContext context;
    Collector out;
    const auto none = make_filter(call("=", {make_column(1, Type::bigint()), constant(9)}));
    none->process(0, batch.view(), context, out);
    CHECK_EQ(owed.filled, 0);
    const auto some = make_filter(call("=", {make_column(1, Type::bigint()), constant(3)}));
    some->process(0, batch.view().with(Selection::range(50, 50)), context, out);
    CHECK_EQ(owed.filled, 0);  // A view of a part owes nothing by itself.
    out.rows.clear();
    some->process(0, batch.view(), context, out);
    CHECK_EQ(owed.filled, out.rows.size());
    REQUIRE_FALSE(out.rows.empty());
    CHECK(out.rows.front()[0] == Value{std::int64_t{30}});
    CHECK(out.rows[1][0] == Value{std::int64_t{100}});
    batch.clear();
    CHECK_EQ(batch.view().owed, nullptr);
}

TEST_CASE("project: columns pass through, expressions are computed, kinds stay") {
    Batch batch = numbers(10);
    batch.make_kinds()[3] = RowKind::kDelete;
    const ExprPtr a = make_column(0, Type::bigint());
    const auto op = make_project({a, call("*", {a, constant(2)})});
    OpContext context;
    Collector out;
    op->process(0, batch.view().with(Selection::range(2, 3)), context, out);
    REQUIRE_EQ(out.rows.size(), 3);
    CHECK_EQ(out.columns[0], &batch.column(0));
    CHECK_EQ(out.rows[1][1], Value{std::int64_t{6}});
    CHECK_EQ(out.kinds[1], RowKind::kDelete);
}

TEST_CASE("project: what data must not do ends the query") {
    const Batch batch = numbers(10);
    const ExprPtr b = make_column(1, Type::bigint());
    const auto op = make_project({call("/", {constant(1), b})});
    OpContext context;
    Collector out;
    op->process(0, batch.view(), context, out);
    CHECK_EQ(context.error, "division by zero");
    CHECK(out.rows.empty());
}

TEST_CASE("unnest: each row once for each element, in pieces of a batch") {
    const Type list = Type::array(Type::string());
    const SchemaPtr schema = make_schema({{"id", Type::bigint()}, {"words", list}});
    Batch batch(schema);
    std::size_t expected = 0;
    for (std::size_t row = 0; row < 500; ++row) {
        batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(row);
        Value::List words;
        for (std::size_t i = 0; i < row % 6; ++i)
            words.push_back({std::string(i * 5, 'w') + std::to_string(row)});
        const bool is_null = row % 11 == 0;
        set_value(batch.column(1), row, is_null ? Value{} : Value{words}, batch.arena());
        expected += is_null ? 0 : words.size();
    }
    batch.set_size(500);
    for (const bool keep_empty : {false, true}) {
        const auto op = make_unnest({make_column(1, list), schema, keep_empty, true});
        OpContext context;
        Collector out;
        op->process(0, batch.view(), context, out);
        std::size_t at = 0;
        std::size_t with_element = 0;
        for (std::size_t row = 0; row < 500; ++row) {
            const bool is_empty = row % 11 == 0 || row % 6 == 0;
            if (is_empty && keep_empty) {
                REQUIRE_LT(at, out.rows.size());
                CHECK_EQ(out.rows[at][0], Value{static_cast<std::int64_t>(row)});
                CHECK(out.rows[at][2].is_null());
                CHECK(out.rows[at++][3].is_null());
            }
            for (std::size_t i = 0; i < (is_empty ? 0 : row % 6); ++i, ++at, ++with_element) {
                REQUIRE_LT(at, out.rows.size());
                CHECK_EQ(out.rows[at][0], Value{static_cast<std::int64_t>(row)});
                CHECK_EQ(out.rows[at][2], Value{std::string(i * 5, 'w') + std::to_string(row)});
                CHECK_EQ(out.rows[at][3], Value{static_cast<std::int64_t>(i + 1)});
            }
        }
        CHECK_EQ(at, out.rows.size());
        CHECK_EQ(with_element, expected);
    }
}

}  // namespace
}  // namespace thalweg
