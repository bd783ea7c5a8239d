#include "state/text/decimal.h"

#include "state/base/assertion.h"
#include "state/text/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace thalweg {
namespace {

constexpr std::int32_t kExponentMax = 38;

constexpr std::array<Int128, kExponentMax + 1> make_powers() {
    std::array<Int128, kExponentMax + 1> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i)
        powers[i] = powers[i - 1] * 10;
    return powers;
}

constexpr std::array<Int128, kExponentMax + 1> kPowers = make_powers();

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// A number as it is written: its digits with a point among them, and the power of ten behind.
struct Written {
    bool negative = false;
    std::string_view digits;       // Digits and at most one '.', the leading zeros gone.
    std::int64_t whole_count = 0;  // Digits before the point, less what leading zeros of the
                                   // fraction took: the value is 0.DIGITS times ten to this.
};

// Moves the leading zeros out of the way, so that the first digit counts. All zeros: empty.
void strip_zeros(Written& written) noexcept {
    while (!written.digits.empty()) {
        const char first = written.digits.front();
        if (first != '0' && first != '.') return;
        if (first == '0') --written.whole_count;
        written.digits.remove_prefix(1);
    }
}

std::optional<Written> read(std::string_view text) noexcept {
    text = trim(text);
    Written written;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        written.negative = text.front() == '-';
        text.remove_prefix(1);
    }
    std::size_t at = 0;
    std::size_t count = 0;
    bool point = false;
    for (; at < text.size(); ++at) {
        if (is_digit(text[at])) {
            ++count;
            if (!point) ++written.whole_count;
        } else if (text[at] == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (count == 0) return std::nullopt;
    written.digits = text.substr(0, at);
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        const std::optional<std::int64_t> exponent = parse_int64(text.substr(at + 1));
        // Java's exponents are 32 bits wide as well.
        if (!exponent || *exponent > INT32_MAX || *exponent < INT32_MIN) return std::nullopt;
        written.whole_count += *exponent;
    }
    strip_zeros(written);
    return written;
}

std::optional<Int128> checked(Int128 unscaled, std::int32_t precision) noexcept {
    const Int128 limit = kPowers[static_cast<std::size_t>(precision)];
    if (unscaled >= limit || unscaled <= -limit) return std::nullopt;
    return unscaled;
}

}  // namespace

Int128 power_of_ten(std::int32_t exponent) noexcept {
    DEBUG_ASSERT(exponent >= 0 && exponent <= kExponentMax);
    return kPowers[static_cast<std::size_t>(exponent)];
}

std::optional<Int128> parse_decimal(std::string_view text,
                                    std::int32_t precision,
                                    std::int32_t scale) noexcept {
    const std::optional<Written> written = read(text);
    if (!written) return std::nullopt;
    if (written->digits.empty()) return 0;
    // The value is 0.DIGITS times ten to whole_count: `kept` digits stay, the next one rounds.
    std::int64_t kept = written->whole_count + scale;
    if (kept > precision) return std::nullopt;
    if (kept < 0) return 0;
    Int128 unscaled = 0;
    bool round_up = false;
    for (const char c : written->digits) {
        if (c == '.') continue;
        if (kept == 0) {
            round_up = c >= '5';
            break;
        }
        unscaled = unscaled * 10 + (c - '0');
        --kept;
    }
    if (kept > 0) unscaled *= power_of_ten(static_cast<std::int32_t>(kept));
    if (round_up) ++unscaled;
    return checked(written->negative ? -unscaled : unscaled, precision);
}

void append_decimal(std::string& out, Int128 unscaled, std::int32_t scale) {
    char text[44];  // 39 digits, a point and a sign, from the back.
    char* at = text + sizeof text;
    std::int32_t count = 0;
    const auto put = [&](std::uint64_t digit) {
        if (count == scale && scale > 0) *--at = '.';
        *--at = static_cast<char>('0' + digit);
        ++count;
    };
    UInt128 rest = static_cast<UInt128>(unscaled);
    if (unscaled < 0) rest = 0 - rest;
    // Divisions of 128 bits are slow: peel off pieces of 18 digits.
    constexpr std::uint64_t kPiece = 1'000'000'000'000'000'000;
    constexpr int kPieceDigits = 18;
    while (rest >= kPiece) {
        std::uint64_t piece = static_cast<std::uint64_t>(rest % kPiece);
        rest /= kPiece;
        for (int i = 0; i < kPieceDigits; ++i, piece /= 10)
            put(piece % 10);
    }
    for (std::uint64_t piece = static_cast<std::uint64_t>(rest); piece != 0 || count <= scale;
         piece /= 10)
        put(piece % 10);
    if (unscaled < 0) *--at = '-';
    out.append(at, static_cast<std::size_t>(text + sizeof text - at));
}

std::optional<Int128> rescale_decimal(Int128 unscaled,
                                      std::int32_t from_scale,
                                      std::int32_t precision,
                                      std::int32_t scale) noexcept {
    if (scale >= from_scale) {
        const std::int32_t up = scale - from_scale;
        if (unscaled == 0) return 0;
        if (up > kExponentMax) return std::nullopt;
        Int128 product = 0;
        if (__builtin_mul_overflow(unscaled, power_of_ten(up), &product)) return std::nullopt;
        return checked(product, precision);
    }
    const std::int32_t down = from_scale - scale;
    if (down > kExponentMax) return 0;  // Less than a tenth of the last digit.
    const Int128 divisor = power_of_ten(down);
    Int128 quotient = unscaled / divisor;
    const Int128 remainder = unscaled % divisor;
    // divisor is even: half of it is exact.
    if (remainder >= divisor / 2) ++quotient;
    if (remainder <= -(divisor / 2)) --quotient;
    return checked(quotient, precision);
}

std::optional<Int128> decimal_from_double(double value,
                                          std::int32_t precision,
                                          std::int32_t scale) noexcept {
    if (!std::isfinite(value)) return std::nullopt;
    // The shortest digits, as Java's BigDecimal.valueOf: 0.1 is a tenth.
    char text[40];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    static_cast<void>(error);  // 24 bytes are the most.
    return parse_decimal({text, static_cast<std::size_t>(end - text)}, precision, scale);
}

double decimal_to_double(Int128 unscaled, std::int32_t scale) noexcept {
    // Both sides of the division are exact, so its result is the nearest double.
    constexpr Int128 kExactMax = Int128{1} << 53U;
    constexpr std::int32_t kExactScaleMax = 22;
    if (unscaled <= kExactMax && unscaled >= -kExactMax && scale <= kExactScaleMax)
        return static_cast<double>(unscaled) / static_cast<double>(power_of_ten(scale));
    std::string text;
    append_decimal(text, unscaled, scale);
    return parse_double(text).value_or(0);  // What append_decimal writes is a number.
}

}  // namespace thalweg
