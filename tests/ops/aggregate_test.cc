// Names and result types of aggregates, and what their states do at the edges of their types.

#include "ops/aggregate/aggregate.h"

#include "ops/group_table.h"
#include "state/text/decimal.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("aggregate: names in any case") {
    CHECK_EQ(find_aggregate("count"), AggregateKind::kCount);
    CHECK_EQ(find_aggregate("Stddev_Samp"), AggregateKind::kStddevSamp);
    CHECK_FALSE(find_aggregate("SUMS").has_value());
    CHECK_FALSE(find_aggregate("").has_value());
    for (const std::string& name : aggregate_names())
        CHECK(find_aggregate(name).has_value());
}

TEST_CASE("aggregate: result types") {
    using K = AggregateKind;

    struct Row {
        K kind;
        Type argument;
        std::string_view result;  // Empty: does not fit.
    };

    const Type tiny = Type::of(TypeKind::kTinyint);
    const std::array rows = {
        Row{K::kCountStar, Type(), "BIGINT NOT NULL"},
        Row{K::kCount, Type::string(), "BIGINT NOT NULL"},
        Row{K::kSum, tiny.not_null(), "TINYINT"},
        Row{K::kSum, Type::bigint(), "BIGINT"},
        Row{K::kSum, Type::real(), "FLOAT"},
        Row{K::kSum, Type::decimal(10, 2), "DECIMAL(38, 2)"},
        Row{K::kSum, Type::string(), ""},
        Row{K::kAvg, Type::integer(), "INT"},
        Row{K::kAvg, Type::decimal(10, 2), "DECIMAL(38, 6)"},
        Row{K::kAvg, Type::decimal(10, 8), "DECIMAL(38, 8)"},
        Row{K::kAvg, Type::boolean(), ""},
        Row{K::kMin, Type::string(), "STRING"},
        Row{K::kMax, Type::timestamp(3).not_null(), "TIMESTAMP(3)"},
        Row{K::kFirstValue, Type::array(Type::bigint()), ""},
        Row{K::kVarPop, Type::integer(), "DOUBLE"},
        Row{K::kStddevSamp, Type::decimal(5, 1), "DECIMAL(38, 6)"},
        Row{K::kStddevPop, Type::string(), ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.result);
        const Result<Type> type = aggregate_result_type(row.kind, row.argument);
        REQUIRE_EQ(type.has_value(), !row.result.empty());
        if (type) CHECK_EQ(type->to_string(), row.result);
    }
}

// The only group of a table as the columns of its state.
std::vector<Value> saved(const GroupPlan& plan, const std::byte* group) {
    std::vector<Field> fields;
    plan.layout.append_partial_fields(fields);
    CHECK_EQ(fields.size(), plan.layout.partial_columns());
    Batch batch(make_schema(fields));
    plan.layout.save({group, 0, 1}, batch, 0, 0);
    std::vector<Value> values;
    for (std::size_t i = 0; i < fields.size(); ++i)
        values.push_back(value_at(batch.column(i), 0));
    return values;
}

// A state that was saved and restored is saved the same again, when the rows are gone.
void check_restored(const GroupPlan& plan, const GroupTable& table) {
    std::vector<Field> fields;
    plan.layout.append_partial_fields(fields);
    Batch batch(make_schema(fields));
    table.write(0, 1, batch, true);
    batch.set_size(1);
    Arena arena;
    std::vector<std::uint64_t> group(plan.layout.payload_bytes() / 8, 7);
    auto* const bytes = reinterpret_cast<std::byte*>(group.data());
    plan.layout.restore(bytes, batch.view(), 0, 0, arena);
    std::vector<Value> before;
    for (std::size_t i = 0; i < fields.size(); ++i)
        before.push_back(value_at(batch.column(i), 0));
    batch.clear();
    std::memset(batch.arena().allocate(1000), 'x', 1000);
    CHECK(saved(plan, bytes) == before);
}

// The result of one aggregate over values, each in a table of its own that is merged into one: what
// a hopping window does. All of it again in one table must give the same.
Value aggregate(AggregateKind kind, const Type& type, const std::vector<Value>& values) {
    AggregateCall call;
    call.kind = kind;
    call.argument_type = type;
    call.result_type = *aggregate_result_type(kind, type);
    GroupPlan plan({}, {}, {call}, HashSeed::from(3));
    GroupTable together(plan);
    GroupTable merged(plan);
    for (std::size_t i = 0; i < values.size(); ++i) {
        Batch batch(make_schema({{"value", type}}));
        set_value(batch.column(0), 0, values[i], batch.arena());
        batch.set_size(1);
        GroupTable single(plan);
        single.add(batch.view(), Selection::all(1), i + 1);
        together.add(batch.view(), Selection::all(1), i + 1);
        merged.merge(single);
        check_restored(plan, together);
    }
    Batch out(make_schema({{"result", call.result_type}}));
    together.write(0, 1, out, false);
    out.set_size(1);
    merged.write(0, 1, out, false);
    CHECK_EQ(value_at(out.column(0), 0), value_at(out.column(0), 1));
    return value_at(out.column(0), 0);
}

