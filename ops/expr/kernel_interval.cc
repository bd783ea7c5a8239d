#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/type_rules.h"
#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <array>

namespace thalweg {

namespace {

// Times plus and minus intervals, intervals by themselves. Instants and intervals in nanoseconds
// saturate: an instant past 2262 stays at the end of the range instead of becoming one of 1677.

std::int64_t signed_add(std::int64_t a, std::int64_t b, bool minus) {
    return minus ? saturating_sub(a, b) : saturating_add(a, b);
}

template <bool minus>
void kernel_instant_nanos(const KernelCall& call) {
    map_binary<std::int64_t, std::int64_t, std::int64_t>(
        call, [](std::int64_t a, std::int64_t b) { return signed_add(a, b, minus); });
}

// DATE plus days: what is less than a day is cut off, as Flink does.
template <bool minus>
void kernel_date_nanos(const KernelCall& call) {
    map_binary<std::int32_t, std::int32_t, std::int64_t>(
        call, [](std::int32_t days, std::int64_t interval) {
            const std::int64_t moved = interval / kNanosPerDay;
            return static_cast<std::int32_t>(minus ? days - moved : days + moved);
        });
}

// The clock goes round.
template <bool minus>
void kernel_time_nanos(const KernelCall& call) {
    map_binary<std::int32_t, std::int32_t, std::int64_t>(
        call, [](std::int32_t time, std::int64_t interval) {
            constexpr std::int64_t kDay = kNanosPerDay / kNanosPerMilli;
            const std::int64_t moved = interval / kNanosPerMilli % kDay;
            return static_cast<std::int32_t>((time + (minus ? -moved : moved) + kDay) % kDay);
        });
}

// The same day of the month so many months on, or the month's last day where it has no such day.
std::int32_t add_months(std::int32_t days, std::int64_t months) {
    static constexpr std::array<std::int32_t, 12> kLengths = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const CivilDate date = civil_from_days(days);
    const std::int64_t count = std::int64_t{date.year} * 12 + date.month - 1 + months;
    const std::int64_t month = ((count % 12) + 12) % 12;
    const auto year = static_cast<std::int32_t>((count - month) / 12);
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::int32_t length =
        kLengths[static_cast<std::size_t>(month)] + (month == 1 && is_leap ? 1 : 0);
    return days_from_civil(
        {year, static_cast<std::int32_t>(month) + 1, std::min(date.day, length)});
}

template <bool minus>
void kernel_date_months(const KernelCall& call) {
    map_binary<std::int32_t, std::int32_t, std::int32_t>(
        call, [](std::int32_t days, std::int32_t months) {
            return add_months(days, minus ? -std::int64_t{months} : months);
        });
}

template <bool minus>
void kernel_instant_months(const KernelCall& call) {
    map_binary<std::int64_t, std::int64_t, std::int32_t>(
        call, [](std::int64_t instant, std::int32_t months) {
            std::int64_t of_day = instant % kNanosPerDay;
            if (of_day < 0) of_day += kNanosPerDay;
            const auto day = static_cast<std::int32_t>((instant - of_day) / kNanosPerDay);
            const std::int64_t moved = add_months(day, minus ? -std::int64_t{months} : months);
            std::int64_t nanos = 0;
            if (__builtin_mul_overflow(moved, kNanosPerDay, &nanos))
                return moved < 0 ? std::numeric_limits<std::int64_t>::min()
                                 : std::numeric_limits<std::int64_t>::max();
            return saturating_add(nanos, of_day);
        });
}

template <bool minus>
void kernel_months(const KernelCall& call) {
    map_binary<std::int32_t, std::int32_t, std::int32_t>(call, [](std::int32_t a, std::int32_t b) {
        const auto right = static_cast<std::uint32_t>(b);
        const auto left = static_cast<std::uint32_t>(a);
        return static_cast<std::int32_t>(minus ? left - right : left + right);
    });
}

template <class T>
void kernel_scale(const KernelCall& call) {
    map_binary<T, T, std::int64_t>(call, [](T interval, std::int64_t factor) {
        using U = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<U>(interval) * static_cast<U>(factor));
    });
}

// n * interval is interval * n.
Result<ExprPtr> rewrite_swapped(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    return make_call("*", {arguments[1], arguments[0]}, settings);
}

// interval + time is time + interval.
Result<ExprPtr> rewrite_swapped_sum(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    return make_call("+", {arguments[1], arguments[0]}, settings);
}

template <class T>
void kernel_negate_interval(const KernelCall& call) {
    map_unary<T, T>(call, [](T a) {
        using U = std::make_unsigned_t<T>;
        return static_cast<T>(U{0} - static_cast<U>(a));
    });
}

Function row(std::string_view name,
             Parameter left,
             Parameter right,
             Kernel kernel,
             NullRule nulls = NullRule::kCompute) {
    return {.name = name,
            .parameters = {left, right},
            .result = returns_first,
            .kernel = kernel,
            .nulls = nulls};
}

template <bool minus>
void add_sums(std::vector<Function>& table) {
    using enum Parameter;
    const std::string_view name = minus ? "-" : "+";
    for (const Parameter instant : {kTimestamp, kTimestampLtz}) {
        table.push_back(row(name, instant, kDaySecond, kernel_instant_nanos<minus>));
        table.push_back(
            row(name, instant, kYearMonth, kernel_instant_months<minus>, NullRule::kSkip));
    }
    table.push_back(row(name, kDate, kDaySecond, kernel_date_nanos<minus>));
    table.push_back(row(name, kDate, kYearMonth, kernel_date_months<minus>, NullRule::kSkip));
    table.push_back(row(name, kTime, kDaySecond, kernel_time_nanos<minus>));
    table.push_back(row(name, kDaySecond, kDaySecond, kernel_instant_nanos<minus>));
    table.push_back(row(name, kYearMonth, kYearMonth, kernel_months<minus>));
}

std::vector<Function> make_table() {
    using enum Parameter;
    std::vector<Function> table;
    add_sums<false>(table);
    add_sums<true>(table);
    for (const Parameter interval : {kDaySecond, kYearMonth}) {
        for (const Parameter time : {kTimestamp, kTimestampLtz, kDate, kTime}) {
            table.push_back(
                {.name = "+", .parameters = {interval, time}, .rewrite = rewrite_swapped_sum});
        }
        table.push_back(
            {.name = "*", .parameters = {kInteger, interval}, .rewrite = rewrite_swapped});
    }
    table.push_back(row("*", kDaySecond, kBigint, kernel_scale<std::int64_t>));
    table.push_back(row("*", kYearMonth, kBigint, kernel_scale<std::int32_t>));
    table.push_back({.name = "-",
                     .parameters = {kDaySecond},
                     .result = returns_first,
                     .kernel = kernel_negate_interval<std::int64_t>,
                     .nulls = NullRule::kCompute});
    table.push_back({.name = "-",
                     .parameters = {kYearMonth},
                     .result = returns_first,
                     .kernel = kernel_negate_interval<std::int32_t>,
                     .nulls = NullRule::kCompute});
    return table;
}

}  // namespace

std::span<const Function> interval_functions() {
    static const std::vector<Function> kFunctions = make_table();
    return kFunctions;
}

}  // namespace thalweg
