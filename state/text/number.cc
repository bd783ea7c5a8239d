#include "state/text/number.h"

#include <fast_float/fast_float.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <system_error>

namespace thalweg {
namespace {

// So many digits always fit 64 bits.
constexpr std::size_t kSafeDigits = 18;

// Reads eight digits in one step: all are checked at once, then neighbours are joined to numbers of
// two, four and eight digits. Nothing else is read; false when one is no digit.
bool read_eight_digits(const char* text, std::uint64_t& value) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, sizeof bytes);
    const std::uint64_t digits = bytes - 0x3030303030303030;
    if (((digits | (bytes + 0x4646464646464646)) & 0x8080808080808080) != 0) return false;
    const std::uint64_t pairs = digits * 10 + (digits >> 8U);
    constexpr std::uint64_t kMask = 0x000000ff000000ff;
    constexpr std::uint64_t kHigh = 100 + (std::uint64_t{1'000'000} << 32U);
    constexpr std::uint64_t kLow = 1 + (std::uint64_t{10'000} << 32U);
    value = ((pairs & kMask) * kHigh + ((pairs >> 16U) & kMask) * kLow) >> 32U;
    return true;
}

template <class T>
std::optional<T> parse_floating(std::string_view text) noexcept {
    // fast_float takes '-' but not '+'; Java takes both, one of them.
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    T value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = fast_float::from_chars(text.data(), end, value);
    // Too large is infinity and too small is zero, as in Java: the value is set in both cases.
    if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
    return value;
}

// Appends digits[0..count) as d.dddE-n, or as a plain number of at least one digit after the point;
// `exponent` is that of the first digit.
void append_digits(std::string& out, const char* digits, std::size_t count, int exponent) {
    const auto append_or_zero = [&](std::size_t from) {
        if (from < count) {
            out.append(digits + from, count - from);
        } else {
            out += '0';
        }
    };
    if (exponent < -3 || exponent >= 7) {
        out += digits[0];
        out += '.';
        append_or_zero(1);
        out += 'E';
        append_int64(out, exponent);
    } else if (exponent < 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
        append_or_zero(0);
    } else {
        const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
        out.append(digits, whole < count ? whole : count);
        if (whole > count) out.append(whole - count, '0');
        out += '.';
        append_or_zero(whole);
    }
}

template <class T>
void append_floating(std::string& out, T value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::signbit(value)) {
        out += '-';
        value = -value;
    }
    if (std::isinf(value)) {
        out += "Infinity";
        return;
    }
    // "d.ddde+XX": the shortest digits that read back as the same value.
    char text[40];
    const auto [end, error] =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    static_cast<void>(error);  // 40 bytes are enough for any double.
    const char* const mark =
        static_cast<const char*>(std::memchr(text, 'e', static_cast<std::size_t>(end - text)));
    int exponent = 0;
    std::from_chars(mark + 2, end, exponent);
    if (mark[1] == '-') exponent = -exponent;
    // Close the gap of the point, so that the digits lie together.
    std::size_t count = static_cast<std::size_t>(mark - text);
    if (count > 1) {
        text[1] = text[0];
        --count;
        append_digits(out, text + 1, count, exponent);
    } else {
        append_digits(out, text, count, exponent);
    }
}

}  // namespace

std::optional<std::int64_t> parse_int64(std::string_view text) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    bool negative = false;
    if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';
    if (at == end) return std::nullopt;

    std::uint64_t value = 0;
    const std::size_t size = static_cast<std::size_t>(end - at);
    const char* const safe_end = at + (size < kSafeDigits ? size : kSafeDigits);
    while (safe_end - at >= 8) {
        std::uint64_t eight = 0;
        if (!read_eight_digits(at, eight)) return std::nullopt;
        value = value * 100'000'000 + eight;
        at += 8;
    }
    for (; at != safe_end; ++at) {
        const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
        if (digit > 9) return std::nullopt;
        value = value * 10 + digit;
    }
    for (; at != end; ++at) {
        const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
        if (digit > 9) return std::nullopt;
        if (__builtin_mul_overflow(value, std::uint64_t{10}, &value)) return std::nullopt;
        if (__builtin_add_overflow(value, std::uint64_t{digit}, &value)) return std::nullopt;
    }
    constexpr std::uint64_t kMax =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<double> parse_double(std::string_view text) noexcept {
    return parse_floating<double>(text);
}

std::optional<float> parse_float(std::string_view text) noexcept {
    return parse_floating<float>(text);
}

void append_int64(std::string& out, std::int64_t value) {
    char text[24];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    static_cast<void>(error);  // 20 bytes are the most.
    out.append(text, static_cast<std::size_t>(end - text));
}

void append_double(std::string& out, double value) {
    append_floating(out, value);
}

void append_float(std::string& out, float value) {
    append_floating(out, value);
}

}  // namespace thalweg
