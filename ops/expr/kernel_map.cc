// Functions of maps. The entries of a map keep the order they were put in.

#include "ops/expr/functions.h"
#include "ops/expr/list_values.h"
#include "ops/expr/regex.h"
#include "ops/expr/text_loops.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// --- MAP_KEYS, MAP_VALUES, MAP_ENTRIES ----------------------------------------------------------

template <std::size_t kChild>
void kernel_half(const KernelCall& call) {
    ListWriter writer(call);
    call.selection.for_each([&](std::size_t row) {
        const ListElements half = list_elements(*call.arguments[0], row, kChild);
        for (std::size_t i = 0; i < half.count; ++i)
            writer.add(half[i]);
        writer.finish(row);
    });
}

void kernel_entries(const KernelCall& call) {
    Column& entries = call.result.child(0);
    std::size_t next = call.result.child_rows();
    call.selection.for_each([&](std::size_t row) {
        const ListElements keys = list_elements(*call.arguments[0], row, 0);
        const ListElements values = list_elements(*call.arguments[0], row, 1);
        entries.reserve(next + keys.count);
        call.result.data<ListRef>()[row] = {static_cast<std::uint32_t>(next),
                                            static_cast<std::uint32_t>(keys.count)};
        for (std::size_t i = 0; i < keys.count; ++i, ++next) {
            Arena& arena = call.context.scratch;
            copy_element(entries.child(0), next, *keys.column, keys.first + i, arena);
            copy_element(entries.child(1), next, *values.column, values.first + i, arena);
        }
        call.result.set_child_rows(next);
    });
}

// --- MAP_FROM_ARRAYS and MAP_UNION --------------------------------------------------------------

void kernel_from_arrays(const KernelCall& call) {
    ListWriter writer(call);
    call.selection.for_each([&](std::size_t row) {
        const ListElements keys = list_elements(*call.arguments[0], row);
        const ListElements values = list_elements(*call.arguments[1], row);
        if (keys.count != values.count) {
            call.context.fail("MAP_FROM_ARRAYS: there are " + std::to_string(keys.count) +
                              " keys and " + std::to_string(values.count) + " values");
        }
        for (std::size_t i = 0; i < keys.count && i < values.count; ++i)
            writer.add(keys[i], values[i]);
        writer.finish(row);
    });
}

// Of equal keys the last value stays, in the place of the first.
void kernel_map_union(const KernelCall& call) {
    ListWriter writer(call);
    std::vector<std::pair<ValueAt, ValueAt>> entries;
    call.selection.for_each([&](std::size_t row) {
        std::map<ValueAt, std::size_t, ValueOrder> places;
        entries.clear();
        for (const Column* const map : call.arguments) {
            const ListElements keys = list_elements(*map, row, 0);
            const ListElements values = list_elements(*map, row, 1);
            for (std::size_t i = 0; i < keys.count; ++i) {
                const auto [place, is_new] = places.try_emplace(keys[i], entries.size());
                if (is_new) entries.emplace_back(keys[i], values[i]);
                entries[place->second].second = values[i];
            }
        }
        for (const auto& [key, value] : entries)
            writer.add(key, value);
        writer.finish(row);
    });
}

// --- STR_TO_MAP ---------------------------------------------------------------------------------

// The compiled delimiters of the latest row: they are regular expressions, and mostly literals.
struct Delimiters {
    PatternCache<RE2> entry;
    PatternCache<RE2> key;
};

const RE2* compile_delimiter(const KernelCall& call,
                             PatternCache<RE2>& cache,
                             std::string_view text) {
    if (cache.value == nullptr || cache.text != text) {
        auto made = make_regex(text);
        if (!made) {
            call.context.fail("STR_TO_MAP: " + made.error().message);
            return nullptr;
        }
        cache = {std::string(text), *std::move(made)};
    }
    return cache.value.get();
}

// The parts of `text` as Java's split() gives them: none empty before an empty match at the front,
// no more than `limit` of them.
std::vector<std::string_view> split(std::string_view text, const RE2& regex, std::size_t limit) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    re2::StringPiece match;
    for_each_match(text, regex, {&match, 1}, [&] {
        const auto at = static_cast<std::size_t>(match.data() - text.data());
        const bool is_empty_edge = match.empty() && (at == 0 || at == text.size());
        if (is_empty_edge || parts.size() + 1 == limit) return;
        parts.push_back(text.substr(begin, at - begin));
        begin = at + match.size();
    });
    parts.push_back(text.substr(begin));
    return parts;
}

struct TextEntry {
    std::string_view key;
    std::string_view value;
    bool has_value;
};

