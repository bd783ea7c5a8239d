#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/type_rules.h"

#include <algorithm>
#include <array>
#include <functional>

namespace thalweg {

namespace {

// Arguments of one type, but DECIMALs, whose scales may differ: bringing them to one scale might
// not fit.
template <class Compare>
void compare_decimals(const KernelCall& call) {
    const std::int32_t a_scale = call.arguments[0]->type().scale;
    const std::int32_t b_scale = call.arguments[1]->type().scale;
    if (a_scale == b_scale) {
        map_binary<std::uint8_t, Int128, Int128>(call, Compare{});
        return;
    }
    map_binary<std::uint8_t, Int128, Int128>(call, [a_scale, b_scale](Int128 a, Int128 b) {
        return Compare{}(compare_decimal(a, a_scale, b, b_scale), 0);
    });
}

template <class Compare>
void kernel_compare(const KernelCall& call) {
    const Physical physical = call.arguments[0]->physical();
    if (physical == Physical::kDecimal) {
        compare_decimals<Compare>(call);
        return;
    }
    visit_physical(physical, [&]<class T>() {
        if constexpr (!std::is_same_v<T, Int128>) map_binary<std::uint8_t, T, T>(call, Compare{});
    });
}

// a > b is b < a: half as many loops.
template <class Compare>
void kernel_swapped(const KernelCall& call) {
    const std::array<const Column*, 2> swapped = {call.arguments[1], call.arguments[0]};
    kernel_compare<Compare>({.arguments = swapped,
                             .selection = call.selection,
                             .result = call.result,
                             .context = call.context,
                             .prepared = call.prepared,
                             .kept = call.kept});
}

template <bool when_distinct>
void kernel_distinct(const KernelCall& call) {
    const Column& a = *call.arguments[0];
    const Column& b = *call.arguments[1];
    auto* const out = call.result.data<std::uint8_t>();
    const auto is_distinct = [&]<class T>(std::size_t row) {
        const bool a_null = a.is_null(row);
        const bool b_null = b.is_null(row);
        if (a_null || b_null) return a_null != b_null;
        if constexpr (std::is_same_v<T, Int128>) {
            return compare_decimal(
                       a.data<T>()[row], a.type().scale, b.data<T>()[row], b.type().scale) != 0;
        }
        return !(a.data<T>()[row] == b.data<T>()[row]);
    };
    visit_physical(a.physical(), [&]<class T>() {
        call.selection.for_each([&](std::size_t row) {
            out[row] = is_distinct.template operator()<T>(row) == when_distinct ? 1 : 0;
        });
    });
}

Result<Signature> bind_compared(Arguments arguments) {
    const Type& a = arguments[0]->type;
    const Type& b = arguments[1]->type;
    const bool keeps_scales = a.is_exact() && b.is_exact() && !(a.is_integer() && b.is_integer());
    if (keeps_scales) return Signature{{as_decimal(a), as_decimal(b)}, Type::boolean()};
    const bool texts = (a.is_character() && b.is_character()) || (a.is_binary() && b.is_binary());
    if (texts) return Signature{{a, b}, Type::boolean()};
    std::optional<Type> type = compared_type(a, b);
    if (!type.has_value() || type->fields != nullptr) {
        return fail(Code::kInvalid,
                    "cannot compare " + a.with_nullable(true).to_string() + " with " +
                        b.with_nullable(true).to_string());
    }
    if (type->kind == TypeKind::kNull) type = Type::boolean();
    return Signature{{*type, *type}, Type::boolean()};
}

void add_comparison(std::vector<Function>& table, std::string_view name, Kernel kernel) {
    // Texts first: only they must not be read under a null.
    for (const Parameter parameter : {Parameter::kString, Parameter::kBinary, Parameter::kAny}) {
        table.push_back(
            {.name = name,
             .parameters = {parameter, parameter},
             .kernel = kernel,
             .nulls = parameter == Parameter::kAny ? NullRule::kCompute : NullRule::kSkip,
             .bind = bind_compared});
    }
}

Function distinct_test(std::string_view name, Kernel kernel) {
    return {.name = name,
            .parameters = {Parameter::kAny, Parameter::kAny},
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kNever,
            .bind = bind_compared};
}

std::vector<Function> make_table() {
    std::vector<Function> table;
    add_comparison(table, "=", kernel_compare<std::equal_to<>>);
    add_comparison(table, "<>", kernel_compare<std::not_equal_to<>>);
    add_comparison(table, "<", kernel_compare<std::less<>>);
    add_comparison(table, "<=", kernel_compare<std::less_equal<>>);
    add_comparison(table, ">", kernel_swapped<std::less<>>);
    add_comparison(table, ">=", kernel_swapped<std::less_equal<>>);
    table.push_back(distinct_test("IS DISTINCT FROM", kernel_distinct<true>));
    table.push_back(distinct_test("IS NOT DISTINCT FROM", kernel_distinct<false>));
    return table;
}

}  // namespace

std::span<const Function> compare_functions() {
    static const std::vector<Function> kFunctions = make_table();
    return kFunctions;
}

}  // namespace thalweg
