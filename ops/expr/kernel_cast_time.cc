#include "ops/expr/cast.h"
#include "ops/expr/kernel.h"
#include "state/base/time.h"

#include <array>

namespace thalweg {

namespace {

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
    const std::int64_t rest = value % unit;
    return value - (rest < 0 ? rest + unit : rest);
}

// The local instant that a value of a date or time type stands for.
std::int64_t local_of(const Column& column, std::size_t row, const TimeZone& zone) {
    switch (column.type().kind) {
        case TypeKind::kDate: return column.data<std::int32_t>()[row] * kNanosPerDay;
        case TypeKind::kTime: return column.data<std::int32_t>()[row] * kNanosPerMilli;
        case TypeKind::kTimestampLtz: return zone.to_local(column.data<std::int64_t>()[row]);
        default: return column.data<std::int64_t>()[row];
    }
}

void store_local(Column& column, std::size_t row, std::int64_t local, const TimeZone& zone) {
    const std::int64_t day = floor_to(local, kNanosPerDay);
    switch (column.type().kind) {
        case TypeKind::kDate:
            column.data<std::int32_t>()[row] = static_cast<std::int32_t>(day / kNanosPerDay);
            return;
        case TypeKind::kTime:
            column.data<std::int32_t>()[row] =
                static_cast<std::int32_t>((local - day) / kNanosPerMilli);
            return;
        case TypeKind::kTimestampLtz:
            column.data<std::int64_t>()[row] =
                cut_instant(zone.to_utc(local), column.type().precision);
            return;
        default:
            column.data<std::int64_t>()[row] = cut_instant(local, column.type().precision);
            return;
    }
}

}  // namespace

std::int64_t cut_instant(std::int64_t nanos, std::int32_t precision) noexcept {
    static constexpr std::array<std::int64_t, 10> kUnits = {
        1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
    return floor_to(nanos, kUnits[static_cast<std::size_t>(precision)]);
}

void cast_time(const KernelCall& call) {
    const Column& from = *call.arguments[0];
    const TimeZone& zone = *plan_of(call).zone;
    if (from.type().kind == call.result.type().kind) {
        if (from.physical() == Physical::kInt32) {
            map_unary<std::int32_t, std::int32_t>(call, [](std::int32_t a) { return a; });
            return;
        }
        const std::int32_t precision = call.result.type().precision;
        map_unary<std::int64_t, std::int64_t>(
            call, [precision](std::int64_t a) { return cut_instant(a, precision); });
        return;
    }
    call.selection.for_each(
        [&](std::size_t row) { store_local(call.result, row, local_of(from, row, zone), zone); });
}

// Months, or milliseconds: what Flink's intervals count.
void cast_interval(const KernelCall& call) {
    const Column& from = *call.arguments[0];
    Column& to = call.result;
    const auto read = [&](std::size_t row) -> std::int64_t {
        if (from.physical() == Physical::kInt32) return from.data<std::int32_t>()[row];
        const std::int64_t value = from.data<std::int64_t>()[row];
        return from.type().kind == TypeKind::kIntervalDaySecond ? value / kNanosPerMilli : value;
    };
    call.selection.for_each([&](std::size_t row) {
        const std::int64_t value = read(row);
        if (to.type().kind == TypeKind::kTinyint) {
            to.data<std::int32_t>()[row] = static_cast<std::int8_t>(value);
        } else if (to.type().kind == TypeKind::kSmallint) {
            to.data<std::int32_t>()[row] = static_cast<std::int16_t>(value);
        } else if (to.physical() == Physical::kInt32) {
            to.data<std::int32_t>()[row] = static_cast<std::int32_t>(value);
        } else {
            const bool is_interval = to.type().kind == TypeKind::kIntervalDaySecond;
            std::int64_t scaled = 0;
            if (__builtin_mul_overflow(value, is_interval ? kNanosPerMilli : 1, &scaled)) {
                call.context.fail("interval out of range");
                return;
            }
            to.data<std::int64_t>()[row] = scaled;
        }
    });
}

}  // namespace thalweg
