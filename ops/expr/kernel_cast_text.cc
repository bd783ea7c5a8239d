#include "ops/expr/cast.h"
#include "ops/expr/kernel.h"
#include "state/base/time.h"
#include "state/text/decimal.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <array>
#include <limits>

namespace thalweg {

namespace {

// --- To text ------------------------------------------------------------------------------------

void append_two_digits(std::string& out, std::int64_t value) {
    if (value < 10) out += '0';
    append_int64(out, value);
}

// "+1-02"
void append_year_month(std::string& out, std::int32_t months) {
    out += months < 0 ? '-' : '+';
    const std::int64_t count = std::abs(std::int64_t{months});
    append_int64(out, count / 12);
    out += '-';
    append_two_digits(out, count % 12);
}

// "+1 10:00:00.004"
void append_day_second(std::string& out, std::int64_t nanos) {
    out += nanos < 0 ? '-' : '+';
    const std::int64_t millis = std::abs(nanos / kNanosPerMilli);
    append_int64(out, millis / 86'400'000);
    out += ' ';
    append_two_digits(out, millis / 3'600'000 % 24);
    out += ':';
    append_two_digits(out, millis / 60'000 % 60);
    out += ':';
    append_two_digits(out, millis / 1000 % 60);
    out += '.';
    if (millis % 1000 < 100) out += '0';
    append_two_digits(out, millis % 1000);
}

void append_element(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    if (column.is_null(row)) {
        out += "NULL";
    } else {
        append_text(out, column, row, zone);
    }
}

void append_list(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    const ListRef list = column.data<ListRef>()[row];
    const bool is_map = column.type().kind == TypeKind::kMap;
    out += is_map ? '{' : '[';
    for (std::uint32_t i = 0; i < list.length; ++i) {
        if (i != 0) out += ", ";
        append_element(out, column.child(0), list.offset + i, zone);
        if (!is_map) continue;
        out += '=';
        append_element(out, column.child(1), list.offset + i, zone);
    }
    out += is_map ? '}' : ']';
}

void append_row(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    out += '(';
    for (std::size_t i = 0; i < column.child_count(); ++i) {
        if (i != 0) out += ", ";
        append_element(out, column.child(i), row, zone);
    }
    out += ')';
}

// Cuts a text to the length of its type and pads CHAR.
void fit_text(std::string& text, const Type& type) {
    const auto length = static_cast<std::size_t>(type.precision);
    if (type.kind == TypeKind::kVarchar && text.size() <= length) return;
    text.resize(utf8_offset(text, length));
    if (type.kind == TypeKind::kChar) text.append(length - utf8_length(text), ' ');
}

void fit_bytes(std::string& bytes, const Type& type) {
    const auto length = static_cast<std::size_t>(type.precision);
    if (type.kind == TypeKind::kBinary || bytes.size() > length) bytes.resize(length, '\0');
}

// --- From text ----------------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

bool equals_folded(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

std::optional<std::uint8_t> parse_boolean(std::string_view text) {
    static constexpr std::array<std::string_view, 5> kTrue = {"t", "true", "y", "yes", "1"};
    static constexpr std::array<std::string_view, 5> kFalse = {"f", "false", "n", "no", "0"};
    const auto is_text = [text](std::string_view word) { return equals_folded(text, word); };
    if (std::any_of(kTrue.begin(), kTrue.end(), is_text)) return std::uint8_t{1};
    if (std::any_of(kFalse.begin(), kFalse.end(), is_text)) return std::uint8_t{0};
    return std::nullopt;
}

// An integer; digits behind a point are checked and cut off, as Flink does.
template <class Width>
std::optional<Width> parse_integer(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point != std::string_view::npos) {
        const std::string_view fraction = text.substr(point + 1);
        if (!std::all_of(
                fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            return std::nullopt;
        }
        text = text.substr(0, point);
    }
    const std::optional<std::int64_t> value = parse_int64(text);
    if (!value.has_value() || *value < std::numeric_limits<Width>::min() ||
        *value > std::numeric_limits<Width>::max()) {
        return std::nullopt;
    }
    return static_cast<Width>(*value);
}

// parse(text) gives an optional value.
template <class To, class Parse>
void fill_parsed(const KernelCall& call, Parse parse) {
    const auto* const texts = call.arguments[0]->data<StringRef>();
    To* const out = call.result.data<To>();
    call.selection.for_each([&](std::size_t row) {
        const auto value = parse(trimmed(texts[row].view()));
        if (value.has_value()) {
            out[row] = *value;
        } else {
            fail_cast(call, row, texts[row].view());
        }
    });
}

// What is a number but too long for the type is NULL; what is none is a failure.
void fill_decimal(const KernelCall& call) {
    const auto* const texts = call.arguments[0]->data<StringRef>();
    auto* const out = call.result.data<Int128>();
    const Type& type = call.result.type();
    call.selection.for_each([&](std::size_t row) {
        const std::string_view text = trimmed(texts[row].view());
        const auto value = parse_decimal(text, type.precision, type.scale);
        if (value.has_value()) {
            out[row] = *value;
            return;
        }
        const auto number = parse_double(text);
        if (number.has_value() && *number - *number == 0.0) {
            call.result.set_null(row);
        } else {
            fail_cast(call, row, texts[row].view());
        }
    });
}

void fill_instant(const KernelCall& call) {
    const bool is_local = call.result.type().kind == TypeKind::kTimestampLtz;
    const std::int32_t precision = call.result.type().precision;
    const TimeZone& zone = *plan_of(call).zone;
    fill_parsed<std::int64_t>(call, [&](std::string_view text) {
        std::optional<std::int64_t> value = parse_timestamp(text);
        if (value.has_value() && is_local) value = zone.to_utc(*value);
        if (value.has_value()) value = cut_instant(*value, precision);
        return value;
    });
}

}  // namespace

void append_text(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    const Type& type = column.type();
    switch (type.kind) {
        case TypeKind::kNull: out += "NULL"; return;
        case TypeKind::kBoolean:
            out += column.data<std::uint8_t>()[row] != 0 ? "TRUE" : "FALSE";
            return;
        case TypeKind::kTinyint:
        case TypeKind::kSmallint:
        case TypeKind::kInt: append_int64(out, column.data<std::int32_t>()[row]); return;
        case TypeKind::kBigint: append_int64(out, column.data<std::int64_t>()[row]); return;
        case TypeKind::kFloat: append_float(out, column.data<float>()[row]); return;
        case TypeKind::kDouble: append_double(out, column.data<double>()[row]); return;
        case TypeKind::kDecimal:
            append_decimal(out, column.data<Int128>()[row], type.scale);
            return;
        case TypeKind::kChar:
        case TypeKind::kVarchar:
        case TypeKind::kBinary:
        case TypeKind::kVarbinary: out += column.data<StringRef>()[row].view(); return;
        case TypeKind::kDate: append_date(out, column.data<std::int32_t>()[row]); return;
        case TypeKind::kTime:
            append_time(out, column.data<std::int32_t>()[row], type.precision);
            return;
        case TypeKind::kTimestamp:
            append_timestamp(out, column.data<std::int64_t>()[row], type.precision);
            return;
        case TypeKind::kTimestampLtz:
            append_timestamp(out, zone.to_local(column.data<std::int64_t>()[row]), type.precision);
            return;
        case TypeKind::kIntervalYearMonth:
            append_year_month(out, column.data<std::int32_t>()[row]);
            return;
        case TypeKind::kIntervalDaySecond:
            append_day_second(out, column.data<std::int64_t>()[row]);
            return;
        case TypeKind::kArray:
        case TypeKind::kMap: append_list(out, column, row, zone); return;
        case TypeKind::kRow: append_row(out, column, row, zone); return;
    }
}

void cast_to_text(const KernelCall& call) {
    const Column& from = *call.arguments[0];
    const Type& type = call.result.type();
    const TimeZone& zone = *plan_of(call).zone;
    auto* const out = call.result.data<StringRef>();
    if (from.type().is_character() && type.kind == TypeKind::kVarchar &&
        type.precision >= from.type().precision) {
        map_unary<StringRef, StringRef>(call, [](const StringRef& a) { return a; });
        return;
    }
    std::string text;
    call.selection.for_each([&](std::size_t row) {
        text.clear();
        append_text(text, from, row, zone);
        fit_text(text, type);
        out[row] = text.size() <= StringRef::kInlineMax
                       ? StringRef(text)
                       : StringRef(call.context.scratch.copy(text));
    });
}

void cast_to_binary(const KernelCall& call) {
    const auto* const from = call.arguments[0]->data<StringRef>();
    auto* const out = call.result.data<StringRef>();
    std::string bytes;
    call.selection.for_each([&](std::size_t row) {
        bytes = from[row].view();
        fit_bytes(bytes, call.result.type());
        out[row] = bytes.size() <= StringRef::kInlineMax
                       ? StringRef(bytes)
                       : StringRef(call.context.scratch.copy(bytes));
    });
}

void cast_from_text(const KernelCall& call) {
    switch (call.result.type().kind) {
        case TypeKind::kBoolean: fill_parsed<std::uint8_t>(call, parse_boolean); return;
        case TypeKind::kTinyint:
            fill_parsed<std::int32_t>(call, parse_integer<std::int8_t>);
            return;
        case TypeKind::kSmallint:
            fill_parsed<std::int32_t>(call, parse_integer<std::int16_t>);
            return;
        case TypeKind::kInt: fill_parsed<std::int32_t>(call, parse_integer<std::int32_t>); return;
        case TypeKind::kBigint:
            fill_parsed<std::int64_t>(call, parse_integer<std::int64_t>);
            return;
        case TypeKind::kFloat: fill_parsed<float>(call, parse_float); return;
        case TypeKind::kDouble: fill_parsed<double>(call, parse_double); return;
        case TypeKind::kDecimal: fill_decimal(call); return;
        case TypeKind::kDate: fill_parsed<std::int32_t>(call, parse_date); return;
        case TypeKind::kTime: fill_parsed<std::int32_t>(call, parse_time); return;
        default: fill_instant(call); return;
    }
}

void cast_nested(const KernelCall& call) {
    call.selection.for_each([&](std::size_t row) {
        call.result.copy_row(row, *call.arguments[0], row, call.context.scratch);
    });
}

}  // namespace thalweg
