#pragma once

#include "ops/expr/expr.h"
#include "ops/op.h"
#include "state/base/status.h"
#include "state/column.h"
#include "state/selection.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// The functions and operators of SQL: one table of overloads, and what a kernel must know.
//
// How to add functions
//   1. Write kernels: free functions `void kernel_x(const KernelCall& call)`, mostly one line on
//   top
//      of the loops of ops/expr/kernel.h.
//   2. Put them into a table, in a file ops/expr/kernel_TOPIC.cc (kernel_math.cc is a model):
//          std::span<const Function> topic_functions() {
//              static const std::vector<Function> kFunctions = {
//                  {.name = "ABS", .parameters = {Parameter::kDouble},
//                   .result = returns_double, .kernel = kernel_abs},
//              };
//              return kFunctions;
//          }
//   3. Declare topic_functions() at the end of this header and name it in kParts of functions.cc.
//   Several rows may have one name: overloads, tried in the order of the table, first for arguments
//   that fit as they are, then for arguments that fit after an implicit cast.
//
// What a kernel may rely on
//   arguments have the types of the parameters (after casts), and are valid for all rows of
//   `selection`; a constant one is filled for all rows, so that asking is_constant() is only for
//   speed. `result` has the type of the call, no nulls and no list elements.
//   Under NullRule::kSkip and kCompute the nulls of the arguments are in the result already. The
//   kernel writes result.data<T>()[row] for each row of the selection, and may make further rows
//   null with result.set_null(row). Strings longer than 12 bytes that it makes go to
//   context.scratch. It calls context.fail("...") for what data must not do, and returns.

enum class NullRule : std::uint8_t {
    kSkip,     // NULL if any argument is; the kernel is not shown such rows. For whatever can fail,
               // is dear, or reads strings (a string under a null, or unselected, may dangle).
    kCompute,  // The same, but the kernel is also run on NULL and unselected rows, whose result is
               // thrown away: for short loops that cannot fail and never read strings.
    kOwn,      // The kernel sees the nulls of its arguments and sets those of the result.
};

enum class Volatility : std::uint8_t {
    kPure,      // The same for the same arguments: folded when they are literals.
    kStable,    // Depends on OpContext (CURRENT_TIMESTAMP): not folded, computed once per batch.
    kVolatile,  // RAND(): every call for itself.
};

// Whether the result is nullable.
enum class Nullability : std::uint8_t {
    kFromArguments,  // If an argument is.
    kFromRule,       // If an argument is, or what `result` or `bind` gives.
    kAlways,
    kNever,
};

// What fits a parameter as it is. "<-" is what fits after an implicit cast. A bare NULL fits all.
enum class Parameter : std::uint8_t {
    kAny,
    kBoolean,
    kInt,           // TINYINT SMALLINT INT, all as std::int32_t
    kBigint,        // BIGINT <- smaller integers
    kDouble,        // DOUBLE <- all numeric types
    kDecimal,       // DECIMAL <- integers
    kInteger,       // any integer type
    kNumeric,       // any numeric type
    kString,        // CHAR VARCHAR
    kBinary,        // BINARY VARBINARY
    kDate,          // DATE
    kTime,          // TIME
    kTimestamp,     // TIMESTAMP(p) <- DATE, strings
    kTimestampLtz,  // TIMESTAMP_LTZ(p)
    kYearMonth,     // INTERVAL YEAR TO MONTH
    kDaySecond,     // INTERVAL DAY TO SECOND
    kArray,
    kMap,
    kRow,
    kLiteralString,  // a string literal: a unit, a format
};

struct KernelCall {
    std::span<const Column* const> arguments;
    Selection selection;
    Column& result;
    OpContext& context;
    const void* prepared;         // What Function::prepare made, or nullptr. Shared: read only.
    std::shared_ptr<void>& kept;  // Null at first; what this call in this program wants to keep
                                  // from batch to batch: a buffer, a cache, a generator.
};

using Kernel = void (*)(const KernelCall& call);
using Arguments = std::span<const ExprPtr>;

// The type of the result; nullability is added by Function::nullability.
using ResultRule = Type (*)(Arguments arguments);

// The types to cast the arguments to, and the type of the result. Nullability is added as above.
struct Signature {
    std::vector<Type> arguments;
    Type result;
};

struct Function {
    std::string_view name;  // Upper case.
    std::vector<Parameter> parameters = {};
    bool is_variadic = false;  // The last parameter stands for one or more arguments.
    ResultRule result = nullptr;
    Kernel kernel = nullptr;
    NullRule nulls = NullRule::kSkip;
    Volatility volatility = Volatility::kPure;
    Nullability nullability = Nullability::kFromArguments;

