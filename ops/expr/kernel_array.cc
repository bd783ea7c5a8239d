// Functions of arrays: looking into them, and making others of them. Two NULL elements are equal.

#include "ops/expr/functions.h"
#include "ops/expr/list_values.h"
#include "ops/expr/text_loops.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using ValueSet = std::set<ValueAt, ValueOrder>;

bool are_equal(ValueAt a, ValueAt b) {
    return compare_values(a, b) == 0;
}

// --- Looking ------------------------------------------------------------------------------------

// From 1; 0 if no element equals the needle.
std::size_t position_of(const ListElements& elements, ValueAt needle) {
    for (std::size_t i = 0; i < elements.count; ++i) {
        if (are_equal(elements[i], needle)) return i + 1;
    }
    return 0;
}

void kernel_contains(const KernelCall& call) {
    const Column& array = *call.arguments[0];
    auto* const out = call.result.data<std::uint8_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = 0;
        if (array.is_null(row)) {
            call.result.set_null(row);
        } else {
            out[row] = position_of(list_elements(array, row), {call.arguments[1], row}) != 0;
        }
    });
}

void kernel_position(const KernelCall& call) {
    auto* const out = call.result.data<std::int32_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = static_cast<std::int32_t>(
            position_of(list_elements(*call.arguments[0], row), {call.arguments[1], row}));
    });
}

void kernel_element(const KernelCall& call) {
    call.selection.for_each([&](std::size_t row) {
        const ListElements elements = list_elements(*call.arguments[0], row);
        if (elements.count == 1) {
            const ValueAt only = elements[0];
            copy_element(call.result, row, *only.column, only.row, call.context.scratch);
            return;
        }
        call.result.set_null(row);
        if (elements.count > 1) {
            call.context.fail("ELEMENT: an array has " + std::to_string(elements.count) +
                              " elements, not one");
        }
    });
}

// The least or greatest element that is not NULL; NULL if there is none.
template <bool kGreatest>
void kernel_extreme(const KernelCall& call) {
    call.selection.for_each([&](std::size_t row) {
        const ListElements elements = list_elements(*call.arguments[0], row);
        std::size_t best = elements.count;
        for (std::size_t i = 0; i < elements.count; ++i) {
            if (elements[i].is_null()) continue;
            const bool is_first = best == elements.count;
            const bool is_better = !is_first &&
                                   (compare_values(elements[i], elements[best]) < 0) != kGreatest &&
                                   !are_equal(elements[i], elements[best]);
            if (is_first || is_better) best = i;
        }
        if (best == elements.count) {
            call.result.set_null(row);
        } else {
            const ValueAt value = elements[best];
            copy_element(call.result, row, *value.column, value.row, call.context.scratch);
        }
    });
}

void kernel_join(const KernelCall& call) {
    const StringRef* const delimiter = texts(call, 1);
    build_texts(call, [&](std::size_t row, std::string& out) {
        const ListElements elements = list_elements(*call.arguments[0], row);
        bool is_first = true;
        // What is too long already is refused as it is.
        for (std::size_t i = 0; i < elements.count && out.size() <= kTextBytesMax; ++i) {
            const ValueAt value = elements[i];
            const bool is_null = value.is_null();
            if (is_null && call.arguments.size() < 3) continue;
            if (!is_first) out += delimiter[row].view();
            is_first = false;
            out += is_null ? texts(call, 2)[row].view()
                           : value.column->data<StringRef>()[value.row].view();
        }
    });
}

// --- Making others ------------------------------------------------------------------------------

// Calls add(writer, elements of the first argument, row) for each row: NULL where that is.
template <class Add>
void build_arrays(const KernelCall& call, Add add) {
    ListWriter writer(call);
    call.selection.for_each([&](std::size_t row) {
        if (call.arguments[0]->is_null(row)) {
            call.result.data<ListRef>()[row] = {};
            call.result.set_null(row);
            return;
        }
        add(writer, list_elements(*call.arguments[0], row), row);
        writer.finish(row);
    });
}

void add_all(ListWriter& writer, const ListElements& elements) {
    for (std::size_t i = 0; i < elements.count; ++i)
        writer.add(elements[i]);
}

void kernel_concat(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        add_all(writer, elements);
        for (std::size_t i = 1; i < call.arguments.size(); ++i)
            add_all(writer, list_elements(*call.arguments[i], row));
    });
}

