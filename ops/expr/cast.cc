#include "ops/expr/cast.h"

#include "ops/expr/type_rules.h"

#include <utility>

namespace thalweg {

namespace {

// What a type is to a cast.
enum class Group : std::uint8_t { kNumber, kDecimal, kText, kBinary, kTime, kInterval, kNested };

Group group_of(const Type& type) {
    if (type.kind == TypeKind::kDecimal) return Group::kDecimal;
    if (type.is_numeric() || type.kind == TypeKind::kBoolean) return Group::kNumber;
    if (type.is_character()) return Group::kText;
    if (type.is_binary()) return Group::kBinary;
    if (type.is_interval()) return Group::kInterval;
    return type.fields != nullptr ? Group::kNested : Group::kTime;
}

bool lie_alike(const Type& a, const Type& b) {
    if (a.kind != b.kind || a.precision != b.precision || a.scale != b.scale) {
        const bool widens = a.is_character() && b == Type::string().with_nullable(b.nullable);
        if (!widens) return false;
    }
    if (a.fields == nullptr || b.fields == nullptr) return a.fields == b.fields;
    if (a.fields->size() != b.fields->size()) return false;
    for (std::size_t i = 0; i < a.fields->size(); ++i) {
        if (!lie_alike((*a.fields)[i].type, (*b.fields)[i].type)) return false;
    }
    return true;
}

bool times_go(const Type& from, const Type& to) {
    const bool date_and_time = (from.kind == TypeKind::kDate && to.kind == TypeKind::kTime) ||
                               (from.kind == TypeKind::kTime && to.kind == TypeKind::kDate);
    return !date_and_time;
}

// How a cast is done, or nullptr where SQL has none.
Kernel kernel_for(const Type& from, const Type& to) {
    const Group source = group_of(from);
    const Group target = group_of(to);
    if (target == Group::kText) return cast_to_text;
    if (source == Group::kText)
        return target == Group::kBinary                                 ? cast_to_binary
               : target == Group::kNested || target == Group::kInterval ? nullptr
                                                                        : cast_from_text;
    if (source == Group::kNumber && target == Group::kNumber) return cast_number;
    if (target == Group::kDecimal)
        return source == Group::kNumber || source == Group::kDecimal ? cast_to_decimal : nullptr;
    if (source == Group::kDecimal) return target == Group::kNumber ? cast_from_decimal : nullptr;
    if (source == Group::kBinary && target == Group::kBinary) return cast_to_binary;
    if (source == Group::kTime && target == Group::kTime)
        return times_go(from, to) ? cast_time : nullptr;
    if (source == Group::kInterval && to.is_integer()) return cast_interval;
    if (target == Group::kInterval && from.is_integer()) return cast_interval;
    if (target == Group::kNested && lie_alike(from, to)) return cast_nested;
    return nullptr;
}

// Functions that no name leads to: one for each kernel, twice, so that the registers of a program
// and EXPLAIN know which is which.
struct CastFunctions {
    Function cast;
    Function try_cast;
};

CastFunctions functions_of(Kernel kernel) {
    // Numbers cannot fail: they may be computed for rows that do not need them.
    const NullRule nulls = kernel == cast_number ? NullRule::kCompute : NullRule::kSkip;
    return {{.name = "CAST", .kernel = kernel, .nulls = nulls},
            {.name = "TRY_CAST",
             .kernel = kernel,
             .nulls = nulls,
             .nullability = Nullability::kAlways}};
}

const Function& function_for(Kernel kernel, bool is_try) {
    static constexpr Kernel kKernels[] = {cast_number,
                                          cast_to_decimal,
                                          cast_from_decimal,
                                          cast_to_text,
                                          cast_to_binary,
                                          cast_from_text,
                                          cast_time,
                                          cast_interval,
                                          cast_nested};
    static const std::vector<CastFunctions> kFunctions = [] {
        std::vector<CastFunctions> functions;
        for (const Kernel each : kKernels)
            functions.push_back(functions_of(each));
        return functions;
    }();
    std::size_t index = 0;
    while (kKernels[index] != kernel)
        ++index;
    return is_try ? kFunctions[index].try_cast : kFunctions[index].cast;
}

}  // namespace

void fail_cast(const KernelCall& call, std::size_t row, std::string_view text) {
    call.result.set_null(row);
    if (plan_of(call).is_try) return;
    call.context.fail("cannot cast '" + std::string(text) + "' to " +
                      call.result.type().with_nullable(true).to_string());
}

Result<ExprPtr> make_cast(ExprPtr argument,
                          const Type& target,
                          CastMode mode,
                          const ExprSettings& settings) {
    const Type& from = argument->type;
    if (same_but_null(from, target)) return argument;
    if (from.kind == TypeKind::kNull) return make_literal({}, target);
    if (mode == CastMode::kImplicit && !is_implicit(from, target)) {
        return fail(Code::kInvalid,
                    from.with_nullable(true).to_string() + " is not taken for " +
                        target.with_nullable(true).to_string() + " without a CAST");
    }
    const Kernel kernel = kernel_for(from, target);
    if (kernel == nullptr) {
        return fail(Code::kInvalid,
                    "cannot cast " + from.with_nullable(true).to_string() + " to " +
                        target.with_nullable(true).to_string());
    }
    const bool is_try = mode == CastMode::kTryCast;
    Expr expr;
    expr.kind = ExprKind::kCall;
    expr.type = target.with_nullable(is_try || from.nullable);
    expr.function = &function_for(kernel, is_try);
    expr.prepared = std::make_shared<const CastPlan>(CastPlan{is_try, settings.zone});
    expr.arguments = {std::move(argument)};
    return fold(std::make_shared<const Expr>(std::move(expr)));
}

}  // namespace thalweg
