#pragma once

#include "ops/expr/functions.h"
#include "state/base/time.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <cstdint>

namespace thalweg {

// DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ as one: what the clock on the wall reads, in nanoseconds
// since 1970. A TIME reads as one of 1970-01-01.

[[nodiscard]] inline std::int64_t read_clock(const Column& column,
                                             std::size_t row,
                                             const TimeZone& zone) {
    switch (column.type().kind) {
        case TypeKind::kDate: return column.data<std::int32_t>()[row] * kNanosPerDay;
        case TypeKind::kTime: return column.data<std::int32_t>()[row] * kNanosPerMilli;
        case TypeKind::kTimestampLtz: return zone.to_local(column.data<std::int64_t>()[row]);
        default: return column.data<std::int64_t>()[row];
    }
}

// The other way: sets the row of a result to what the clock reads then.
inline void set_clock(Column& column, std::size_t row, std::int64_t local, const TimeZone& zone) {
    switch (column.type().kind) {
        case TypeKind::kDate:
            column.data<std::int32_t>()[row] =
                static_cast<std::int32_t>(floor_div(local, kNanosPerDay));
            return;
        case TypeKind::kTime:
            column.data<std::int32_t>()[row] =
                static_cast<std::int32_t>(floor_mod(local, kNanosPerDay) / kNanosPerMilli);
            return;
        case TypeKind::kTimestampLtz: column.data<std::int64_t>()[row] = zone.to_utc(local); return;
        default: column.data<std::int64_t>()[row] = local;
    }
}

}  // namespace thalweg