template <bool kInFront>
void kernel_add(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        if (kInFront) writer.add({call.arguments[1], row});
        add_all(writer, elements);
        if (!kInFront) writer.add({call.arguments[1], row});
    });
}

void kernel_remove(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        for (std::size_t i = 0; i < elements.count; ++i) {
            if (!are_equal(elements[i], {call.arguments[1], row})) writer.add(elements[i]);
        }
    });
}

void kernel_reverse(const KernelCall& call) {
    build_arrays(call, [](ListWriter& writer, const ListElements& elements, std::size_t) {
        for (std::size_t i = elements.count; i > 0; --i)
            writer.add(elements[i - 1]);
    });
}

void add_unseen(ListWriter& writer, const ListElements& elements, ValueSet& seen) {
    for (std::size_t i = 0; i < elements.count; ++i) {
        if (seen.insert(elements[i]).second) writer.add(elements[i]);
    }
}

// ARRAY_DISTINCT and ARRAY_UNION: every element once, in the order of its first place.
void kernel_union(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        ValueSet seen;
        add_unseen(writer, elements, seen);
        for (std::size_t i = 1; i < call.arguments.size(); ++i)
            add_unseen(writer, list_elements(*call.arguments[i], row), seen);
    });
}

// The elements, once each, that the second array has, or has not.
template <bool kIsWanted>
void kernel_select(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        const ListElements others = list_elements(*call.arguments[1], row);
        ValueSet among;
        for (std::size_t i = 0; i < others.count; ++i)
            among.insert(others[i]);
        ValueSet seen;
        for (std::size_t i = 0; i < elements.count; ++i) {
            if (among.contains(elements[i]) == kIsWanted && seen.insert(elements[i]).second)
                writer.add(elements[i]);
        }
    });
}

// From 1, both ends included; negative positions count from the end, 0 is the first.
void kernel_slice(const KernelCall& call) {
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        const auto size = static_cast<std::int64_t>(elements.count);
        const auto from_front = [=](std::int64_t position) {
            return position < 0 ? position + size + 1 : position;
        };
        const std::int64_t first = std::max<std::int64_t>(1, from_front(integers(call, 1)[row]));
        std::int64_t last = call.arguments.size() > 2 ? from_front(integers(call, 2)[row]) : size;
        if (last == 0) last = 1;
        for (std::int64_t i = first; i <= std::min(last, size); ++i)
            writer.add(elements[static_cast<std::size_t>(i - 1)]);
    });
}

bool flag_at(const KernelCall& call, std::size_t index, std::size_t row, bool otherwise) {
    if (call.arguments.size() <= index) return otherwise;
    return call.arguments[index]->data<std::uint8_t>()[row] != 0;
}

// ARRAY_SORT(array, ascending, nulls first): without the last, NULL is the least.
void kernel_sort(const KernelCall& call) {
    std::vector<ValueAt> values;
    build_arrays(call, [&](ListWriter& writer, const ListElements& elements, std::size_t row) {
        const bool ascends = flag_at(call, 1, row, true);
        const bool nulls_first = flag_at(call, 2, row, ascends);
        values.clear();
        for (std::size_t i = 0; i < elements.count; ++i)
            values.push_back(elements[i]);
        std::stable_sort(values.begin(), values.end(), [=](ValueAt a, ValueAt b) {
            if (a.is_null() != b.is_null()) return a.is_null() == nulls_first;
            const auto order = compare_values(a, b);
            return ascends ? order < 0 : order > 0;
        });
        for (const ValueAt value : values)
            writer.add(value);
    });
}

// --- The table ----------------------------------------------------------------------------------

const Type& element_of(const ExprPtr& array) {
    return array->type.fields->front().type;
}

Type returns_element(Arguments arguments) {
    return element_of(arguments[0]);
}

// An array and one value like its elements: what the result is, `make` says.
Result<Type> needle_type(Arguments arguments) {
    TRY(Type element, common_type({element_of(arguments[0]), arguments[1]->type}));
    const bool is_nullable = element_of(arguments[0]).nullable || arguments[1]->type.nullable;
    return element.with_nullable(is_nullable);
}

// The element's own nullability is left alone, for arrays that are not made anew.
Result<Signature> bind_needle(Arguments arguments, const Type* result) {
    TRY(const Type element, needle_type(arguments));
    const Type array = Type::array(element.with_nullable(element_of(arguments[0]).nullable));
    return Signature{{array, element}, result == nullptr ? array : *result};
}

