// Functions of dates and instants: parts, rounding, sums, differences, and the present.

#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/text_loops.h"
#include "ops/expr/time_unit.h"
#include "ops/expr/wall_clock.h"
#include "state/base/time.h"

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

// What the meaning of all these functions depends on besides their arguments.
struct TimeCall {
    TimeUnit unit;
    TimeZonePtr zone;
};

const TimeCall& time_call(const KernelCall& call) {
    return *static_cast<const TimeCall*>(call.prepared);
}

constexpr std::string_view kOutOfRange = "a TIMESTAMP would be outside of the years 1677 to 2262";

Result<std::shared_ptr<const void>> make_time_call(TimeUnit unit, const ExprSettings& settings) {
    return std::make_shared<const TimeCall>(TimeCall{unit, settings.zone});
}

// Whether a value of this type has the unit, and a calendar: a DATE has no hours to speak of.
bool has_unit(TypeKind kind, TimeUnit unit) {
    const bool of_day = unit < TimeUnit::kDay;
    if (kind == TypeKind::kTime) return of_day;
    return true;
}

// Of functions whose argument `index` is a unit.
Result<TimeUnit> unit_argument(Arguments arguments, std::size_t index, TimeUnit last) {
    const std::string* const text = literal_string(arguments[index]);
    const std::optional<TimeUnit> unit = text == nullptr ? std::nullopt : parse_time_unit(*text);
    if (!unit || *unit > last) {
        return fail(Code::kInvalid,
                    "'" + (text == nullptr ? std::string("NULL") : *text) +
                        "' is no unit of time here: give SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, "
                        "QUARTER, YEAR or the like");
    }
    for (const ExprPtr& argument : arguments) {
        if (has_unit(argument->type.kind, *unit)) continue;
        return fail(Code::kInvalid, "a TIME has no " + *text);
    }
    return *unit;
}

// --- EXTRACT and its short forms ----------------------------------------------------------------

template <std::size_t kArgument>
void kernel_extract(const KernelCall& call) {
    const Column& from = *call.arguments[kArgument];
    const TimeCall& settings = time_call(call);
    std::int64_t* const out = call.result.data<std::int64_t>();
    const TimeUnit unit = settings.unit;
    // The seconds since 1970 are the same everywhere.
    const bool is_instant = unit == TimeUnit::kEpoch;
    const TimeZone& zone = is_instant ? *TimeZone::utc() : *settings.zone;
    call.selection.for_each(
        [&](std::size_t row) { out[row] = extract_unit(unit, read_clock(from, row, zone)); });
}

Result<std::shared_ptr<const void>> prepare_extract(Arguments arguments,
                                                    const Type&,
                                                    const ExprSettings& settings) {
    TRY(const TimeUnit unit, unit_argument(arguments, 0, TimeUnit::kEpoch));
    return make_time_call(unit, settings);
}

template <TimeUnit kUnit>
Result<std::shared_ptr<const void>> prepare_part(Arguments,
                                                 const Type&,
                                                 const ExprSettings& settings) {
    return make_time_call(kUnit, settings);
}

// --- FLOOR and CEIL -----------------------------------------------------------------------------

Result<std::shared_ptr<const void>> prepare_rounding(Arguments arguments,
                                                     const Type&,
                                                     const ExprSettings& settings) {
    TRY(const TimeUnit unit, unit_argument(arguments, 1, TimeUnit::kMillennium));
    return make_time_call(unit, settings);
}

template <ClockReading (*kRound)(TimeUnit, ClockReading) noexcept>
void kernel_round(const KernelCall& call) {
    const Column& from = *call.arguments[0];
    const TimeUnit unit = time_call(call).unit;
    const TimeZone& zone = *time_call(call).zone;
    // Within an hour the offset of the zone stays what it is, also where an hour happens twice.
    const bool keeps_offset =
        from.type().kind == TypeKind::kTimestampLtz && unit <= TimeUnit::kHour;
    call.selection.for_each([&](std::size_t row) {
        const ClockReading reading = read_clock(from, row, zone);
        const ClockReading rounded = kRound(unit, reading);
        if (keeps_offset) {
            const std::int64_t moved = units_between(TimeUnit::kNanosecond, reading, rounded);
            call.result.data<std::int64_t>()[row] =
                saturating_add(from.data<std::int64_t>()[row], moved);
        } else if (!set_clock(call.result, row, rounded, zone)) {
            call.context.fail(std::string(kOutOfRange));
        }
    });
}

