// Dates and instants as text: patterns, Unix seconds, and other time zones.

#include "ops/expr/date_pattern.h"
#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

using PatternPtr = std::shared_ptr<const DatePattern>;

// What a call knows when it is planned: its pattern, if that is a literal or goes without saying,
// and the zone of the session.
struct TextCall {
    PatternPtr pattern;
    TimeZonePtr zone;
};

const TextCall& text_call(const KernelCall& call) {
    return *static_cast<const TextCall*>(call.prepared);
}

constexpr std::string_view kSeconds = "yyyy-MM-dd HH:mm:ss";

// Argument 1 is the pattern; without one it is kSeconds.
template <bool kIsWritten>
Result<std::shared_ptr<const void>> prepare_pattern(Arguments arguments,
                                                    const Type&,
                                                    const ExprSettings& settings) {
    TextCall call{nullptr, settings.zone};
    const std::string* const literal =
        arguments.size() > 1 ? literal_string(arguments[1]) : nullptr;
    if (literal != nullptr || arguments.size() == 1) {
        TRY(call.pattern, DatePattern::make(literal == nullptr ? kSeconds : *literal));
        if (kIsWritten && call.pattern->has_offset()) {
            return fail(Code::kInvalid,
                        "the date pattern '" + *literal +
                            "' has an offset (X, Z), which can be "
                            "read but not written");
        }
    }
    return std::make_shared<const TextCall>(std::move(call));
}

const DatePattern* pattern_of(const KernelCall& call, std::size_t row) {
    if (const DatePattern* const pattern = text_call(call).pattern.get()) return pattern;
    return compiled_now<DatePattern>(call, texts(call, 1)[row].view(), DatePattern::make);
}

// --- Text to time -------------------------------------------------------------------------------

std::int64_t to_millis(std::int64_t nanos) {
    return floor_div(nanos, kNanosPerMilli) * kNanosPerMilli;
}

// result[row] = what parse(text, row) gives, at milliseconds; NULL where it gives nothing.
template <class F>
void parse_instants(const KernelCall& call, F parse) {
    std::int64_t* const out = call.result.data<std::int64_t>();
    const StringRef* const in = texts(call, 0);
    call.selection.for_each([&](std::size_t row) {
        const std::optional<std::int64_t> nanos = parse(in[row].view(), row);
        out[row] = nanos ? to_millis(*nanos) : 0;
        if (!nanos) call.result.set_null(row);
    });
}

void kernel_to_timestamp(const KernelCall& call) {
    parse_instants(call, [](std::string_view text, std::size_t) { return parse_timestamp(text); });
}

void kernel_to_timestamp_pattern(const KernelCall& call) {
    parse_instants(call, [&](std::string_view text, std::size_t row) {
        const DatePattern* const pattern = pattern_of(call, row);
        return pattern == nullptr ? std::nullopt : pattern->parse_local(text);
    });
}

void kernel_to_date(const KernelCall& call) {
    std::int32_t* const out = call.result.data<std::int32_t>();
    const StringRef* const in = texts(call, 0);
    const bool has_pattern = call.arguments.size() > 1;
    call.selection.for_each([&](std::size_t row) {
        std::optional<std::int32_t> days;
        if (!has_pattern) {
            days = parse_date(in[row].view());
        } else if (const DatePattern* const pattern = pattern_of(call, row)) {
            const std::optional<std::int64_t> nanos = pattern->parse_local(in[row].view());
            if (nanos) days = static_cast<std::int32_t>(floor_div(*nanos, kNanosPerDay));
        }
        out[row] = days.value_or(0);
        if (!days) call.result.set_null(row);
    });
}

// --- Numbers to time ----------------------------------------------------------------------------

// The nanoseconds of one unit at a precision of 0, 3, 6 or 9 digits; 0 for others.
std::int64_t nanos_at(std::int64_t precision) {
    switch (precision) {
        case 0: return kNanosPerSecond;
        case 3: return kNanosPerMilli;
        case 6: return kNanosPerMicro;
        case 9: return 1;
        default: return 0;
    }
}

const std::int64_t* literal_integer(const ExprPtr& argument) {
    const Value* const value = literal_of(argument);
    return value == nullptr ? nullptr : std::get_if<std::int64_t>(&value->data);
}

// TIMESTAMP_LTZ(3), more when the precision asks for it.
Type returns_instant(Arguments arguments) {
    const std::int64_t* const precision =
        arguments.size() > 1 ? literal_integer(arguments[1]) : nullptr;
    const bool is_fine = precision != nullptr && (*precision == 6 || *precision == 9);
    return Type::timestamp_ltz(is_fine ? static_cast<std::int32_t>(*precision) : 3);
}