void write_entry(const KernelCall& call, std::size_t at, const TextEntry& entry) {
    Column& keys = call.result.child(0);
    Column& values = call.result.child(1);
    keys.reserve(at + 1);
    values.reserve(at + 1);
    keys.data<StringRef>()[at] = StringRef(entry.key);
    values.data<StringRef>()[at] = StringRef(entry.value);
    if (!entry.has_value) values.set_null(at);
}

// The entries of a text that is not empty; empty parts at its end are none.
std::vector<TextEntry> split_entries(std::string_view text, const RE2& entry, const RE2& key) {
    std::vector<TextEntry> entries;
    std::map<std::string_view, std::size_t> places;
    std::vector<std::string_view> parts = split(text, entry, std::string_view::npos);
    while (parts.size() > 1 && parts.back().empty())
        parts.pop_back();
    for (const std::string_view part : parts) {
        const std::vector<std::string_view> halves = split(part, key, 2);
        const bool has_value = halves.size() == 2;
        const auto [place, is_new] = places.try_emplace(halves[0], entries.size());
        if (is_new) entries.emplace_back();
        entries[place->second] = {halves[0], has_value ? halves[1] : std::string_view(), has_value};
    }
    return entries;
}

void kernel_str_to_map(const KernelCall& call) {
    if (call.kept == nullptr) call.kept = std::make_shared<Delimiters>();
    auto& delimiters = *static_cast<Delimiters*>(call.kept.get());
    const bool has_delimiters = call.arguments.size() > 1;
    std::size_t next = call.result.child_rows();
    call.selection.for_each([&](std::size_t row) {
        const std::string_view text = texts(call, 0)[row].view();
        ListRef& list = call.result.data<ListRef>()[row];
        list = {static_cast<std::uint32_t>(next), 0};
        const RE2* const entry = compile_delimiter(
            call, delimiters.entry, has_delimiters ? texts(call, 1)[row].view() : ",");
        const RE2* const key = compile_delimiter(
            call, delimiters.key, has_delimiters ? texts(call, 2)[row].view() : "=");
        if (entry == nullptr || key == nullptr || text.empty()) return;
        for (const TextEntry& each : split_entries(text, *entry, *key))
            write_entry(call, next + list.length++, each);
        next += list.length;
        call.result.set_child_rows(next);
    });
}

// --- The table ----------------------------------------------------------------------------------

template <std::size_t kChild>
Type returns_half(Arguments arguments) {
    return Type::array(arguments[0]->type.fields->at(kChild).type);
}

Type returns_entries(Arguments arguments) {
    const std::vector<Field>& fields = *arguments[0]->type.fields;
    return Type::array(Type::row({{"key", fields[0].type}, {"value", fields[1].type}}).not_null());
}

Type returns_map_of_arrays(Arguments arguments) {
    return Type::map(arguments[0]->type.fields->front().type,
                     arguments[1]->type.fields->front().type);
}

Type returns_text_map(Arguments) {
    return Type::map(Type::string().not_null(), Type::string());
}

Result<Signature> bind_union(Arguments arguments) {
    std::vector<Type> keys;
    std::vector<Type> values;
    bool is_nullable = false;
    for (const ExprPtr& argument : arguments) {
        keys.push_back(argument->type.fields->at(0).type);
        values.push_back(argument->type.fields->at(1).type);
        is_nullable = is_nullable || values.back().nullable;
    }
    TRY(const Type key, common_type(keys));
    TRY(const Type value, common_type(values));
    const Type map = Type::map(key, value.with_nullable(is_nullable));
    return Signature{std::vector<Type>(arguments.size(), map), map};
}

}  // namespace

std::span<const Function> map_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        {.name = "MAP_KEYS",
         .parameters = {kMap},
         .result = returns_half<0>,
         .kernel = kernel_half<0>},
        {.name = "MAP_VALUES",
         .parameters = {kMap},
         .result = returns_half<1>,
         .kernel = kernel_half<1>},
        {.name = "MAP_ENTRIES",
         .parameters = {kMap},
         .result = returns_entries,
         .kernel = kernel_entries},
        {.name = "MAP_FROM_ARRAYS",
         .parameters = {kArray, kArray},
         .result = returns_map_of_arrays,
         .kernel = kernel_from_arrays},
        {.name = "MAP_UNION",
         .parameters = {kMap},
         .is_variadic = true,
         .kernel = kernel_map_union,
         .bind = bind_union},
        {.name = "STR_TO_MAP",
         .parameters = {kString},
         .result = returns_text_map,
         .kernel = kernel_str_to_map},
        {.name = "STR_TO_MAP",
         .parameters = {kString, kString, kString},
         .result = returns_text_map,
         .kernel = kernel_str_to_map},
    };
    return kFunctions;
}

}  // namespace thalweg
