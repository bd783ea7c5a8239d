#pragma once

#include "ops/expr/functions.h"
#include "state/text/time_zone.h"

#include <string>
#include <string_view>

namespace thalweg {

// What CAST and TRY_CAST calls carry in `prepared`, and the kernels that do them, by what they
// make. Every kernel finds the types in its argument and its result.
struct CastPlan {
    bool is_try;
    TimeZonePtr zone;
};

[[nodiscard]] inline const CastPlan& plan_of(const KernelCall& call) {
    return *static_cast<const CastPlan*>(call.prepared);
}

// The value in `row` is not one of the type of the result: NULL for TRY_CAST, or the query's end
// with a message that shows `text`.
void fail_cast(const KernelCall& call, std::size_t row, std::string_view text);

void cast_number(const KernelCall& call);        // numbers and BOOLEAN, but DECIMAL
void cast_to_decimal(const KernelCall& call);    // from numbers and BOOLEAN
void cast_from_decimal(const KernelCall& call);  // to numbers and BOOLEAN
void cast_to_text(const KernelCall& call);       // from every type
void cast_to_binary(const KernelCall& call);     // from texts and bytes
void cast_from_text(const KernelCall& call);     // to every scalar type
void cast_time(const KernelCall& call);          // DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ
void cast_interval(const KernelCall& call);      // intervals from and to integers
void cast_nested(const KernelCall& call);        // lists and rows that lie alike

// Appends the value of a row that is not NULL as CAST(... AS STRING) gives it.
void append_text(std::string& out, const Column& column, std::size_t row, const TimeZone& zone);

// An instant cut to `precision` digits behind the second.
[[nodiscard]] std::int64_t cut_instant(std::int64_t nanos, std::int32_t precision) noexcept;

}  // namespace thalweg
