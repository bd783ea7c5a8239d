#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/list_values.h"
#include "ops/expr/type_rules.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace thalweg {

namespace {

// --- ITEM ---------------------------------------------------------------------------------------

// From 1; NULL past the end.
void kernel_array_item(const KernelCall& call) {
    const Column& array = *call.arguments[0];
    const auto* const lists = array.data<ListRef>();
    const auto* const indexes = call.arguments[1]->data<std::int32_t>();
    call.selection.for_each([&](std::size_t row) {
        const std::int64_t index = indexes[row];
        if (index < 1 || index > lists[row].length) {
            call.result.set_null(row);
            return;
        }
        const std::size_t element = lists[row].offset + static_cast<std::size_t>(index) - 1;
        copy_element(call.result, row, array.child(0), element, call.context.scratch);
    });
}

// The value of the key, or NULL.
void kernel_map_item(const KernelCall& call) {
    const Column& map = *call.arguments[0];
    const Column& keys = map.child(0);
    const auto* const lists = map.data<ListRef>();
    visit_physical(keys.physical(), [&]<class T>() {
        const T* const key_values = keys.data<T>();
        const T* const wanted = call.arguments[1]->data<T>();
        call.selection.for_each([&](std::size_t row) {
            const std::size_t end = std::size_t{lists[row].offset} + lists[row].length;
            std::size_t at = lists[row].offset;
            while (at < end && (keys.is_null(at) || !(key_values[at] == wanted[row])))
                ++at;
            if (at == end) {
                call.result.set_null(row);
            } else {
                copy_element(call.result, row, map.child(1), at, call.context.scratch);
            }
        });
    });
}

Type element_type(Arguments arguments) {
    return arguments[0]->type.fields->front().type;
}

Result<Signature> bind_map_item(Arguments arguments) {
    const Type& map = arguments[0]->type;
    const Type& key = map.fields->at(0).type;
    if (key.fields != nullptr || !is_implicit(arguments[1]->type, key)) {
        return fail(Code::kInvalid,
                    "a key of " + map.with_nullable(true).to_string() + " is not " +
                        arguments[1]->type.with_nullable(true).to_string());
    }
    return Signature{{map, key}, map.fields->at(1).type};
}

void kernel_cardinality(const KernelCall& call) {
    const auto* const lists = call.arguments[0]->data<ListRef>();
    auto* const out = call.result.data<std::int32_t>();
    call.selection.for_each(
        [&](std::size_t row) { out[row] = static_cast<std::int32_t>(lists[row].length); });
}

// --- FIELD --------------------------------------------------------------------------------------

// Of rows that may be NULL; a program takes the child column itself where none is.
void kernel_field(const KernelCall& call) {
    const Column& row_column = *call.arguments[0];
    const Column& field = row_column.child(*static_cast<const std::size_t*>(call.prepared));
    call.selection.for_each(
        [&](std::size_t row) { copy_element(call.result, row, field, row, call.context.scratch); });
}

std::optional<std::size_t> find_field(Arguments arguments) {
    const std::string& name = *literal_string(arguments[1]);
    const std::vector<Field>& fields = *arguments[0]->type.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) return i;
    }
    return std::nullopt;
}

Result<Signature> bind_field(Arguments arguments) {
    const Type& row = arguments[0]->type;
    const std::optional<std::size_t> index = find_field(arguments);
    if (!index.has_value()) {
        return fail(
            Code::kInvalid,
            row.with_nullable(true).to_string() + " has no field " + *literal_string(arguments[1]));
    }
    return Signature{{row, arguments[1]->type}, row.fields->at(*index).type};
}

Result<std::shared_ptr<const void>> prepare_field(Arguments arguments,
                                                  const Type&,
                                                  const ExprSettings&) {
    return std::shared_ptr<const void>(
        std::make_shared<const std::size_t>(find_field(arguments).value()));
}

// --- Constructors -------------------------------------------------------------------------------

// ARRAY[a, b] and MAP[k, v, k, v]: argument i goes to child i % children.
void kernel_list(const KernelCall& call) {
    Column& result = call.result;
    const std::size_t width = result.child_count();
    const std::size_t length = call.arguments.size() / width;
    auto* const lists = result.data<ListRef>();
    std::size_t next = 0;
    for (std::size_t k = 0; k < width; ++k)
        result.child(k).reserve(length * call.selection.size());
    call.selection.for_each([&](std::size_t row) {
        lists[row] = {static_cast<std::uint32_t>(next), static_cast<std::uint32_t>(length)};
        for (std::size_t i = 0; i < call.arguments.size(); ++i) {
            copy_element(result.child(i % width),
                         next + i / width,
                         *call.arguments[i],
                         row,
                         call.context.scratch);
        }
        next += length;
    });
    result.set_child_rows(next);
}