    // Made once per call when the query is planned: a compiled pattern, a set, a time zone. The
    // arguments are cast already; see literal_of() for those that are literals. Errors are the
    // user's: a bad pattern.
    Result<std::shared_ptr<const void>> (*prepare)(Arguments arguments,
                                                   const Type& result,
                                                   const ExprSettings& settings) = nullptr;

    // Instead of `result`, where the arguments decide about each other's types.
    Result<Signature> (*bind)(Arguments arguments) = nullptr;

    // Instead of a kernel, for what is short for something else: BETWEEN, COALESCE.
    Result<ExprPtr> (*rewrite)(std::vector<ExprPtr> arguments,
                               const ExprSettings& settings) = nullptr;
};

[[nodiscard]] inline Type returns_boolean(Arguments) {
    return Type::boolean();
}

[[nodiscard]] inline Type returns_int(Arguments) {
    return Type::integer();
}

[[nodiscard]] inline Type returns_bigint(Arguments) {
    return Type::bigint();
}

[[nodiscard]] inline Type returns_double(Arguments) {
    return Type::double_precision();
}

[[nodiscard]] inline Type returns_string(Arguments) {
    return Type::string();
}

[[nodiscard]] inline Type returns_first(Arguments arguments) {
    return arguments[0]->type;
}

// The value of a literal argument, or nullptr. A NULL literal gives a Value that is_null().
[[nodiscard]] inline const Value* literal_of(const ExprPtr& argument) {
    return argument->kind == ExprKind::kLiteral ? &argument->literal : nullptr;
}

// The text of a string literal that is not NULL, or nullptr.
[[nodiscard]] inline const std::string* literal_string(const ExprPtr& argument) {
    const Value* const value = literal_of(argument);
    return value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
}

// The overloads of `name` (upper case), in the order of the tables.
[[nodiscard]] std::span<const Function* const> find_functions(std::string_view name);

// A call node of `function` as it is: arguments have their types, nothing is cast or folded.
[[nodiscard]] Result<ExprPtr> make_bound_call(const Function& function,
                                              std::vector<ExprPtr> arguments,
                                              Type type,
                                              const ExprSettings& settings);

// A literal instead of `expr` where all it is made of is literal and pure; `expr` where it is not,
// or where computing it fails (then it fails again when a row gets there).
[[nodiscard]] ExprPtr fold(ExprPtr expr);

// Casts an argument to a type that a function wants of it, with no question whether it is implicit.
[[nodiscard]] Result<ExprPtr> coerce(ExprPtr argument,
                                     const Type& target,
                                     const ExprSettings& settings);

// AND or OR of conditions, flattened, without literals that do not matter.
[[nodiscard]] Result<ExprPtr> make_logic(ExprKind kind,
                                         std::vector<ExprPtr> arguments,
                                         const ExprSettings& settings);

// when, then, when, then, ..., else; branches are cast to their common type.
[[nodiscard]] Result<ExprPtr> make_case(std::vector<ExprPtr> arguments,
                                        const ExprSettings& settings);

// The tables.
[[nodiscard]] std::span<const Function> arithmetic_functions();
[[nodiscard]] std::span<const Function> array_functions();
[[nodiscard]] std::span<const Function> choice_functions();
[[nodiscard]] std::span<const Function> collection_functions();
[[nodiscard]] std::span<const Function> compare_functions();
[[nodiscard]] std::span<const Function> conditional_functions();
[[nodiscard]] std::span<const Function> digest_functions();
[[nodiscard]] std::span<const Function> encoding_functions();
[[nodiscard]] std::span<const Function> gather_functions();
[[nodiscard]] std::span<const Function> in_functions();
[[nodiscard]] std::span<const Function> inspection_functions();
[[nodiscard]] std::span<const Function> interval_functions();
[[nodiscard]] std::span<const Function> json_functions();
[[nodiscard]] std::span<const Function> logic_functions();
[[nodiscard]] std::span<const Function> map_functions();
[[nodiscard]] std::span<const Function> math_functions();
[[nodiscard]] std::span<const Function> printf_functions();
[[nodiscard]] std::span<const Function> random_functions();
[[nodiscard]] std::span<const Function> regex_functions();
[[nodiscard]] std::span<const Function> search_functions();
[[nodiscard]] std::span<const Function> string_functions();
[[nodiscard]] std::span<const Function> time_functions();
[[nodiscard]] std::span<const Function> time_text_functions();
[[nodiscard]] std::span<const Function> url_functions();

}  // namespace thalweg
