#include "ingest/datagen_column.h"

#include "state/base/time.h"
#include "state/text/decimal.h"
#include "state/text/number.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 2> kKinds = {"random", "sequence"};
constexpr std::size_t kDefaultLength = 100;
constexpr std::int64_t kLengthMax = 1 << 20;
constexpr std::int32_t kMonthsMax = 120;

bool is_whole(const Type& type) {
    return type.is_integer() || type.kind == TypeKind::kDecimal;
}

// The largest whole number, or unscaled decimal, of the type; the smallest is about its negative.
Int128 largest_of(const Type& type) {
    switch (type.kind) {
        case TypeKind::kTinyint: return std::numeric_limits<std::int8_t>::max();
        case TypeKind::kSmallint: return std::numeric_limits<std::int16_t>::max();
        case TypeKind::kInt: return std::numeric_limits<std::int32_t>::max();
        case TypeKind::kDecimal: return power_of_ten(type.precision) - 1;
        default: return std::numeric_limits<std::int64_t>::max();
    }
}

Int128 smallest_of(const Type& type) {
    return type.kind == TypeKind::kDecimal ? -largest_of(type) : -largest_of(type) - 1;
}

// Whether values of the type can be made.
bool is_generated(const Type& type) {
    return type.physical() != Physical::kList && type.physical() != Physical::kRow &&
           type.kind != TypeKind::kNull;
}

// Reads a whole number, or a decimal at the type's scale, that the type can hold.
Result<Int128> whole_number(const SourceOptions& options,
                            const std::string& name,
                            const Type& type,
                            Int128 otherwise) {
    if (!options.has(name)) return otherwise;
    const std::string text = options.text(name, "");
    std::optional<Int128> value;
    if (type.kind == TypeKind::kDecimal) {
        value = parse_decimal(text, type.precision, type.scale);
    } else if (const std::optional<std::int64_t> parsed = parse_int64(text)) {
        value = *parsed;
    }
    if (!value || *value > largest_of(type) || *value < smallest_of(type)) {
        return options.bad(name, "a value of type " + type.to_string());
    }
    return *value;
}

Result<double> real_number(const SourceOptions& options,
                           const std::string& name,
                           double otherwise) {
    if (!options.has(name)) return otherwise;
    const std::optional<double> value = parse_double(options.text(name, ""));
    if (!value) return options.bad(name, "a number");
    return *value;
}

Result<void> read_range(const SourceOptions& options,
                        const std::string& prefix,
                        DatagenField& field) {
    const std::string low_name = prefix + (field.is_sequence ? "start" : "min");
    const std::string high_name = prefix + (field.is_sequence ? "end" : "max");
    if (field.is_sequence) {
        TRY(const std::string start, options.required(low_name));
        TRY(const std::string end, options.required(high_name));
    }
    if (field.type.is_approximate() && !field.is_sequence) {
        const bool is_float = field.type.kind == TypeKind::kFloat;
        const double limit = is_float ? static_cast<double>(std::numeric_limits<float>::max())
                                      : std::numeric_limits<double>::max();
        TRY(field.low, real_number(options, low_name, -limit));
        TRY(field.high, real_number(options, high_name, limit));
        if (field.low > field.high) return options.bad(high_name, "at least '" + low_name + "'");
        return {};
    }
    const Type type = is_whole(field.type) ? field.type : Type::bigint();
    TRY(field.smallest, whole_number(options, low_name, type, smallest_of(type)));
    TRY(field.largest, whole_number(options, high_name, type, largest_of(type)));
    if (field.smallest > field.largest) {
        return options.bad(high_name, "at least '" + low_name + "'");
    }
    return {};
}

Result<std::size_t> read_length(const SourceOptions& options,
                                const std::string& name,
                                const Type& type) {
    const bool is_bounded = type.precision > 0 && type.precision < Type::kLengthMax;
    const std::size_t length =
        is_bounded ? static_cast<std::size_t>(type.precision) : kDefaultLength;
    TRY(const std::int64_t wanted, options.number(name, static_cast<std::int64_t>(length), 1));
    const bool is_too_long = wanted > kLengthMax || (is_bounded && wanted > type.precision);
    if (is_too_long) return options.bad(name, "a length that " + type.to_string() + " can have");
    return static_cast<std::size_t>(wanted);
}

}  // namespace

Result<DatagenField> DatagenField::read(const SourceOptions& options,
                                        const std::string& name,
                                        const Type& type) {
    const std::string prefix = "fields." + name + ".";
    DatagenField field;
    field.type = type;
    if (!is_generated(type)) {
        return fail(Code::kUnsupported,
                    "table '" + options.table() + "': datagen cannot make column '" + name +
                        "' of type " + type.to_string());
    }
    TRY(const std::size_t kind, options.choice(prefix + "kind", kKinds));
    field.is_sequence = kind == 1;
    const bool can_count = type.is_numeric() || type.is_character();
    if (field.is_sequence && !can_count) {
        return options.bad(prefix + "kind", "'random' for " + type.to_string());
    }
    if (type.is_numeric() || field.is_sequence) {
        Result<void> range = read_range(options, prefix, field);
        if (!range) return tl::make_unexpected(std::move(range).error());
    }
    if (type.physical() == Physical::kString) {
        TRY(field.length, read_length(options, prefix + "length", type));
    }
    TRY(field.max_past_ns, options.duration_ns(prefix + "max-past", 0));
    TRY(field.null_rate, real_number(options, prefix + "null-rate", 0));
    if (!(field.null_rate >= 0 && field.null_rate <= 1)) {
        return options.bad(prefix + "null-rate", "a number from 0 to 1");
    }
    return field;
}

