// Names and result types of aggregates.

#include "ops/aggregate/aggregate.h"

#include <doctest/doctest.h>

#include <array>

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

}  // namespace
}  // namespace thalweg