// --- TIMESTAMPADD and TIMESTAMPDIFF -------------------------------------------------------------

// A DATE with hours added is a TIMESTAMP.
Type type_of_sum(Arguments arguments) {
    const Type& type = arguments[2]->type;
    const std::string* const text = literal_string(arguments[0]);
    const std::optional<TimeUnit> unit = text == nullptr ? std::nullopt : parse_time_unit(*text);
    if (type.kind == TypeKind::kDate && unit && *unit < TimeUnit::kDay) return Type::timestamp(3);
    return type;
}

void kernel_timestamp_add(const KernelCall& call) {
    const std::int64_t* const count = integers(call, 1);
    const Column& from = *call.arguments[2];
    const TimeUnit unit = time_call(call).unit;
    // Hours are added to the instant, days and months to what the clock reads.
    const bool is_instant = unit < TimeUnit::kDay;
    const TimeZone& zone = is_instant ? *TimeZone::utc() : *time_call(call).zone;
    call.selection.for_each([&](std::size_t row) {
        const auto sum = add_units(unit, read_clock(from, row, zone), count[row]);
        if (!sum || !set_clock(call.result, row, *sum, zone))
            call.context.fail(std::string(kOutOfRange));
    });
}

Result<std::shared_ptr<const void>> prepare_units(Arguments arguments,
                                                  const Type&,
                                                  const ExprSettings& settings) {
    TRY(const TimeUnit unit, unit_argument(arguments, 0, TimeUnit::kYear));
    return make_time_call(unit, settings);
}

void kernel_timestamp_diff(const KernelCall& call) {
    const Column& from = *call.arguments[1];
    const Column& to = *call.arguments[2];
    const TimeUnit unit = time_call(call).unit;
    // Between two instants the time that has passed counts, not what the clocks read.
    const bool are_instants = unit <= TimeUnit::kWeek &&
                              from.type().kind == TypeKind::kTimestampLtz &&
                              to.type().kind == TypeKind::kTimestampLtz;
    const TimeZone& zone = are_instants ? *TimeZone::utc() : *time_call(call).zone;
    std::int32_t* const out = call.result.data<std::int32_t>();
    call.selection.for_each([&](std::size_t row) {
        const std::int64_t difference =
            units_between(unit, read_clock(from, row, zone), read_clock(to, row, zone));
        out[row] = static_cast<std::int32_t>(difference);
        if (out[row] != difference) {
            call.context.fail("TIMESTAMPDIFF: " + std::to_string(difference) +
                              " does not fit INT: take a larger unit");
        }
    });
}

// --- The present --------------------------------------------------------------------------------

std::int64_t now_millis(const KernelCall& call) {
    return floor_div(call.context.now_ns, kNanosPerMilli) * kNanosPerMilli;
}

template <class T>
void fill(const KernelCall& call, T value) {
    T* const out = call.result.data<T>();
    call.selection.for_each([=](std::size_t row) { out[row] = value; });
}

void kernel_now(const KernelCall& call) {
    fill(call, now_millis(call));
}

void kernel_local_timestamp(const KernelCall& call) {
    fill(call, time_call(call).zone->to_local(now_millis(call)));
}

void kernel_current_date(const KernelCall& call) {
    const std::int64_t local = time_call(call).zone->to_local(now_millis(call));
    fill(call, static_cast<std::int32_t>(floor_div(local, kNanosPerDay)));
}

void kernel_current_time(const KernelCall& call) {
    const std::int64_t local = time_call(call).zone->to_local(now_millis(call));
    const std::int64_t seconds = floor_mod(local, kNanosPerDay) / kNanosPerSecond;
    fill(call, static_cast<std::int32_t>(seconds * 1000));
}

void kernel_unix_now(const KernelCall& call) {
    fill(call, floor_div(call.context.now_ns, kNanosPerSecond));
}

// --- The table ----------------------------------------------------------------------------------

Type returns_third(Arguments arguments) {
    return type_of_sum(arguments);
}

Type returns_instant(Arguments) {
    return Type::timestamp_ltz(3);
}

Type returns_timestamp(Arguments) {
    return Type::timestamp(3);
}

Type returns_date(Arguments) {
    return Type::of(TypeKind::kDate);
}

Type returns_time(Arguments) {
    return Type::of(TypeKind::kTime);
}