std::string bad_precision(std::int64_t precision) {
    return "TO_TIMESTAMP_LTZ takes a precision of 0, 3, 6 or 9, not " + std::to_string(precision);
}

Result<std::shared_ptr<const void>> prepare_number(Arguments arguments,
                                                   const Type&,
                                                   const ExprSettings&) {
    const std::int64_t* const precision =
        arguments.size() > 1 ? literal_integer(arguments[1]) : nullptr;
    if (precision != nullptr && nanos_at(*precision) == 0)
        return fail(Code::kInvalid, bad_precision(*precision));
    return nullptr;
}

std::optional<std::int64_t> scale(std::int64_t value, std::int64_t unit) {
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(value, unit, &nanos)) return std::nullopt;
    return nanos;
}

std::optional<std::int64_t> scale(double value, std::int64_t unit) {
    constexpr double kMax = 9.2e18;
    const double nanos = std::trunc(value * static_cast<double>(unit));
    if (!(std::abs(nanos) < kMax)) return std::nullopt;
    return static_cast<std::int64_t>(nanos);
}

template <class T>
void kernel_number_to_instant(const KernelCall& call) {
    std::int64_t* const out = call.result.data<std::int64_t>();
    const T* const in = call.arguments[0]->data<T>();
    const std::int64_t* const precision = call.arguments.size() > 1 ? integers(call, 1) : nullptr;
    call.selection.for_each([&](std::size_t row) {
        const std::int64_t unit = precision == nullptr ? kNanosPerMilli : nanos_at(precision[row]);
        if (unit == 0) {
            call.context.fail(bad_precision(precision[row]));
            return;
        }
        const std::optional<std::int64_t> nanos = scale(in[row], unit);
        out[row] = nanos.value_or(0);
        if (!nanos) call.result.set_null(row);
    });
}

// --- Time to text -------------------------------------------------------------------------------

void kernel_date_format(const KernelCall& call) {
    const std::int64_t* const in = integers(call, 0);
    const bool is_instant = call.arguments[0]->type().kind == TypeKind::kTimestampLtz;
    const TimeZone& zone = *text_call(call).zone;
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::int64_t nanos = in[row];
        if (const DatePattern* const pattern = pattern_of(call, row))
            pattern->append(out, is_instant ? zone.to_local(nanos) : nanos);
    });
}

void kernel_from_unixtime(const KernelCall& call) {
    const std::int64_t* const seconds = integers(call, 0);
    const TimeZone& zone = *text_call(call).zone;
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        const DatePattern* const pattern = pattern_of(call, row);
        const std::optional<std::int64_t> nanos = scale(seconds[row], kNanosPerSecond);
        if (pattern == nullptr || !nanos) return false;
        pattern->append(out, zone.to_local(*nanos));
        return true;
    });
}

// What follows what the pattern reads is not looked at, and text that it cannot read is the least
// number, both as in Flink.
void kernel_unix_timestamp(const KernelCall& call) {
    std::int64_t* const out = call.result.data<std::int64_t>();
    const StringRef* const in = texts(call, 0);
    const TimeZone& zone = *text_call(call).zone;
    call.selection.for_each([&](std::size_t row) {
        out[row] = std::numeric_limits<std::int64_t>::min();
        const DatePattern* const pattern = pattern_of(call, row);
        if (pattern == nullptr) return;
        const std::optional<DatePattern::Parsed> parsed = pattern->parse(in[row].view());
        if (!parsed) return;
        const std::int64_t utc = parsed->offset_ns
                                     ? saturating_sub(parsed->local_ns, *parsed->offset_ns)
                                     : zone.to_utc(parsed->local_ns);
        out[row] = floor_div(utc, kNanosPerSecond);
    });
}

// --- CONVERT_TZ ---------------------------------------------------------------------------------

// The zones that are literals.
struct Zones {
    TimeZonePtr from;
    TimeZonePtr to;
};

Result<std::shared_ptr<const void>> prepare_convert(Arguments arguments,
                                                    const Type&,
                                                    const ExprSettings&) {
    Zones zones;
    if (const std::string* const name = literal_string(arguments[1])) {
        TRY(zones.from, TimeZone::find(*name));
    }
    if (const std::string* const name = literal_string(arguments[2])) {
        TRY(zones.to, TimeZone::find(*name));
    }
    return std::make_shared<const Zones>(std::move(zones));
}

