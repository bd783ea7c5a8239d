#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/type_rules.h"

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace thalweg {

namespace {

// IN with a list of literals: the list sorted once, of the type of the searched value. TRUE if it
// is there, else NULL if the list has a NULL, else FALSE.
struct InSet {
    Column values;  // Sorted, without NULLs and repetitions; texts borrow from `texts`.
    std::size_t size = 0;
    bool has_null = false;
    Arena texts;

    explicit InSet(const Type& type, std::size_t count)
        : values(type, std::max<std::size_t>(count, 1)) {}
};

// Short lists are compared one by one, without a branch; long ones searched by halves.
constexpr std::size_t kLinearMax = 8;

template <class T>
bool contains(const T* values, std::size_t size, const T& value) {
    if (size > kLinearMax) return std::binary_search(values, values + size, value);
    bool found = false;
    for (std::size_t i = 0; i < size; ++i)
        found |= values[i] == value;
    return found;
}

void kernel_in(const KernelCall& call) {
    const auto& set = *static_cast<const InSet*>(call.prepared);
    visit_physical(call.arguments[0]->physical(), [&]<class T>() {
        const T* const values = set.values.data<T>();
        const T* const searched = call.arguments[0]->data<T>();
        auto* const out = call.result.data<std::uint8_t>();
        call.selection.for_each([&](std::size_t row) {
            const bool found = contains(values, set.size, searched[row]);
            out[row] = found ? 1 : 0;
            if (!found && set.has_null) call.result.set_null(row);
        });
    });
}

Result<std::shared_ptr<const void>> prepare_in(Arguments arguments,
                                               const Type&,
                                               const ExprSettings&) {
    const auto& list = std::get<Value::List>(arguments[1]->literal.data);
    auto set = std::make_shared<InSet>(arguments[0]->type, list.size());
    for (const Value& value : list) {
        const auto* const number = std::get_if<double>(&value.data);
        const bool is_nan = number != nullptr && *number != *number;  // Equal to nothing.
        if (value.is_null()) {
            set->has_null = true;
        } else if (!is_nan) {
            set_value(set->values, set->size++, value, set->texts);
        }
    }
    visit_physical(set->values.physical(), [&]<class T>() {
        T* const values = set->values.data<T>();
        std::sort(values, values + set->size);
        set->size = static_cast<std::size_t>(std::unique(values, values + set->size) - values);
    });
    return std::shared_ptr<const void>(std::move(set));
}

// Of a value and an ARRAY literal. What is no list of literals is compared one by one.
const Function kInSet = {.name = "IN",
                         .kernel = kernel_in,
                         .nullability = Nullability::kFromRule,
                         .prepare = prepare_in};

bool all_literals(Arguments arguments) {
    return std::all_of(arguments.begin(), arguments.end(), [](const ExprPtr& argument) {
        return argument->kind == ExprKind::kLiteral;
    });
}

Result<ExprPtr> equal_to_any(const std::vector<ExprPtr>& arguments, const ExprSettings& settings) {
    std::vector<ExprPtr> tests;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        TRY(ExprPtr test, make_call("=", {arguments[0], arguments[i]}, settings));
        tests.push_back(std::move(test));
    }
    return make_logic(ExprKind::kOr, std::move(tests), settings);
}

Result<ExprPtr> rewrite_in(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    std::optional<Type> type = arguments[0]->type;
    for (const ExprPtr& argument : arguments) {
        if (type.has_value()) type = compared_type(*type, argument->type);
    }
    const bool is_flat =
        type.has_value() && type->fields == nullptr && type->kind != TypeKind::kNull;
    if (!is_flat || !all_literals(Arguments(arguments).subspan(1)))
        return equal_to_any(arguments, settings);
    if (type->is_character()) type = Type::string();  // CHAR would be padded.
    for (ExprPtr& argument : arguments) {
        TRY(argument, coerce(argument, *type, settings));
    }
    // A literal that cannot be cast stays a call that fails when a row meets it.
    if (!all_literals(Arguments(arguments).subspan(1))) return equal_to_any(arguments, settings);
    Value::List list;
    for (const ExprPtr& argument : Arguments(arguments).subspan(1))
        list.push_back(argument->literal);
    const bool is_nullable =
        arguments[0]->type.nullable ||
        std::any_of(list.begin(), list.end(), [](const Value& value) { return value.is_null(); });
    std::vector<ExprPtr> value_and_list = {arguments[0],
                                           make_literal({std::move(list)}, Type::array(*type))};
    TRY(const ExprPtr call,
        make_bound_call(kInSet,
                        std::move(value_and_list),
                        Type::boolean().with_nullable(is_nullable),
                        settings));
    return fold(call);
}

}  // namespace

std::span<const Function> in_functions() {
    static const std::vector<Function> kFunctions = {
        {.name = "IN",
         .parameters = {Parameter::kAny, Parameter::kAny},
         .is_variadic = true,
         .rewrite = rewrite_in},
    };
    return kFunctions;
}

}  // namespace thalweg