Value whole(std::int64_t number) {
    return {number};
}

TEST_CASE("aggregate: integer sums wrap at the width of their type") {
    using K = AggregateKind;
    const Type tiny = Type::of(TypeKind::kTinyint);
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    CHECK_EQ(aggregate(K::kSum, tiny, {whole(127), whole(1)}), whole(-128));
    CHECK_EQ(aggregate(K::kSum, Type::integer(), {whole(2'147'483'647), whole(2)}),
             whole(-2'147'483'647));
    CHECK_EQ(aggregate(K::kSum, Type::bigint(), {whole(kMax), whole(1)}), whole(-kMax - 1));
    CHECK_EQ(aggregate(K::kAvg, tiny, {whole(127), whole(126), Value{}}), whole(126));
    CHECK_EQ(aggregate(K::kAvg, Type::integer(), {whole(-7), whole(2)}), whole(-2));
}

TEST_CASE("aggregate: minimum and maximum at the ends of every range") {
    using K = AggregateKind;
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK_EQ(aggregate(K::kMax, Type::bigint(), {whole(kMin)}), whole(kMin));
    CHECK_EQ(aggregate(K::kMin, Type::bigint(), {whole(-1 - kMin)}), whole(-1 - kMin));
    CHECK_EQ(aggregate(K::kMax, Type::integer(), {Value{}, whole(-5), whole(-9)}), whole(-5));
    CHECK_EQ(aggregate(K::kMax, Type::double_precision(), {Value{-kInfinity}}), Value{-kInfinity});
    CHECK_EQ(aggregate(K::kMin, Type::double_precision(), {Value{2.5}, Value{-0.5}}), Value{-0.5});
    CHECK_EQ(aggregate(K::kMin, Type::real(), {Value{kInfinity}}), Value{kInfinity});
    CHECK_EQ(aggregate(K::kMin, Type::boolean(), {Value{true}, Value{false}}), Value{false});
    const Type decimal = Type::decimal(38, 0);
    const Int128 most = power_of_ten(38) - 1;
    CHECK_EQ(aggregate(K::kMin, decimal, {Value{most}, Value{-most}}), Value{-most});
    CHECK_EQ(aggregate(K::kMax, decimal, {Value{-most}, Value{Int128{-1}}}), Value{Int128{-1}});
    CHECK_EQ(aggregate(K::kMax, decimal, {Value{}}), Value{});
}

TEST_CASE("aggregate: decimals are summed exactly, and are NULL past 38 digits") {
    using K = AggregateKind;
    const Type wide = Type::decimal(38, 0);
    const Int128 most = power_of_ten(38) - 1;
    CHECK_EQ(aggregate(K::kSum, wide, {Value{most}, Value{Int128{1}}}), Value{});
    // What overflows on the way does not count: only the sum does.
    CHECK_EQ(aggregate(K::kSum, wide, {Value{most}, Value{most}, Value{-most}}), Value{most});
    const Type money = Type::decimal(10, 2);
    const auto cents = [](std::int64_t number) { return Value{Int128{number}}; };
    CHECK_EQ(aggregate(K::kSum, money, {cents(150), cents(-275), Value{}}), cents(-125));
    // 0.02 / 3 = 0.006667, -0.05 / 3 = -0.016667: away from zero.
    CHECK_EQ(aggregate(K::kAvg, money, {cents(1), cents(1), cents(0)}), cents(6667));
    CHECK_EQ(aggregate(K::kAvg, money, {cents(-2), cents(-2), cents(-1)}), cents(-16667));
    CHECK_EQ(aggregate(K::kVarPop, money, {cents(100), cents(300)}), cents(1'000'000));
    CHECK_EQ(aggregate(K::kVarSamp, money, {cents(100)}), Value{});
}

TEST_CASE("aggregate: texts of changing lengths, and first and last of what is not NULL") {
    using K = AggregateKind;
    const Value brief{std::string("b")};
    const Value longer{std::string(40, 'a')};
    const Value longest{std::string(500, 'c')};
    const Type text = Type::string();
    CHECK_EQ(aggregate(K::kMin, text, {brief, longest, longer}), longer);
    CHECK_EQ(aggregate(K::kMax, text, {brief, longer, longest, brief}), longest);
    CHECK_EQ(aggregate(K::kMax, text, {Value{std::string()}}), Value{std::string()});
    CHECK_EQ(aggregate(K::kFirstValue, text, {Value{}, longer, longest}), longer);
    CHECK_EQ(aggregate(K::kLastValue, text, {longest, longer, brief, longer, Value{}}), longer);
    CHECK_EQ(aggregate(K::kLastValue, text, {Value{}, Value{}}), Value{});
    CHECK_EQ(aggregate(K::kFirstValue, Type::boolean(), {Value{}, Value{true}}), Value{true});
    CHECK_EQ(aggregate(K::kLastValue, Type::decimal(20, 0), {Value{Int128{5}}, Value{}}),
             Value{Int128{5}});
}

}  // namespace
}  // namespace thalweg
