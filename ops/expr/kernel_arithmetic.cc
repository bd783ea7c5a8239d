#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/type_rules.h"

#include <cmath>
#include <concepts>
#include <type_traits>

namespace thalweg {

namespace {

// Integers wrap around, as Java's: computed without sign, cut to the width of the result.
struct Add {
    template <class T>
    static T apply(T a, T b) {
        if constexpr (std::floating_point<T>) {
            return a + b;
        } else {
            using U = std::make_unsigned_t<T>;
            return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
        }
    }
};

struct Subtract {
    template <class T>
    static T apply(T a, T b) {
        if constexpr (std::floating_point<T>) {
            return a - b;
        } else {
            using U = std::make_unsigned_t<T>;
            return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
        }
    }
};

struct Multiply {
    template <class T>
    static T apply(T a, T b) {
        if constexpr (std::floating_point<T>) {
            return a * b;
        } else {
            using U = std::make_unsigned_t<T>;
            return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
        }
    }
};

// The divisor is not zero; the smallest number divided by -1 wraps around.
struct Divide {
    template <class T>
    static T apply(T a, T b) {
        if constexpr (std::floating_point<T>) {
            return a / b;
        } else {
            return b == -1 ? Subtract::apply<T>(0, a) : static_cast<T>(a / b);
        }
    }
};

struct Modulo {
    template <class T>
    static T apply(T a, T b) {
        if constexpr (std::floating_point<T>) {
            return std::fmod(a, b);
        } else {
            return b == -1 ? T{0} : static_cast<T>(a % b);
        }
    }
};

// Calls visit with the C++ type that has the width of the numeric type, and the one it lies in.
template <class Visit>
void visit_number(TypeKind kind, Visit&& visit) {
    switch (kind) {
        case TypeKind::kTinyint: visit.template operator()<std::int8_t, std::int32_t>(); return;
        case TypeKind::kSmallint: visit.template operator()<std::int16_t, std::int32_t>(); return;
        case TypeKind::kInt: visit.template operator()<std::int32_t, std::int32_t>(); return;
        case TypeKind::kFloat: visit.template operator()<float, float>(); return;
        case TypeKind::kDouble: visit.template operator()<double, double>(); return;
        default: visit.template operator()<std::int64_t, std::int64_t>(); return;
    }
}

template <class Op>
void kernel_number(const KernelCall& call) {
    visit_number(call.result.type().kind, [&]<class Width, class T>() {
        map_binary<T, T, T>(
            call, [](T a, T b) { return static_cast<Width>(Op::template apply<T>(a, b)); });
    });
}

template <class T>
bool has_zero(const Column& column, Selection rows) {
    const T* const values = column.data<T>();
    if (column.is_constant()) return values[0] == T{0};
    bool found = false;
    rows.for_each([&](std::size_t row) { found |= values[row] == T{0}; });
    return found;
}

// A column divided by a number, neither 0 nor -1, in vectors of doubles, since there are none of
// integers to divide. A quotient that is no integer is 1 / divisor away from the next one at least,
// which 53 bits tell apart.
void divide_by(const KernelCall& call, double divisor) {
    kernel_loops::unary(call.result.data<std::int32_t>(),
                        call.arguments[0]->data<std::int32_t>(),
                        call.selection,
                        [divisor](std::int32_t value) {
                            return static_cast<std::int32_t>(static_cast<double>(value) / divisor);
                        });
}

template <class Op>
void kernel_divide_integer(const KernelCall& call) {
    visit_number(call.arguments[1]->type().kind, [&]<class Width, class T>() {
        if constexpr (std::integral<T>) {
            const Column& divisor = *call.arguments[1];
            if (has_zero<T>(divisor, call.selection)) {
                call.context.fail("division by zero");
                return;
            }
            if constexpr (std::is_same_v<Op, Divide> && std::is_same_v<Width, std::int32_t>) {
                const T number = divisor.data<T>()[0];
                if (divisor.is_constant() && number != -1) {
                    divide_by(call, number);
                    return;
                }
            }
            map_binary<T, T, T>(
                call, [](T a, T b) { return static_cast<Width>(Op::template apply<T>(a, b)); });
        }
    });
}

// BIGINT % INT is INT: computed as BIGINT, the remainder fits.
void kernel_modulo_mixed(const KernelCall& call) {
    const auto* const a = call.arguments[0]->data<std::int64_t>();
    const auto* const b = call.arguments[1]->data<std::int32_t>();
    if (has_zero<std::int32_t>(*call.arguments[1], call.selection)) {
        call.context.fail("division by zero");
        return;
    }
    auto* const out = call.result.data<std::int32_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = static_cast<std::int32_t>(Modulo::apply<std::int64_t>(a[row], b[row]));
    });
}

void kernel_modulo_integer(const KernelCall& call) {
    const bool is_mixed = call.arguments[0]->physical() != call.arguments[1]->physical();
    is_mixed ? kernel_modulo_mixed(call) : kernel_divide_integer<Modulo>(call);
}

using DecimalOp = std::optional<Int128> (*)(Decimal, Decimal, DecimalShape) noexcept;

std::optional<Int128> decimal_subtract(Decimal a, Decimal b, DecimalShape result) noexcept {
    return decimal_add(a, {-b.unscaled, b.scale}, result);
}

