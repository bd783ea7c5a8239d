#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/type_rules.h"
#include "state/text/decimal.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace thalweg {

namespace {

// --- DOUBLE -> DOUBLE ---------------------------------------------------------------------------

using Unary = double (*)(double);
using Binary = double (*)(double, double);

template <Unary f>
void kernel_unary(const KernelCall& call) {
    map_unary<double, double>(call, [](double x) { return f(x); });
}

template <Binary f>
void kernel_binary(const KernelCall& call) {
    map_binary<double, double, double>(call, [](double x, double y) { return f(x, y); });
}

template <double value>
void kernel_constant(const KernelCall& call) {
    auto* const out = call.result.data<double>();
    call.selection.for_each([&](std::size_t row) { out[row] = value; });
}

double log_of_base(double base, double x) {
    return std::log(x) / std::log(base);
}

double cotangent(double x) {
    return 1.0 / std::tan(x);
}

double to_degrees(double x) {
    return x * (180.0 / std::numbers::pi);
}

double to_radians(double x) {
    return x / 180.0 * std::numbers::pi;
}

// --- Rounding -----------------------------------------------------------------------------------

enum class Rounding { kFloor, kCeil };

// DECIMAL(p, s) to DECIMAL(p, 0), or with room for a carry.
template <Rounding rounding>
void kernel_decimal_whole(const KernelCall& call) {
    const Int128 unit = power_of_ten(call.arguments[0]->type().scale);
    map_unary<Int128, Int128>(call, [unit](Int128 value) {
        const Int128 whole = value / unit;
        const Int128 rest = value % unit;
        if constexpr (rounding == Rounding::kFloor) return whole - (rest < 0 ? 1 : 0);
        return whole + (rest > 0 ? 1 : 0);
    });
}

template <Rounding rounding>
void kernel_floating_whole(const KernelCall& call) {
    const auto whole = [](auto x) {
        return rounding == Rounding::kFloor ? std::floor(x) : std::ceil(x);
    };
    if (call.result.physical() == Physical::kFloat) {
        map_unary<float, float>(call, whole);
    } else {
        map_unary<double, double>(call, whole);
    }
}

Result<ExprPtr> rewrite_unchanged(std::vector<ExprPtr> arguments, const ExprSettings&) {
    return arguments[0];
}

Type whole_decimal(Arguments arguments) {
    const Type& type = arguments[0]->type;
    return type.scale == 0 ? type : Type::decimal(type.precision, 0);
}

// --- ROUND and TRUNCATE -------------------------------------------------------------------------

// Rounds an unscaled DECIMAL at `digits` behind the point, keeping its scale.
Int128 round_at(Int128 unscaled, std::int32_t scale, std::int32_t digits, bool truncates) {
    const std::int32_t dropped = scale - digits;
    if (dropped <= 0) return unscaled;
    if (dropped > Type::kDecimalPrecisionMax) return 0;
    const Int128 unit = power_of_ten(dropped);
    return (truncates ? unscaled / unit : decimal_drop_digits(unscaled, dropped)) * unit;
}

// As Flink: by way of the shortest decimal that stands for the double, halves away from zero.
double round_double(double x, std::int32_t digits, bool truncates) {
    constexpr std::int32_t kScale = 20;
    const bool fits = std::abs(x) < 1e17;
    if (!(x - x == 0.0) || digits >= kScale || (!fits && digits >= 0)) return x;
    if (!fits) {
        const double unit = std::pow(10.0, -digits);
        return (truncates ? std::trunc(x / unit) : std::round(x / unit)) * unit;
    }
    const std::optional<Int128> exact = decimal_from_double(x, Type::kDecimalPrecisionMax, kScale);
    if (!exact.has_value()) return x;
    return decimal_to_double(round_at(*exact, kScale, digits, truncates), kScale);
}

std::int32_t digits_at(const KernelCall& call, std::size_t row) {
    return call.arguments.size() < 2 ? 0 : call.arguments[1]->data<std::int32_t>()[row];
}

template <bool truncates>
void kernel_round_double(const KernelCall& call) {
    const auto* const in = call.arguments[0]->data<double>();
    auto* const out = call.result.data<double>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = round_double(in[row], digits_at(call, row), truncates);
    });
}

