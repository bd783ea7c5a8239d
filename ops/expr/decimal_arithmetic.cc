#include "ops/expr/decimal_arithmetic.h"

#include "state/text/decimal.h"
#include "state/type.h"

#include <algorithm>

namespace thalweg {

namespace {

// An unsigned number of 256 bits.
struct Wide {
    UInt128 high;
    UInt128 low;
};

constexpr std::int32_t kDigits = Type::kDecimalPrecisionMax;

UInt128 magnitude(Int128 value) {
    const auto bits = static_cast<UInt128>(value);
    return value < 0 ? 0 - bits : bits;
}

UInt128 power(std::int32_t exponent) {
    return static_cast<UInt128>(power_of_ten(exponent));
}

Wide multiply(UInt128 a, UInt128 b) {
    constexpr UInt128 kLow = ~std::uint64_t{0};
    const UInt128 low = (a & kLow) * (b & kLow);
    const UInt128 left = (a >> 64U) * (b & kLow);
    const UInt128 right = (a & kLow) * (b >> 64U);
    const UInt128 middle = (low >> 64U) + (left & kLow) + (right & kLow);
    const UInt128 high = (a >> 64U) * (b >> 64U) + (left >> 64U) + (right >> 64U) + (middle >> 64U);
    return {high, (middle << 64U) | (low & kLow)};
}

bool is_less(Wide a, Wide b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

Wide add(Wide a, Wide b) {
    const UInt128 low = a.low + b.low;
    return {a.high + b.high + (low < a.low ? 1 : 0), low};
}

Wide subtract(Wide a, Wide b) {
    return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low};
}

struct Division {
    Wide quotient;
    UInt128 remainder;
};

// Bit by bit: for the rare values that need it. The divisor is below 2^127.
Division divide(Wide dividend, UInt128 divisor) {
    if (dividend.high == 0) return {{0, dividend.low / divisor}, dividend.low % divisor};
    Division result = {{0, 0}, 0};
    for (int bit = 255; bit >= 0; --bit) {
        const UInt128 word = bit >= 128 ? dividend.high : dividend.low;
        const auto shift = static_cast<unsigned>(bit % 128);
        result.remainder = (result.remainder << 1U) | ((word >> shift) & 1U);
        result.quotient.high = (result.quotient.high << 1U) | (result.quotient.low >> 127U);
        result.quotient.low <<= 1U;
        if (result.remainder >= divisor) {
            result.remainder -= divisor;
            result.quotient.low |= 1U;
        }
    }
    return result;
}

Wide divide_half_up(Wide dividend, UInt128 divisor) {
    const Division division = divide(dividend, divisor);
    const bool up = division.remainder >= divisor - division.remainder;
    return up ? add(division.quotient, {0, 1}) : division.quotient;
}

std::optional<Int128> checked(bool is_negative, Wide value, std::int32_t precision) {
    if (value.high != 0 || value.low >= power(precision)) return std::nullopt;
    const auto result = static_cast<Int128>(value.low);
    return is_negative ? -result : result;
}

// value * 10^-dropped, halves away from zero; the last division decides what is a half.
Wide drop_digits(Wide value, std::int32_t dropped) {
    for (; dropped > kDigits; dropped -= kDigits)
        value = divide(value, power(kDigits)).quotient;
    return dropped == 0 ? value : divide_half_up(value, power(dropped));
}

Wide scaled(Int128 value, std::int32_t added) {
    const UInt128 digits = magnitude(value);
    return added == 0 ? Wide{0, digits} : multiply(digits, power(added));
}

}  // namespace

std::optional<Int128> decimal_add(Decimal a, Decimal b, DecimalShape result) noexcept {
    const std::int32_t scale = std::max(a.scale, b.scale);
    const Wide left = scaled(a.unscaled, scale - a.scale);
    const Wide right = scaled(b.unscaled, scale - b.scale);
    bool is_negative = a.unscaled < 0;
    Wide sum = {0, 0};
    if (is_negative == (b.unscaled < 0)) {
        sum = add(left, right);
    } else if (is_less(left, right)) {
        sum = subtract(right, left);
        is_negative = !is_negative;
    } else {
        sum = subtract(left, right);
    }
    return checked(is_negative, drop_digits(sum, scale - result.scale), result.precision);
}

std::optional<Int128> decimal_multiply(Decimal a, Decimal b, DecimalShape result) noexcept {
    const bool is_negative = (a.unscaled < 0) != (b.unscaled < 0);
    const Wide product = multiply(magnitude(a.unscaled), magnitude(b.unscaled));
    const std::int32_t dropped = a.scale + b.scale - result.scale;
    return checked(is_negative, drop_digits(product, dropped), result.precision);
}

std::optional<Int128> decimal_divide(Decimal a, Decimal b, DecimalShape result) noexcept {
    const bool is_negative = (a.unscaled < 0) != (b.unscaled < 0);
    const UInt128 divisor = magnitude(b.unscaled);
    const std::int32_t added = result.scale - a.scale + b.scale;
    if (added < 0) {
        const Wide quotient = divide({0, magnitude(a.unscaled)}, divisor).quotient;
        return checked(is_negative, drop_digits(quotient, -added), result.precision);
    }
    Wide dividend = scaled(a.unscaled, std::min(added, kDigits));
    if (added > kDigits) {
        // More than 38 digits are added only to quotients that are nearly always out of range.
        if (dividend.high != 0) return std::nullopt;
        dividend = multiply(dividend.low, power(std::min(added - kDigits, kDigits)));
    }
    return checked(is_negative, divide_half_up(dividend, divisor), result.precision);
}

std::optional<Int128> decimal_modulo(Decimal a, Decimal b, DecimalShape result) noexcept {
    const std::int32_t scale = std::max(a.scale, b.scale);
    const Wide divisor = scaled(b.unscaled, scale - b.scale);
    Wide remainder = scaled(a.unscaled, scale - a.scale);
    // A divisor past 128 bits was scaled up, so the dividend was not and is the smaller one.
    if (divisor.high == 0) remainder = {0, divide(remainder, divisor.low).remainder};
    const bool is_negative = a.unscaled < 0;
    return checked(is_negative, drop_digits(remainder, scale - result.scale), result.precision);
}

Int128 decimal_drop_digits(Int128 unscaled, std::int32_t digits) noexcept {
    if (digits > kDigits) return 0;
    const Wide value = drop_digits({0, magnitude(unscaled)}, digits);
    const auto result = static_cast<Int128>(value.low);
    return unscaled < 0 ? -result : result;
}

int compare_decimal(Int128 a, std::int32_t a_scale, Int128 b, std::int32_t b_scale) noexcept {
    const auto order = [](Int128 x, Int128 y) { return x < y ? -1 : x > y ? 1 : 0; };
    if (a_scale == b_scale) return order(a, b);
    if (a_scale > b_scale) return -compare_decimal(b, b_scale, a, a_scale);
    // b = whole * factor + rest, and a stands for a * factor.
    const Int128 factor = power_of_ten(b_scale - a_scale);
    Int128 product = 0;
    if (!__builtin_mul_overflow(a, factor, &product)) return order(product, b);
    const int by_whole = order(a, b / factor);
    return by_whole != 0 ? by_whole : order(0, b % factor);
}

}  // namespace thalweg