template <class T, class Value>
void DatagenColumn::each(const Rows& rows, Column& column, const Value& value) {
    T* const data = column.data<T>();
    for (std::size_t i = 0; i < rows.count; ++i) {
        const std::size_t row = rows.first + i;
        data[row] = static_cast<T>(value(rows.index + i * rows.stride));
        const bool is_null = field_.null_rate > 0 && random_.unit() < field_.null_rate;
        if (is_null) {
            column.set_null(row);
        } else {
            column.set_valid(row);
        }
    }
}

void DatagenColumn::fill(const Rows& rows, Column& column, Arena& arena) {
    const auto integer = [this](std::uint64_t index) { return next_integer(index); };
    const auto real = [this](std::uint64_t index) {
        if (field_.is_sequence) return static_cast<double>(next_integer(index));
        const double part = random_.unit();
        return field_.low * (1 - part) + field_.high * part;
    };
    const auto instant = [&](std::uint64_t) { return next_instant(rows.now_ns); };
    const auto text = [&](std::uint64_t index) { return next_text(index, arena); };
    const auto day = [&](std::uint64_t) {
        return floor_div(next_instant(rows.now_ns), kNanosPerDay);
    };
    const auto time = [&](std::uint64_t) {
        return floor_mod(next_instant(rows.now_ns), kNanosPerDay) / kNanosPerMilli;
    };
    const auto months = [this](std::uint64_t) { return random_.below(kMonthsMax); };
    const auto span = [this](std::uint64_t) { return random_.below(kNanosPerDay); };
    const auto coin = [this](std::uint64_t) { return random_() & 1U; };
    switch (field_.type.kind) {
        case TypeKind::kBoolean: return each<std::uint8_t>(rows, column, coin);
        case TypeKind::kTinyint:
        case TypeKind::kSmallint:
        case TypeKind::kInt: return each<std::int32_t>(rows, column, integer);
        case TypeKind::kBigint: return each<std::int64_t>(rows, column, integer);
        case TypeKind::kDecimal: return each<Int128>(rows, column, integer);
        case TypeKind::kFloat: return each<float>(rows, column, real);
        case TypeKind::kDouble: return each<double>(rows, column, real);
        case TypeKind::kDate: return each<std::int32_t>(rows, column, day);
        case TypeKind::kTime: return each<std::int32_t>(rows, column, time);
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: return each<std::int64_t>(rows, column, instant);
        case TypeKind::kIntervalYearMonth: return each<std::int32_t>(rows, column, months);
        case TypeKind::kIntervalDaySecond: return each<std::int64_t>(rows, column, span);
        default: return each<StringRef>(rows, column, text);
    }
}

Int128 DatagenColumn::next_integer(std::uint64_t index) {
    if (field_.is_sequence) {
        // A decimal counts in whole numbers, whatever its scale.
        const bool is_decimal = field_.type.kind == TypeKind::kDecimal;
        const Int128 step = is_decimal ? power_of_ten(field_.type.scale) : 1;
        return field_.smallest + static_cast<Int128>(index) * step;
    }
    // Unsigned, since DECIMAL(38) spans more than an Int128 holds.
    const auto smallest = static_cast<UInt128>(field_.smallest);
    const UInt128 range = static_cast<UInt128>(field_.largest) - smallest + 1;
    const UInt128 bits = (static_cast<UInt128>(random_()) << 64U) | random_();
    return static_cast<Int128>(smallest + bits % range);
}

std::int64_t DatagenColumn::next_instant(std::int64_t now_ns) {
    // The type's digits and no more: instants of TIMESTAMP(3) are whole milliseconds.
    const bool has_digits = field_.type.is_timestamp();
    const std::int32_t digits = has_digits ? std::clamp(field_.type.precision, 0, 9) : 9;
    const auto unit = static_cast<std::int64_t>(power_of_ten(9 - digits));
    const std::int64_t past = field_.max_past_ns == 0
                                  ? 0
                                  : static_cast<std::int64_t>(random_.below(
                                        static_cast<std::uint64_t>(field_.max_past_ns)));
    const std::int64_t instant = now_ns - past;
    return instant - floor_mod(instant, unit);
}

StringRef DatagenColumn::next_text(std::uint64_t index, Arena& arena) {
    if (field_.is_sequence) {
        std::string text;
        append_int64(text, static_cast<std::int64_t>(next_integer(index)));
        return StringRef(text.size() <= StringRef::kInlineMax ? text : arena.copy(text));
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    char* const bytes = arena.allocate(field_.length);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < field_.length; ++i) {
        const bool is_text = field_.type.is_character();
        if (i % 8 == 0) bits = random_();
        bytes[i] = is_text ? kDigits[bits & 15U] : static_cast<char>(bits & 255U);
        bits >>= 8U;
    }
    return StringRef(std::string_view(bytes, field_.length));
}

}  // namespace thalweg
