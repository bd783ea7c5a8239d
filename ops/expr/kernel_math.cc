#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"

#include <cmath>

namespace thalweg {

namespace {

void kernel_sqrt(const KernelCall& call) {
    map_unary<double, double>(call, [](double x) { return std::sqrt(x); });
}

}  // namespace

std::span<const Function> math_functions() {
    static const std::vector<Function> kFunctions = {
        {.name = "SQRT",
         .parameters = {Parameter::kDouble},
         .result = returns_double,
         .kernel = kernel_sqrt,
         .nulls = NullRule::kCompute},
    };
    return kFunctions;
}

}  // namespace thalweg