template <DecimalOp op, bool divides>
void kernel_decimal(const KernelCall& call) {
    const Type& type = call.result.type();
    const DecimalShape shape = {type.precision, type.scale};
    const Column& a = *call.arguments[0];
    const Column& b = *call.arguments[1];
    const auto* const left = a.data<Int128>();
    const auto* const right = b.data<Int128>();
    if (divides && has_zero<Int128>(b, call.selection)) {
        call.context.fail("division by zero");
        return;
    }
    auto* const out = call.result.data<Int128>();
    call.selection.for_each([&](std::size_t row) {
        const std::optional<Int128> value =
            op({left[row], a.type().scale}, {right[row], b.type().scale}, shape);
        out[row] = value.value_or(0);
        if (!value.has_value()) call.result.set_null(row);
    });
}

// + and - of short DECIMALs of one scale and a result that cannot overflow are those of integers.
template <DecimalOp op, bool negate>
void kernel_decimal_sum(const KernelCall& call) {
    const Type& a = call.arguments[0]->type();
    const Type& b = call.arguments[1]->type();
    const Type& type = call.result.type();
    if (a.scale != b.scale || type.scale != a.scale ||
        type.precision >= Type::kDecimalPrecisionMax) {
        kernel_decimal<op, false>(call);
        return;
    }
    map_binary<Int128, Int128, Int128>(call,
                                       [](Int128 x, Int128 y) { return negate ? x - y : x + y; });
}

void kernel_negate(const KernelCall& call) {
    if (call.result.physical() == Physical::kDecimal) {
        map_unary<Int128, Int128>(call, [](Int128 a) { return -a; });
        return;
    }
    visit_number(call.result.type().kind, [&]<class Width, class T>() {
        map_unary<T, T>(call, [](T a) {
            if constexpr (std::floating_point<T>)
                return -a;
            else
                return static_cast<Width>(Subtract::apply<T>(0, a));
        });
    });
}

// --- Types --------------------------------------------------------------------------------------

Result<Signature> bind_merged(Arguments arguments) {
    const std::optional<Type> type = merged_type(arguments[0]->type, arguments[1]->type);
    if (!type.has_value() || !type->is_numeric())
        return fail(Code::kInvalid, "arithmetic takes numbers");
    return Signature{{*type, *type}, *type};
}

// The remainder has the type of the divisor.
Result<Signature> bind_modulo(Arguments arguments) {
    const Type& a = arguments[0]->type;
    const Type& b = arguments[1]->type;
    if (!a.is_integer() || !b.is_integer()) return bind_merged(arguments);
    if (a.kind == TypeKind::kBigint && b.kind != TypeKind::kBigint) return Signature{{a, b}, b};
    return Signature{{b, b}, b};
}

using DecimalRule = Type (*)(const Type&, const Type&);

template <DecimalRule rule>
Result<Signature> bind_decimal(Arguments arguments) {
    const Type a = as_decimal(arguments[0]->type);
    const Type b = as_decimal(arguments[1]->type);
    return Signature{{a, b}, rule(a, b)};
}

using Bind = Result<Signature> (*)(Arguments);

void add_decimal(std::vector<Function>& table, std::string_view name, Kernel kernel, Bind bind) {
    constexpr Parameter kPairs[][2] = {{Parameter::kDecimal, Parameter::kDecimal},
                                       {Parameter::kDecimal, Parameter::kInteger},
                                       {Parameter::kInteger, Parameter::kDecimal}};
    for (const auto& pair : kPairs) {
        table.push_back(
            {.name = name, .parameters = {pair[0], pair[1]}, .kernel = kernel, .bind = bind});
    }
}

void add_number(std::vector<Function>& table, std::string_view name, Kernel kernel) {
    table.push_back({.name = name,
                     .parameters = {Parameter::kNumeric, Parameter::kNumeric},
                     .kernel = kernel,
                     .nulls = NullRule::kCompute,
                     .bind = bind_merged});
}

void add_integer(std::vector<Function>& table, std::string_view name, Kernel kernel, Bind bind) {
    table.push_back({.name = name,
                     .parameters = {Parameter::kInteger, Parameter::kInteger},
                     .kernel = kernel,
                     .bind = bind});
}

std::vector<Function> make_table() {
    std::vector<Function> table;
    add_decimal(table, "+", kernel_decimal_sum<decimal_add, false>, bind_decimal<decimal_sum_type>);
    add_number(table, "+", kernel_number<Add>);
    add_decimal(
        table, "-", kernel_decimal_sum<decimal_subtract, true>, bind_decimal<decimal_sum_type>);
    add_number(table, "-", kernel_number<Subtract>);
    add_decimal(
        table, "*", kernel_decimal<decimal_multiply, false>, bind_decimal<decimal_product_type>);
    add_number(table, "*", kernel_number<Multiply>);
    add_decimal(
        table, "/", kernel_decimal<decimal_divide, true>, bind_decimal<decimal_quotient_type>);
    add_integer(table, "/", kernel_divide_integer<Divide>, bind_merged);
    add_number(table, "/", kernel_number<Divide>);
    for (const std::string_view name : {"%", "MOD"}) {
        add_decimal(
            table, name, kernel_decimal<decimal_modulo, true>, bind_decimal<decimal_modulo_type>);
        add_integer(table, name, kernel_modulo_integer, bind_modulo);
        add_number(table, name, kernel_number<Modulo>);
    }
    table.push_back({.name = "-",
                     .parameters = {Parameter::kNumeric},
                     .result = returns_first,
                     .kernel = kernel_negate,
                     .nulls = NullRule::kCompute});
    table.push_back(
        {.name = "+",
         .parameters = {Parameter::kNumeric},
         .rewrite = [](std::vector<ExprPtr> arguments, const ExprSettings&) -> Result<ExprPtr> {
             return arguments[0];
         }});
    return table;
}

}  // namespace

std::span<const Function> arithmetic_functions() {
    static const std::vector<Function> kFunctions = make_table();
    return kFunctions;
}

}  // namespace thalweg