constexpr Parameter kUnit = Parameter::kLiteralString;

// Strings fit a TIMESTAMP after a cast, so it comes last.
constexpr Parameter kDays[] = {Parameter::kDate, Parameter::kTimestampLtz, Parameter::kTimestamp};
constexpr Parameter kClocks[] = {
    Parameter::kDate, Parameter::kTime, Parameter::kTimestampLtz, Parameter::kTimestamp};

using Prepare = decltype(Function::prepare);

void add_parts(std::vector<Function>& functions,
               std::string_view name,
               Prepare prepare,
               std::span<const Parameter> kinds) {
    for (const Parameter kind : kinds) {
        functions.push_back({.name = name,
                             .parameters = {kind},
                             .result = returns_bigint,
                             .kernel = kernel_extract<0>,
                             .prepare = prepare});
    }
}

void add_present(std::vector<Function>& functions,
                 std::string_view name,
                 ResultRule result,
                 Kernel kernel) {
    functions.push_back({.name = name,
                         .result = result,
                         .kernel = kernel,
                         .volatility = Volatility::kStable,
                         .nullability = Nullability::kNever,
                         .prepare = prepare_part<TimeUnit::kEpoch>});
}

void add_arithmetic(std::vector<Function>& functions) {
    for (const Parameter kind : kClocks) {
        functions.push_back({.name = "EXTRACT",
                             .parameters = {kUnit, kind},
                             .result = returns_bigint,
                             .kernel = kernel_extract<1>,
                             .prepare = prepare_extract});
        for (const std::string_view name : {"FLOOR", "CEIL", "CEILING"}) {
            functions.push_back({.name = name,
                                 .parameters = {kind, kUnit},
                                 .result = returns_first,
                                 .kernel = name == "FLOOR" ? kernel_round<floor_to_unit>
                                                           : kernel_round<ceil_to_unit>,
                                 .prepare = prepare_rounding});
        }
        functions.push_back({.name = "TIMESTAMPADD",
                             .parameters = {kUnit, Parameter::kBigint, kind},
                             .result = returns_third,
                             .kernel = kernel_timestamp_add,
                             .prepare = prepare_units});
    }
    for (const Parameter from : kDays) {
        for (const Parameter to : kDays) {
            functions.push_back({.name = "TIMESTAMPDIFF",
                                 .parameters = {kUnit, from, to},
                                 .result = returns_int,
                                 .kernel = kernel_timestamp_diff,
                                 .prepare = prepare_units});
        }
    }
}

std::vector<Function> make_functions() {
    std::vector<Function> functions;
    add_arithmetic(functions);
    add_parts(functions, "YEAR", prepare_part<TimeUnit::kYear>, kDays);
    add_parts(functions, "QUARTER", prepare_part<TimeUnit::kQuarter>, kDays);
    add_parts(functions, "MONTH", prepare_part<TimeUnit::kMonth>, kDays);
    add_parts(functions, "WEEK", prepare_part<TimeUnit::kWeek>, kDays);
    add_parts(functions, "DAYOFYEAR", prepare_part<TimeUnit::kDayOfYear>, kDays);
    add_parts(functions, "DAYOFMONTH", prepare_part<TimeUnit::kDay>, kDays);
    add_parts(functions, "DAYOFWEEK", prepare_part<TimeUnit::kDayOfWeek>, kDays);
    add_parts(functions, "HOUR", prepare_part<TimeUnit::kHour>, kClocks);
    add_parts(functions, "MINUTE", prepare_part<TimeUnit::kMinute>, kClocks);
    add_parts(functions, "SECOND", prepare_part<TimeUnit::kSecond>, kClocks);
    for (const std::string_view name :
         {"CURRENT_TIMESTAMP", "NOW", "CURRENT_ROW_TIMESTAMP", "PROCTIME"})
        add_present(functions, name, returns_instant, kernel_now);
    add_present(functions, "LOCALTIMESTAMP", returns_timestamp, kernel_local_timestamp);
    add_present(functions, "CURRENT_DATE", returns_date, kernel_current_date);
    add_present(functions, "CURRENT_TIME", returns_time, kernel_current_time);
    add_present(functions, "LOCALTIME", returns_time, kernel_current_time);
    add_present(functions, "UNIX_TIMESTAMP", returns_bigint, kernel_unix_now);
    return functions;
}

}  // namespace

std::span<const Function> time_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
