#pragma once

#include "state/base/status.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

enum class AggregateKind : std::uint8_t {
    kCountStar,
    kCount,
    kSum,
    kAvg,
    kMin,
    kMax,
    kVarPop,
    kVarSamp,
    kStddevPop,
    kStddevSamp,
    kFirstValue,
    kLastValue,
    kListAgg,
};

// One aggregate call of a GROUP BY, bound: arguments and FILTER are columns of the operator's input
// (a projection before it computes them).
struct AggregateCall {
    AggregateKind kind = AggregateKind::kCountStar;
    bool is_distinct = false;
    std::size_t argument = 0;           // Unused by kCountStar.
    std::optional<std::size_t> filter;  // A BOOLEAN column: only rows where it is TRUE count.
    Type argument_type;
    Type result_type;
    std::string separator = {};  // Of kListAgg.
};

// The aggregate that `name` (any case) means; nothing if there is none. COUNT is kCount.
[[nodiscard]] std::optional<AggregateKind> find_aggregate(std::string_view name);

[[nodiscard]] std::vector<std::string> aggregate_names();

// Flink's result type, or why the argument does not fit: SUM of an integer type is that type (and
// wraps around), of DECIMAL(p, s) DECIMAL(38, s), of FLOAT and DOUBLE that type; AVG the same types
// (integers divide truncating), of DECIMAL(p, s) DECIMAL(38, max(6, s)); COUNT is BIGINT NOT NULL;
// MIN, MAX, FIRST_VALUE, LAST_VALUE their argument's; VAR and STDDEV: DOUBLE for every numeric
// argument but DECIMAL, which follows AVG.
[[nodiscard]] Result<Type> aggregate_result_type(AggregateKind kind, const Type& argument);

}  // namespace thalweg
