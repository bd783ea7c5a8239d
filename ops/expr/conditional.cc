#include "ops/expr/functions.h"
#include "ops/expr/type_rules.h"

#include <utility>

namespace thalweg {

namespace {

// What is short for something else. An argument used twice is computed once: the program sees that
// it is the same.

Result<ExprPtr> rewrite_between(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    TRY(ExprPtr above, make_call(">=", {arguments[0], arguments[1]}, settings));
    TRY(ExprPtr below, make_call("<=", {arguments[0], arguments[2]}, settings));
    return make_logic(ExprKind::kAnd, {std::move(above), std::move(below)}, settings);
}

Result<ExprPtr> rewrite_if(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    return make_case(std::move(arguments), settings);
}

Result<ExprPtr> rewrite_coalesce(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    // Nothing behind an argument that is never NULL can matter but for the type.
    std::vector<ExprPtr> cases;
    bool is_nullable = true;
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        is_nullable = is_nullable && arguments[i]->type.nullable;
        TRY(ExprPtr is_there, make_call("IS NOT NULL", {arguments[i]}, settings));
        cases.push_back(std::move(is_there));
        cases.push_back(arguments[i]);
    }
    is_nullable = is_nullable && arguments.back()->type.nullable;
    cases.push_back(arguments.back());
    if (cases.size() == 1) return cases.front();
    TRY(const ExprPtr result, make_case(std::move(cases), settings));
    if (result->kind != ExprKind::kCase) return result;
    Expr expr = *result;
    expr.type.nullable = is_nullable;
    return std::make_shared<const Expr>(std::move(expr));
}

// NULL where both are equal, else the first.
Result<ExprPtr> rewrite_nullif(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    TRY(ExprPtr same, make_call("=", arguments, settings));
    return make_case({std::move(same), make_literal({}, arguments[0]->type), arguments[0]},
                     settings);
}

Function rewritten(std::string_view name,
                   std::size_t count,
                   bool is_variadic,
                   Result<ExprPtr> (*rewrite)(std::vector<ExprPtr>, const ExprSettings&)) {
    return {.name = name,
            .parameters = std::vector<Parameter>(count, Parameter::kAny),
            .is_variadic = is_variadic,
            .rewrite = rewrite};
}

}  // namespace

std::span<const Function> conditional_functions() {
    static const std::vector<Function> kFunctions = {
        rewritten("BETWEEN", 3, false, rewrite_between),
        rewritten("CASE", 2, true, rewrite_if),
        rewritten("IF", 3, false, rewrite_if),
        rewritten("COALESCE", 1, true, rewrite_coalesce),
        rewritten("IFNULL", 2, false, rewrite_coalesce),
        rewritten("NULLIF", 2, false, rewrite_nullif),
    };
    return kFunctions;
}

}  // namespace thalweg
