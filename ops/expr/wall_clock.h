#pragma once

#include "ops/expr/functions.h"
#include "ops/expr/time_unit.h"
#include "state/base/time.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace thalweg {

// DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ as one: what the clock on the wall reads. A TIME reads as
// one of 1970-01-01.

[[nodiscard]] inline ClockReading read_clock(const Column& column,
                                             std::size_t row,
                                             const TimeZone& zone) {
    switch (column.type().kind) {
        case TypeKind::kDate: return {column.data<std::int32_t>()[row], 0};
        case TypeKind::kTime: return {0, column.data<std::int32_t>()[row] * kNanosPerMilli};
        case TypeKind::kTimestampLtz:
            return reading_of(zone.to_local(column.data<std::int64_t>()[row]));
        default: return reading_of(column.data<std::int64_t>()[row]);
    }
}

// The other way: sets the row of a result to what the clock reads then, or says that it is no
// instant that a TIMESTAMP can hold. A DATE loses its time, and a TIME its day.
[[nodiscard]] inline bool set_clock(Column& column,
                                    std::size_t row,
                                    ClockReading reading,
                                    const TimeZone& zone) {
    if (column.type().kind == TypeKind::kDate) {
        column.data<std::int32_t>()[row] = reading.days;
        return true;
    }
    if (column.type().kind == TypeKind::kTime) {
        column.data<std::int32_t>()[row] =
            static_cast<std::int32_t>(reading.nanos / kNanosPerMilli);
        return true;
    }
    const std::optional<std::int64_t> local = nanos_of(reading);
    if (!local) return false;
    const bool is_instant = column.type().kind == TypeKind::kTimestampLtz;
    column.data<std::int64_t>()[row] = is_instant ? zone.to_utc(*local) : *local;
    return true;
}

}  // namespace thalweg
