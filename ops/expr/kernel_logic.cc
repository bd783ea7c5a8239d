#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"

namespace thalweg {

namespace {

void kernel_not(const KernelCall& call) {
    map_unary<std::uint8_t, std::uint8_t>(call, [](std::uint8_t a) { return a ^ 1U; });
}

template <bool when_null>
void kernel_is_null(const KernelCall& call) {
    auto* const out = call.result.data<std::uint8_t>();
    const Column& argument = *call.arguments[0];
    call.selection.for_each(
        [&](std::size_t row) { out[row] = argument.is_null(row) == when_null ? 1 : 0; });
}

// IS TRUE, IS FALSE and their NOT forms: never NULL.
template <bool wanted, bool is_not>
void kernel_is_truth(const KernelCall& call) {
    auto* const out = call.result.data<std::uint8_t>();
    const Column& argument = *call.arguments[0];
    const auto* const values = argument.data<std::uint8_t>();
    call.selection.for_each([&](std::size_t row) {
        const bool is = !argument.is_null(row) && (values[row] != 0) == wanted;
        out[row] = is != is_not ? 1 : 0;
    });
}

Function truth_test(std::string_view name, Parameter parameter, Kernel kernel) {
    return {.name = name,
            .parameters = {parameter},
            .result = returns_boolean,
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kNever};
}

Result<ExprPtr> rewrite_and(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    return make_logic(ExprKind::kAnd, std::move(arguments), settings);
}

Result<ExprPtr> rewrite_or(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    return make_logic(ExprKind::kOr, std::move(arguments), settings);
}

}  // namespace

std::span<const Function> logic_functions() {
    static const std::vector<Function> kFunctions = {
        {.name = "AND",
         .parameters = {Parameter::kAny},
         .is_variadic = true,
         .rewrite = rewrite_and},
        {.name = "OR", .parameters = {Parameter::kAny}, .is_variadic = true, .rewrite = rewrite_or},
        {.name = "NOT",
         .parameters = {Parameter::kBoolean},
         .result = returns_boolean,
         .kernel = kernel_not,
         .nulls = NullRule::kCompute},
        truth_test("IS NULL", Parameter::kAny, kernel_is_null<true>),
        truth_test("IS NOT NULL", Parameter::kAny, kernel_is_null<false>),
        truth_test("IS UNKNOWN", Parameter::kBoolean, kernel_is_null<true>),
        truth_test("IS NOT UNKNOWN", Parameter::kBoolean, kernel_is_null<false>),
        truth_test("IS TRUE", Parameter::kBoolean, kernel_is_truth<true, false>),
        truth_test("IS NOT TRUE", Parameter::kBoolean, kernel_is_truth<true, true>),
        truth_test("IS FALSE", Parameter::kBoolean, kernel_is_truth<false, false>),
        truth_test("IS NOT FALSE", Parameter::kBoolean, kernel_is_truth<false, true>),
    };
    return kFunctions;
}

}  // namespace thalweg
