#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"

#include <cstdint>
#include <utility>

namespace thalweg {

namespace {

// GREATEST and LEAST of one type; NULL if any argument is, as Flink.
template <bool greatest>
void kernel_extreme(const KernelCall& call) {
    visit_physical(call.result.physical(), [&]<class T>() {
        T* const out = call.result.data<T>();
        const T* const first = call.arguments[0]->data<T>();
        call.selection.for_each([&](std::size_t row) { out[row] = first[row]; });
        for (const Column* const argument : call.arguments.subspan(1)) {
            const T* const values = argument->data<T>();
            call.selection.for_each([&](std::size_t row) {
                const bool better = greatest ? values[row] > out[row] : values[row] < out[row];
                out[row] = better ? values[row] : out[row];
            });
        }
    });
}

Result<Signature> bind_extreme(Arguments arguments) {
    std::vector<Type> types;
    for (const ExprPtr& argument : arguments)
        types.push_back(argument->type);
    TRY(Type type, common_type(types));
    if (type.fields != nullptr)
        return fail(Code::kInvalid, "cannot compare " + type.with_nullable(true).to_string());
    return Signature{std::vector<Type>(types.size(), type), type};
}

Function extreme(std::string_view name, Kernel kernel) {
    return {.name = name,
            .parameters = {Parameter::kAny},
            .is_variadic = true,
            .kernel = kernel,
            .bind = bind_extreme};
}

// Of the number of rows of a scalar subquery: TRUE, or the end of the query.
void kernel_single_row(const KernelCall& call) {
    const auto* const counts = call.arguments[0]->data<std::int64_t>();
    auto* const out = call.result.data<std::uint8_t>();
    call.selection.for_each([&](std::size_t row) {
        if (counts[row] > 1) call.context.fail("a scalar subquery has more than one row");
        out[row] = 1;
    });
}

}  // namespace

std::span<const Function> choice_functions() {
    static const std::vector<Function> kFunctions = {
        extreme("GREATEST", kernel_extreme<true>),
        extreme("LEAST", kernel_extreme<false>),
        {.name = "$SINGLE_ROW",
         .parameters = {Parameter::kInteger},
         .result = returns_boolean,
         .kernel = kernel_single_row},
    };
    return kFunctions;
}

}  // namespace thalweg
