#include "ops/aggregate/aggregate.h"

#include <algorithm>
#include <array>
#include <utility>

namespace thalweg {

namespace {

struct NamedAggregate {
    std::string_view name;
    AggregateKind kind;
};

constexpr std::array kAggregates = {
    NamedAggregate{"COUNT", AggregateKind::kCount},
    NamedAggregate{"SUM", AggregateKind::kSum},
    NamedAggregate{"AVG", AggregateKind::kAvg},
    NamedAggregate{"MIN", AggregateKind::kMin},
    NamedAggregate{"MAX", AggregateKind::kMax},
    NamedAggregate{"VAR_POP", AggregateKind::kVarPop},
    NamedAggregate{"VAR_SAMP", AggregateKind::kVarSamp},
    NamedAggregate{"VARIANCE", AggregateKind::kVarSamp},
    NamedAggregate{"STDDEV_POP", AggregateKind::kStddevPop},
    NamedAggregate{"STDDEV_SAMP", AggregateKind::kStddevSamp},
    NamedAggregate{"STDDEV", AggregateKind::kStddevSamp},
    NamedAggregate{"FIRST_VALUE", AggregateKind::kFirstValue},
    NamedAggregate{"LAST_VALUE", AggregateKind::kLastValue},
    NamedAggregate{"LISTAGG", AggregateKind::kListAgg},
    NamedAggregate{"APPROX_COUNT_DISTINCT", AggregateKind::kCount},  // As DISTINCT, by the planner.
    // Made of LISTAGG by the planner.
    NamedAggregate{"ARRAY_AGG", AggregateKind::kListAgg},
    NamedAggregate{"COLLECT", AggregateKind::kListAgg},
    NamedAggregate{"JSON_ARRAYAGG", AggregateKind::kListAgg},
    NamedAggregate{"JSON_OBJECTAGG", AggregateKind::kListAgg},
    NamedAggregate{"PERCENTILE", AggregateKind::kListAgg},
};

bool equal_ignoring_case(std::string_view text, std::string_view upper) {
    const auto same = [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
    };
    return std::equal(text.begin(), text.end(), upper.begin(), upper.end(), same);
}

std::string_view name_of(AggregateKind kind) {
    for (const NamedAggregate& each : kAggregates) {
        if (each.kind == kind) return each.name;
    }
    return "COUNT";
}

tl::unexpected<Error> misfit(AggregateKind kind, std::string_view wants, const Type& argument) {
    return fail(Code::kInvalid,
                std::string(name_of(kind)) + " takes " + std::string(wants) +
                    ", not an argument of type " + argument.to_string());
}

Type average_type(const Type& argument) {
    if (argument.kind != TypeKind::kDecimal) return argument.with_nullable(true);
    return Type::decimal(Type::kDecimalPrecisionMax, std::max(6, argument.scale));
}

bool is_flat(const Type& type) {
    return type.kind != TypeKind::kNull && type.kind != TypeKind::kArray &&
           type.kind != TypeKind::kMap && type.kind != TypeKind::kRow;
}

}  // namespace

std::optional<AggregateKind> find_aggregate(std::string_view name) {
    for (const NamedAggregate& each : kAggregates) {
        if (equal_ignoring_case(name, each.name)) return each.kind;
    }
    return std::nullopt;
}

std::vector<std::string> aggregate_names() {
    std::vector<std::string> names;
    for (const NamedAggregate& each : kAggregates)
        names.emplace_back(each.name);
    return names;
}

Result<Type> aggregate_result_type(AggregateKind kind, const Type& argument) {
    switch (kind) {
        case AggregateKind::kCountStar:
        case AggregateKind::kCount: return Type::bigint().not_null();
        case AggregateKind::kMin:
        case AggregateKind::kMax:
        case AggregateKind::kFirstValue:
        case AggregateKind::kLastValue:
            if (!is_flat(argument)) return misfit(kind, "a value that can be compared", argument);
            return argument.with_nullable(true);
        case AggregateKind::kListAgg:
            if (!argument.is_character()) return misfit(kind, "a string", argument);
            return Type::string();
        case AggregateKind::kSum:
            if (!argument.is_numeric()) return misfit(kind, "a number", argument);
            if (argument.kind != TypeKind::kDecimal) return argument.with_nullable(true);
            return Type::decimal(Type::kDecimalPrecisionMax, argument.scale);
        case AggregateKind::kAvg:
            if (!argument.is_numeric()) return misfit(kind, "a number", argument);
            return average_type(argument);
        case AggregateKind::kVarPop:
        case AggregateKind::kVarSamp:
        case AggregateKind::kStddevPop:
        case AggregateKind::kStddevSamp: break;
    }
    if (!argument.is_numeric()) return misfit(kind, "a number", argument);
    if (argument.kind == TypeKind::kDecimal) return average_type(argument);
    return Type::double_precision();
}

}  // namespace thalweg
