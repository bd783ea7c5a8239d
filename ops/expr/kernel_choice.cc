#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"

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

}  // namespace

std::span<const Function> choice_functions() {
    static const std::vector<Function> kFunctions = {
        extreme("GREATEST", kernel_extreme<true>),
        extreme("LEAST", kernel_extreme<false>),
    };
    return kFunctions;
}

}  // namespace thalweg