template <bool truncates>
void kernel_round_decimal(const KernelCall& call) {
    const auto* const in = call.arguments[0]->data<Int128>();
    auto* const out = call.result.data<Int128>();
    const std::int32_t scale = call.arguments[0]->type().scale;
    const Type& type = call.result.type();
    call.selection.for_each([&](std::size_t row) {
        const Int128 rounded = round_at(in[row], scale, digits_at(call, row), truncates);
        const auto value = rescale_decimal(rounded, scale, type.precision, type.scale);
        out[row] = value.value_or(0);
        if (!value.has_value()) call.result.set_null(row);
    });
}

template <bool truncates>
void kernel_round_integer(const KernelCall& call) {
    const bool is_big = call.result.physical() == Physical::kInt64;
    call.selection.for_each([&](std::size_t row) {
        const std::int32_t digits = digits_at(call, row);
        if (is_big) {
            const std::int64_t value = call.arguments[0]->data<std::int64_t>()[row];
            call.result.data<std::int64_t>()[row] =
                static_cast<std::int64_t>(round_at(value, 0, digits, truncates));
        } else {
            const std::int32_t value = call.arguments[0]->data<std::int32_t>()[row];
            call.result.data<std::int32_t>()[row] =
                static_cast<std::int32_t>(round_at(value, 0, digits, truncates));
        }
    });
}

// Flink gives the result the scale that a literal asks for.
Type rounded_decimal(Arguments arguments) {
    const Type& type = arguments[0]->type;
    if (arguments.size() < 2) return decimal_round_type(type, 0);
    const Value* const digits = literal_of(arguments[1]);
    if (digits == nullptr || digits->is_null()) return type;
    return decimal_round_type(type,
                              static_cast<std::int32_t>(std::get<std::int64_t>(digits->data)));
}

// --- ABS and SIGN --------------------------------------------------------------------------------

template <class T>
T absolute(T x) {
    if constexpr (std::is_integral_v<T>) {
        using U = std::make_unsigned_t<T>;
        return x < 0 ? static_cast<T>(U{0} - static_cast<U>(x)) : x;
    } else {
        if constexpr (std::is_floating_point_v<T>)
            return std::abs(x);
        else
            return x < 0 ? -x : x;
    }
}

template <class T>
T sign_of(T x) {
    if constexpr (std::is_floating_point_v<T>) {
        if (x != x) return x;
    }
    return static_cast<T>((x > T{0} ? 1 : 0) - (x < T{0} ? 1 : 0));
}

template <bool is_sign>
void kernel_magnitude(const KernelCall& call) {
    const std::int32_t scale = call.result.type().scale;
    visit_physical(call.result.physical(), [&]<class T>() {
        if constexpr (std::is_same_v<T, Int128>) {
            const Int128 one = power_of_ten(scale);
            map_unary<T, T>(call,
                            [one](T x) { return is_sign ? sign_of<T>(x) * one : absolute<T>(x); });
        } else if constexpr (!std::is_same_v<T, StringRef> && !std::is_same_v<T, std::uint8_t>) {
            map_unary<T, T>(call, [](T x) { return is_sign ? sign_of<T>(x) : absolute<T>(x); });
        }
    });
}

// --- The table ----------------------------------------------------------------------------------

Function of_doubles(std::string_view name, std::size_t count, Kernel kernel) {
    return {.name = name,
            .parameters = std::vector<Parameter>(count, Parameter::kDouble),
            .result = returns_double,
            .kernel = kernel,
            .nulls = NullRule::kCompute};
}

