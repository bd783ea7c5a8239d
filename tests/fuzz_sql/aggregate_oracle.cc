#include "tests/fuzz_sql/aggregate_oracle.h"

#include <algorithm>

namespace thalweg::fuzz {

namespace {

std::int64_t sum_of(const Row& values) {
    std::uint64_t sum = 0;
    for (const Value& value : values)
        sum += static_cast<std::uint64_t>(std::get<std::int64_t>(value));
    return static_cast<std::int64_t>(sum);
}

// What is aggregated: of COUNT(*) something for each row.
Row values_of(const Aggregate& aggregate, const Rows& rows) {
    Row values;
    for (const Row& row : rows) {
        if (!aggregate.filter.empty() && !is_true(evaluate(aggregate.filter[0], row))) continue;
        const Value value =
            aggregate.argument.empty() ? Value(true) : evaluate(aggregate.argument[0], row);
        if (is_null(value)) continue;
        const bool is_new = std::find(values.begin(), values.end(), value) == values.end();
        if (is_new || !aggregate.is_distinct) values.push_back(value);
    }
    return values;
}

}  // namespace

Value aggregate(const Aggregate& aggregate, const Rows& rows) {
    const Row values = values_of(aggregate, rows);
    const auto count = static_cast<std::int64_t>(values.size());
    if (aggregate.kind == AggregateKind::kCountRows || aggregate.kind == AggregateKind::kCount)
        return count;
    if (values.empty()) return {};
    switch (aggregate.kind) {
        case AggregateKind::kSum: return sum_of(values);
        case AggregateKind::kAvg: return sum_of(values) / count;
        case AggregateKind::kMin: return *std::min_element(values.begin(), values.end());
        default: return *std::max_element(values.begin(), values.end());
    }
}

}  // namespace thalweg::fuzz