Result<Signature> bind_contains(Arguments arguments) {
    const Type type = Type::boolean();
    return bind_needle(arguments, &type);
}

Result<Signature> bind_position(Arguments arguments) {
    const Type type = Type::integer();
    return bind_needle(arguments, &type);
}

Result<Signature> bind_remove(Arguments arguments) {
    return bind_needle(arguments, nullptr);
}

Result<Signature> bind_add(Arguments arguments) {
    TRY(const Type element, needle_type(arguments));
    const Type array = Type::array(element);
    return bind_needle(arguments, &array);
}

Result<Signature> bind_arrays(Arguments arguments) {
    std::vector<Type> elements;
    bool is_nullable = false;
    for (const ExprPtr& argument : arguments) {
        elements.push_back(element_of(argument));
        is_nullable = is_nullable || elements.back().nullable;
    }
    TRY(Type element, common_type(elements));
    const Type array = Type::array(element.with_nullable(is_nullable));
    return Signature{std::vector<Type>(arguments.size(), array), array};
}

Result<Signature> bind_join(Arguments arguments) {
    if (!element_of(arguments[0]).is_character()) {
        return fail(Code::kInvalid,
                    "ARRAY_JOIN takes an ARRAY<STRING>, not " +
                        arguments[0]->type.with_nullable(true).to_string());
    }
    Signature signature{{arguments[0]->type}, Type::string()};
    signature.arguments.resize(arguments.size(), Type::string());
    return signature;
}

Function array_function(std::string_view name, std::vector<Parameter> more, Kernel kernel) {
    Function function = {
        .name = name, .parameters = {Parameter::kArray}, .result = returns_first, .kernel = kernel};
    for (const Parameter parameter : more)
        function.parameters.push_back(parameter);
    return function;
}

Function bound_function(std::string_view name,
                        std::vector<Parameter> more,
                        Kernel kernel,
                        Result<Signature> (*bind)(Arguments)) {
    Function function = array_function(name, std::move(more), kernel);
    function.bind = bind;
    return function;
}

// Of a needle that may be NULL and then is looked for.
Function needle_function(std::string_view name,
                         Kernel kernel,
                         Result<Signature> (*bind)(Arguments)) {
    Function function = bound_function(name, {Parameter::kAny}, kernel, bind);
    function.nulls = NullRule::kOwn;
    return function;
}

Function element_function(std::string_view name, Kernel kernel) {
    Function function = array_function(name, {}, kernel);
    function.result = returns_element;
    function.nullability = Nullability::kAlways;
    return function;
}

}  // namespace

std::span<const Function> array_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = [] {
        std::vector<Function> functions = {
            element_function("ELEMENT", kernel_element),
            element_function("ARRAY_MAX", kernel_extreme<true>),
            element_function("ARRAY_MIN", kernel_extreme<false>),
            needle_function("ARRAY_CONTAINS", kernel_contains, bind_contains),
            bound_function("ARRAY_POSITION", {kAny}, kernel_position, bind_position),
            needle_function("ARRAY_REMOVE", kernel_remove, bind_remove),
            needle_function("ARRAY_APPEND", kernel_add<false>, bind_add),
            needle_function("ARRAY_PREPEND", kernel_add<true>, bind_add),
            array_function("ARRAY_REVERSE", {}, kernel_reverse),
            array_function("ARRAY_DISTINCT", {}, kernel_union),
            bound_function("ARRAY_UNION", {kArray}, kernel_union, bind_arrays),
            bound_function("ARRAY_EXCEPT", {kArray}, kernel_select<false>, bind_arrays),
            bound_function("ARRAY_INTERSECT", {kArray}, kernel_select<true>, bind_arrays),
            array_function("ARRAY_SLICE", {kBigint}, kernel_slice),
            array_function("ARRAY_SLICE", {kBigint, kBigint}, kernel_slice),
            array_function("ARRAY_SORT", {}, kernel_sort),
            array_function("ARRAY_SORT", {kBoolean}, kernel_sort),
            array_function("ARRAY_SORT", {kBoolean, kBoolean}, kernel_sort),
            bound_function("ARRAY_JOIN", {kString}, kernel_join, bind_join),
            bound_function("ARRAY_JOIN", {kString, kString}, kernel_join, bind_join),
            bound_function("ARRAY_CONCAT", {}, kernel_concat, bind_arrays),
        };
        functions.back().is_variadic = true;
        return functions;
    }();
    return kFunctions;
}

}  // namespace thalweg