void kernel_row(const KernelCall& call) {
    call.selection.for_each([&](std::size_t row) {
        for (std::size_t i = 0; i < call.arguments.size(); ++i) {
            copy_element(call.result.child(i), row, *call.arguments[i], row, call.context.scratch);
        }
    });
}

// As many elements as the argument says.
void kernel_copies(const KernelCall& call) {
    const auto* const counts = call.arguments[0]->data<std::int64_t>();
    auto* const lists = call.result.data<ListRef>();
    std::size_t next = 0;
    call.selection.for_each([&](std::size_t row) {
        const auto length = static_cast<std::size_t>(std::max<std::int64_t>(counts[row], 0));
        lists[row] = {static_cast<std::uint32_t>(next), static_cast<std::uint32_t>(length)};
        next += length;
    });
    call.result.child(0).reserve(next);
    std::fill_n(call.result.child(0).data<std::uint8_t>(), next, std::uint8_t{1});
    call.result.set_child_rows(next);
}

// The common type of the arguments first, first + step, ...
Result<Type> type_of_every(Arguments arguments, std::size_t first, std::size_t step) {
    std::vector<Type> types;
    for (std::size_t i = first; i < arguments.size(); i += step)
        types.push_back(arguments[i]->type);
    return common_type(types);
}

Result<Signature> bind_array(Arguments arguments) {
    TRY(const Type element, type_of_every(arguments, 0, 1));
    return Signature{std::vector<Type>(arguments.size(), element), Type::array(element)};
}

Result<Signature> bind_map(Arguments arguments) {
    if (arguments.size() % 2 != 0) return fail(Code::kInvalid, "MAP needs a value for each key");
    TRY(const Type key, type_of_every(arguments, 0, 2));
    TRY(const Type value, type_of_every(arguments, 1, 2));
    Signature signature{{}, Type::map(key, value)};
    for (std::size_t i = 0; i < arguments.size(); ++i)
        signature.arguments.push_back(i % 2 == 0 ? key : value);
    return signature;
}

Result<Signature> bind_row(Arguments arguments) {
    Signature signature;
    std::vector<Field> fields;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        fields.push_back({"EXPR$" + std::to_string(i), arguments[i]->type});
        signature.arguments.push_back(arguments[i]->type);
    }
    signature.result = Type::row(std::move(fields));
    return signature;
}

Function constructor(std::string_view name,
                     std::size_t count,
                     Kernel kernel,
                     Result<Signature> (*bind)(Arguments)) {
    return {.name = name,
            .parameters = std::vector<Parameter>(count, Parameter::kAny),
            .is_variadic = true,
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kNever,
            .bind = bind};
}

}  // namespace

std::span<const Function> collection_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        {.name = "ITEM",
         .parameters = {kArray, kInt},
         .result = element_type,
         .kernel = kernel_array_item,
         .nullability = Nullability::kAlways},
        {.name = "ITEM",
         .parameters = {kMap, kAny},
         .kernel = kernel_map_item,
         .nullability = Nullability::kAlways,
         .bind = bind_map_item},
        {.name = "CARDINALITY",
         .parameters = {kArray},
         .result = returns_int,
         .kernel = kernel_cardinality},
        {.name = "CARDINALITY",
         .parameters = {kMap},
         .result = returns_int,
         .kernel = kernel_cardinality},
        {.name = "FIELD",
         .parameters = {kRow, kLiteralString},
         .kernel = kernel_field,
         .nullability = Nullability::kFromRule,
         .prepare = prepare_field,
         .bind = bind_field},
        {.name = "$COPIES",
         .parameters = {kInteger},
         .result = [](Arguments) { return Type::array(Type::boolean()); },
         .kernel = kernel_copies},
        constructor("ARRAY", 1, kernel_list, bind_array),
        constructor("MAP", 2, kernel_list, bind_map),
        constructor("ROW", 1, kernel_row, bind_row),
    };
    return kFunctions;
}

}  // namespace thalweg