// The zone named in argument `index`, or nullptr after an error.
TimeZonePtr zone_of(const KernelCall& call, const TimeZonePtr& prepared, StringRef name) {
    if (prepared != nullptr) return prepared;
    auto zone = TimeZone::find(name.view());
    if (zone) return *std::move(zone);
    call.context.fail("CONVERT_TZ: " + zone.error().message);
    return nullptr;
}

void kernel_convert_tz(const KernelCall& call) {
    const Zones& zones = *static_cast<const Zones*>(call.prepared);
    const StringRef* const in = texts(call, 0);
    const StringRef* const from_name = texts(call, 1);
    const StringRef* const to_name = texts(call, 2);
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        const TimeZonePtr from = zone_of(call, zones.from, from_name[row]);
        const TimeZonePtr to = zone_of(call, zones.to, to_name[row]);
        const std::optional<std::int64_t> local = parse_timestamp(in[row].view());
        if (from == nullptr || to == nullptr || !local) return false;
        append_timestamp(out, to->to_local(from->to_utc(*local)), 0);
        return true;
    });
}

// --- The table ----------------------------------------------------------------------------------

Type returns_timestamp(Arguments) {
    return Type::timestamp(3);
}

Type returns_coarse_instant(Arguments) {
    return Type::timestamp_ltz(3);
}

Type returns_date(Arguments) {
    return Type::of(TypeKind::kDate);
}

constexpr Parameter kText = Parameter::kString;
constexpr Parameter kNumber = Parameter::kBigint;

using Prepare = decltype(Function::prepare);

Function time_text_function(std::string_view name,
                            std::vector<Parameter> parameters,
                            ResultRule result,
                            Kernel kernel,
                            Prepare prepare) {
    return {.name = name,
            .parameters = std::move(parameters),
            .result = result,
            .kernel = kernel,
            .nullability = Nullability::kAlways,
            .prepare = prepare};
}

std::vector<Function> make_functions() {
    constexpr Prepare kReads = prepare_pattern<false>;
    constexpr Prepare kWrites = prepare_pattern<true>;
    const auto add = time_text_function;
    return {
        add("TO_TIMESTAMP", {kText}, returns_timestamp, kernel_to_timestamp, nullptr),
        add("TO_TIMESTAMP", {kText, kText}, returns_timestamp, kernel_to_timestamp_pattern, kReads),
        add("TO_DATE", {kText}, returns_date, kernel_to_date, nullptr),
        add("TO_DATE", {kText, kText}, returns_date, kernel_to_date, kReads),
        add("TO_TIMESTAMP_LTZ",
            {kNumber},
            returns_instant,
            kernel_number_to_instant<std::int64_t>,
            prepare_number),
        add("TO_TIMESTAMP_LTZ",
            {kNumber, kNumber},
            returns_instant,
            kernel_number_to_instant<std::int64_t>,
            prepare_number),
        add("TO_TIMESTAMP_LTZ",
            {Parameter::kDouble},
            returns_instant,
            kernel_number_to_instant<double>,
            prepare_number),
        add("TO_TIMESTAMP_LTZ",
            {Parameter::kDouble, kNumber},
            returns_instant,
            kernel_number_to_instant<double>,
            prepare_number),
        add("TO_TIMESTAMP_LTZ", {kText}, returns_coarse_instant, kernel_to_timestamp, nullptr),
        add("TO_TIMESTAMP_LTZ",
            {kText, kText},
            returns_coarse_instant,
            kernel_to_timestamp_pattern,
            kReads),
        add("DATE_FORMAT",
            {Parameter::kTimestampLtz, kText},
            returns_string,
            kernel_date_format,
            kWrites),
        add("DATE_FORMAT",
            {Parameter::kTimestamp, kText},
            returns_string,
            kernel_date_format,
            kWrites),
        add("FROM_UNIXTIME", {kNumber}, returns_string, kernel_from_unixtime, kWrites),
        add("FROM_UNIXTIME", {kNumber, kText}, returns_string, kernel_from_unixtime, kWrites),
        add("UNIX_TIMESTAMP", {kText}, returns_bigint, kernel_unix_timestamp, kReads),
        add("UNIX_TIMESTAMP", {kText, kText}, returns_bigint, kernel_unix_timestamp, kReads),
        add("CONVERT_TZ",
            {kText, kText, kText},
            returns_string,
            kernel_convert_tz,
            prepare_convert),
    };
}

}  // namespace

std::span<const Function> time_text_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
