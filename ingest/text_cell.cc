#include "ingest/text_cell.h"

#include "ingest/digits.h"
#include "state/base/time.h"
#include "state/text/base64.h"
#include "state/text/decimal.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <simdjson.h>

#include <immintrin.h>

#include <optional>

namespace thalweg {

namespace {

template <class T, class V>
bool write(const std::optional<V>& value, Column& column, std::size_t row) {
    if (!value) return false;
    column.set_valid(row);
    column.data<T>()[row] = static_cast<T>(*value);
    return true;
}

bool equals_lower(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        const char low = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
        if (low != lower[i]) return false;
    }
    return true;
}

bool write_boolean(std::string_view text, Column& column, std::size_t row) {
    const bool is_true = equals_lower(text, "true");
    if (!is_true && !equals_lower(text, "false")) return false;
    column.set_valid(row);
    column.data<std::uint8_t>()[row] = is_true ? 1 : 0;
    return true;
}

// Cuts the digits of the second that the type does not have.
std::int64_t cut(std::int64_t nanos, std::int32_t precision) {
    if (precision >= 9) return nanos;
    const auto unit = static_cast<std::int64_t>(kPowersOfTen[8 - precision] * 10);
    return nanos - floor_mod(nanos, unit);
}

bool write_instant(std::string_view text,
                   Column& column,
                   std::size_t row,
                   const TextContext& context) {
    std::optional<std::int64_t> nanos = parse_timestamp(text);
    if (!nanos) return false;
    const bool is_local = column.type().kind == TypeKind::kTimestampLtz && !text.ends_with('Z');
    if (is_local && !context.zone->is_utc()) nanos = context.zone->to_utc(*nanos);
    column.set_valid(row);
    column.data<std::int64_t>()[row] = cut(*nanos, column.type().precision);
    return true;
}

bool write_time(std::string_view text, Column& column, std::size_t row) {
    const std::optional<std::int32_t> millis = parse_time(text);
    if (!millis) return false;
    const std::int64_t nanos = cut(*millis * kNanosPerMilli, column.type().precision);
    column.set_valid(row);
    column.data<std::int32_t>()[row] = static_cast<std::int32_t>(nanos / kNanosPerMilli);
    return true;
}

bool write_base64(std::string_view text,
                  Column& column,
                  std::size_t row,
                  const TextContext& context) {
    char* const target = context.scratch->allocate(base64_bytes_max(text.size()));
    const std::optional<std::size_t> size = decode_base64(text, target);
    if (!size) return false;
    write_string({target, *size}, column, row);
    return true;
}

}  // namespace

std::string_view trim_blanks(std::string_view text) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

bool write_text(std::string_view text,
                Column& column,
                std::size_t row,
                const TextContext& context) {
    const Type& type = column.type();
    if (type.is_character()) {
        write_string(text, column, row);
        return true;
    }
    text = trim_blanks(text);
    switch (type.kind) {
        case TypeKind::kBoolean: return write_boolean(text, column, row);
        case TypeKind::kTinyint:
        case TypeKind::kSmallint:
        case TypeKind::kInt:
        case TypeKind::kBigint: {
            const std::optional<std::int64_t> value = parse_int64(text);
            return value && write_integer(*value, column, row);
        }
        case TypeKind::kFloat: return write<float>(parse_float(text), column, row);
        case TypeKind::kDouble: return write<double>(parse_double(text), column, row);
        case TypeKind::kDecimal:
            return write<Int128>(parse_decimal(text, type.precision, type.scale), column, row);
        case TypeKind::kDate: return write<std::int32_t>(parse_date(text), column, row);
        case TypeKind::kTime: return write_time(text, column, row);
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: return write_instant(text, column, row, context);
        case TypeKind::kBinary:
        case TypeKind::kVarbinary: return write_base64(text, column, row, context);
        default: return false;
    }
}

bool is_utf8(std::string_view text) noexcept {
    int high_bits = 0;
    std::size_t position = 0;
    for (; position + 32 <= text.size(); position += 32) {
        high_bits |= _mm256_movemask_epi8(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + position)));
    }
    if (position < text.size()) {
        const int mask = _mm256_movemask_epi8(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + position)));
        high_bits |= mask & static_cast<int>((1U << (text.size() - position)) - 1U);
    }
    return high_bits == 0 || simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace thalweg