template <Rounding rounding>
void add_whole(std::vector<Function>& table, std::string_view name) {
    table.push_back(
        {.name = name, .parameters = {Parameter::kInteger}, .rewrite = rewrite_unchanged});
    table.push_back({.name = name,
                     .parameters = {Parameter::kDecimal},
                     .result = whole_decimal,
                     .kernel = kernel_decimal_whole<rounding>});
    table.push_back({.name = name,
                     .parameters = {Parameter::kNumeric},
                     .result = returns_first,
                     .kernel = kernel_floating_whole<rounding>,
                     .nulls = NullRule::kCompute});
}

template <bool truncates>
void add_round(std::vector<Function>& table, std::string_view name) {
    using enum Parameter;
    const auto add = [&](Parameter parameter, ResultRule result, Kernel kernel) {
        table.push_back(
            {.name = name, .parameters = {parameter}, .result = result, .kernel = kernel});
        table.push_back(
            {.name = name, .parameters = {parameter, kInt}, .result = result, .kernel = kernel});
    };
    add(kDecimal, rounded_decimal, kernel_round_decimal<truncates>);
    add(kInteger, returns_first, kernel_round_integer<truncates>);
    add(kDouble, returns_double, kernel_round_double<truncates>);
}

template <bool is_sign>
void add_magnitude(std::vector<Function>& table, std::string_view name) {
    table.push_back({.name = name,
                     .parameters = {Parameter::kNumeric},
                     .result = returns_first,
                     .kernel = kernel_magnitude<is_sign>,
                     .nulls = NullRule::kCompute});
}

std::vector<Function> make_table() {
    std::vector<Function> table = {
        of_doubles("PI", 0, kernel_constant<std::numbers::pi>),
        of_doubles("E", 0, kernel_constant<std::numbers::e>),
        of_doubles("SQRT", 1, kernel_unary<std::sqrt>),
        of_doubles("EXP", 1, kernel_unary<std::exp>),
        of_doubles("LN", 1, kernel_unary<std::log>),
        of_doubles("LOG", 1, kernel_unary<std::log>),
        of_doubles("LOG", 2, kernel_binary<log_of_base>),
        of_doubles("LOG2", 1, kernel_unary<std::log2>),
        of_doubles("LOG10", 1, kernel_unary<std::log10>),
        of_doubles("POWER", 2, kernel_binary<std::pow>),
        of_doubles("SIN", 1, kernel_unary<std::sin>),
        of_doubles("COS", 1, kernel_unary<std::cos>),
        of_doubles("TAN", 1, kernel_unary<std::tan>),
        of_doubles("COT", 1, kernel_unary<cotangent>),
        of_doubles("ASIN", 1, kernel_unary<std::asin>),
        of_doubles("ACOS", 1, kernel_unary<std::acos>),
        of_doubles("ATAN", 1, kernel_unary<std::atan>),
        of_doubles("ATAN2", 2, kernel_binary<std::atan2>),
        of_doubles("SINH", 1, kernel_unary<std::sinh>),
        of_doubles("COSH", 1, kernel_unary<std::cosh>),
        of_doubles("TANH", 1, kernel_unary<std::tanh>),
        of_doubles("DEGREES", 1, kernel_unary<to_degrees>),
        of_doubles("RADIANS", 1, kernel_unary<to_radians>),
    };
    add_whole<Rounding::kFloor>(table, "FLOOR");
    add_whole<Rounding::kCeil>(table, "CEIL");
    add_whole<Rounding::kCeil>(table, "CEILING");
    add_round<false>(table, "ROUND");
    add_round<true>(table, "TRUNCATE");
    add_magnitude<false>(table, "ABS");
    add_magnitude<true>(table, "SIGN");
    return table;
}

}  // namespace

std::span<const Function> math_functions() {
    static const std::vector<Function> kFunctions = make_table();
    return kFunctions;
}

}  // namespace thalweg
