// Functions of JSON text. What depends on words of their own syntax ("NULL ON EMPTY") they take as
// literals, in the order that the tables at the end say; engine/plan/bind_json.h writes them.

#include "ops/expr/functions.h"
#include "ops/expr/json_path.h"
#include "ops/expr/json_text.h"
#include "ops/expr/text_loops.h"
#include "state/text/json.h"

#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using simdjson::dom::element;
using PathPtr = std::shared_ptr<const JsonPath>;

// What a call keeps: the memory of its parser, and the path of the latest row.
struct JsonReader {
    simdjson::dom::parser parser;
    PatternCache<JsonPath> path;
};

JsonReader& reader_of(const KernelCall& call) {
    if (call.kept == nullptr) call.kept = std::make_shared<JsonReader>();
    return *static_cast<JsonReader*>(call.kept.get());
}

// Good until the next call.
std::optional<element> parse(const KernelCall& call, std::string_view text) {
    element root;
    const auto error = reader_of(call).parser.parse(text.data(), text.size()).get(root);
    if (error != simdjson::SUCCESS) return std::nullopt;
    return root;
}

// --- IS JSON ------------------------------------------------------------------------------------

enum class JsonKind { kValue, kObject, kArray, kScalar };

// NULL is no JSON.
template <JsonKind kKind>
void kernel_is_json(const KernelCall& call) {
    auto* const out = call.result.data<std::uint8_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = 0;
        if (call.arguments[0]->is_null(row)) return;
        const std::optional<element> root = parse(call, texts(call, 0)[row].view());
        if (!root.has_value()) return;
        const bool is_object = root->is_object();
        const bool is_array = root->is_array();
        out[row] = kKind == JsonKind::kValue || (kKind == JsonKind::kObject && is_object) ||
                   (kKind == JsonKind::kArray && is_array) ||
                   (kKind == JsonKind::kScalar && !is_object && !is_array);
    });
}

// --- Following a path ---------------------------------------------------------------------------

// Made when the query is planned: the path, if it is a literal, and what to do about nothing and
// about errors, as the words that the functions take.
struct PathCall {
    PathPtr path;
    std::string on_empty;
    std::string on_error;
    std::string wrapper;
};

std::string word_at(Arguments arguments, std::size_t index) {
    const std::string* const word =
        index < arguments.size() ? literal_string(arguments[index]) : nullptr;
    return word == nullptr ? "" : *word;
}

Result<PathPtr> literal_path(Arguments arguments) {
    const std::string* const text = literal_string(arguments[1]);
    if (text == nullptr) return nullptr;
    return JsonPath::make(*text);
}

Result<std::shared_ptr<const void>> prepare_exists(Arguments arguments,
                                                   const Type&,
                                                   const ExprSettings&) {
    PathCall call;
    TRY(call.path, literal_path(arguments));
    call.on_error = word_at(arguments, 2);
    return std::make_shared<const PathCall>(std::move(call));
}

Result<std::shared_ptr<const void>> prepare_value(Arguments arguments,
                                                  const Type&,
                                                  const ExprSettings&) {
    PathCall call;
    TRY(call.path, literal_path(arguments));
    call.on_empty = word_at(arguments, 3);
    call.on_error = word_at(arguments, 5);
    return std::make_shared<const PathCall>(std::move(call));
}

Result<std::shared_ptr<const void>> prepare_query(Arguments arguments,
                                                  const Type&,
                                                  const ExprSettings&) {
    PathCall call;
    TRY(call.path, literal_path(arguments));
    call.wrapper = word_at(arguments, 2);
    call.on_empty = word_at(arguments, 3);
    call.on_error = word_at(arguments, 4);
    return std::make_shared<const PathCall>(std::move(call));
}

const PathCall& path_call(const KernelCall& call) {
    return *static_cast<const PathCall*>(call.prepared);
}

enum class Outcome : std::uint8_t {
    kFound,
    kEmpty,  // Nothing is there, or null, or in the lax mode the text is no JSON.
    kError,  // In the strict mode: no JSON, or nothing is there. Or the path is wrong, or what it
             // leads to is too much.
};

struct Reading {
    Outcome outcome = Outcome::kError;
    JsonPath::Found found = {};
    bool is_lax = false;
};

Reading read_path(const KernelCall& call, std::size_t row) {
    const JsonPath* path = path_call(call).path.get();
    if (path == nullptr) {
        const std::string_view text = texts(call, 1)[row].view();
        PatternCache<JsonPath>& cache = reader_of(call).path;
        if (cache.value == nullptr || cache.text != text) {
            auto made = JsonPath::make(text);
            if (!made) {
                call.context.fail(made.error().message);
                return {};
            }
            cache = {std::string(text), *std::move(made)};
        }
        path = cache.value.get();
    }
    Reading reading{.outcome = path->is_lax() ? Outcome::kEmpty : Outcome::kError,
                    .is_lax = path->is_lax()};
    const std::optional<element> root = parse(call, texts(call, 0)[row].view());
    if (!root.has_value()) return reading;
    reading.found = path->find(*root);
    if (reading.found.is_beyond) {
        reading.outcome = Outcome::kError;
        return reading;
    }
    if (reading.found.is_missing()) return reading;
    const bool is_null = !reading.found.is_list && reading.found.values[0].is_null();
    reading.outcome = is_null ? Outcome::kEmpty : Outcome::kFound;
    return reading;
}

bool is_any_null(const KernelCall& call, std::size_t row) {
    return call.arguments[0]->is_null(row) || call.arguments[1]->is_null(row);
}

// --- JSON_EXISTS --------------------------------------------------------------------------------

void kernel_exists(const KernelCall& call) {
    auto* const out = call.result.data<std::uint8_t>();
    const std::string& on_error = path_call(call).on_error;
    call.selection.for_each([&](std::size_t row) {
        const Reading reading = read_path(call, row);
        out[row] = reading.outcome == Outcome::kFound;
        if (reading.outcome != Outcome::kError) return;
        out[row] = on_error == "TRUE";
        if (on_error == "UNKNOWN") call.result.set_null(row);
        if (on_error == "ERROR") call.context.fail("JSON_EXISTS: the path leads nowhere");
    });
}

// --- JSON_VALUE ---------------------------------------------------------------------------------

bool is_scalar(const JsonPath::Found& found) {
    return !found.is_list && !found.values[0].is_object() && !found.values[0].is_array();
}

// False for a value that is not of the result's type.
bool write_scalar(const KernelCall& call, std::size_t row, element value, std::string& buffer) {
    if (call.result.physical() == Physical::kString) {
        buffer.clear();
        if (!append_scalar(buffer, value)) return false;
        call.result.data<StringRef>()[row] = keep_text(call, buffer);
        return true;
    }
    if (call.result.physical() == Physical::kBool) {
        bool answer = false;
        if (value.get(answer) != simdjson::SUCCESS) return false;
        call.result.data<std::uint8_t>()[row] = answer ? 1 : 0;
        return true;
    }
    if (call.result.physical() == Physical::kDouble)
        return value.get(call.result.data<double>()[row]) == simdjson::SUCCESS;
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS) return false;
    call.result.data<std::int32_t>()[row] = static_cast<std::int32_t>(number);
    return call.result.data<std::int32_t>()[row] == number;
}

// What NULL, ERROR and DEFAULT ask for; argument `otherwise` holds the default.
void write_otherwise(const KernelCall& call,
                     std::size_t row,
                     std::string_view behaviour,
                     std::size_t otherwise) {
    const Column& value = *call.arguments[otherwise];
    if (behaviour == "DEFAULT" && !value.is_null(row)) {
        call.result.copy_row(row, value, row, call.context.scratch);
        return;
    }
    call.result.set_null(row);
    if (behaviour == "ERROR") {
        call.context.fail(otherwise == 4 ? "JSON_VALUE: there is no value at the path"
                                         : "JSON_VALUE: the path leads to no value of the type");
    }
}

void kernel_value(const KernelCall& call) {
    const PathCall& how = path_call(call);
    std::string buffer;
    if (call.result.physical() == Physical::kString)
        call.selection.for_each(
            [&](std::size_t row) { call.result.data<StringRef>()[row] = StringRef(); });
    call.selection.for_each([&](std::size_t row) {
        if (is_any_null(call, row)) {
            call.result.set_null(row);
            return;
        }
        Reading reading = read_path(call, row);
        if (reading.outcome == Outcome::kFound && !is_scalar(reading.found))
            reading.outcome = reading.is_lax ? Outcome::kEmpty : Outcome::kError;
        if (reading.outcome == Outcome::kFound &&
            !write_scalar(call, row, reading.found.values[0], buffer))
            reading.outcome = Outcome::kError;
        if (reading.outcome == Outcome::kEmpty) write_otherwise(call, row, how.on_empty, 4);
        if (reading.outcome == Outcome::kError) write_otherwise(call, row, how.on_error, 6);
    });
}

// --- JSON_QUERY ---------------------------------------------------------------------------------

// False where it is too long.
bool append_found(std::string& out, const JsonPath::Found& found) {
    if (!found.is_list) {
        append_json(out, found.values[0]);
        return out.size() < kTextBytesMax;
    }
    out += '[';
    for (std::size_t i = 0; i < found.values.size(); ++i) {
        if (i != 0) out += ',';
        append_json(out, found.values[i]);
        if (out.size() >= kTextBytesMax) return false;
    }
    out += ']';
    return true;
}

// Whether it is JSON_QUERY's result, given how arrays are made of it.
Outcome append_query(std::string& out, const Reading& reading, std::string_view wrapper) {
    if (reading.outcome != Outcome::kFound) return reading.outcome;
    const JsonPath::Found& found = reading.found;
    const bool is_array = found.is_list || found.values[0].is_array();
    const bool is_wrapped = wrapper == "UNCONDITIONAL" || (wrapper == "CONDITIONAL" && !is_array);
    if (!is_wrapped && is_scalar(found)) return reading.is_lax ? Outcome::kEmpty : Outcome::kError;
    if (is_wrapped) out += '[';
    if (!append_found(out, found)) return Outcome::kError;
    if (is_wrapped) out += ']';
    return Outcome::kFound;
}

void kernel_query(const KernelCall& call) {
    const PathCall& how = path_call(call);
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        const Outcome outcome = append_query(out, read_path(call, row), how.wrapper);
        if (outcome == Outcome::kFound) return true;
        const std::string& behaviour = outcome == Outcome::kEmpty ? how.on_empty : how.on_error;
        out.clear();
        if (behaviour == "EMPTY ARRAY") out += "[]";
        if (behaviour == "EMPTY OBJECT") out += "{}";
        if (behaviour == "ERROR")
            call.context.fail("JSON_QUERY: the path leads to no array and no object");
        return !out.empty();
    });
}

// --- Making JSON --------------------------------------------------------------------------------

// The zone of the session.
Result<std::shared_ptr<const void>> prepare_zone(Arguments,
                                                 const Type&,
                                                 const ExprSettings& settings) {
    return std::shared_ptr<const void>(settings.zone);
}

const TimeZone& zone_of(const KernelCall& call) {
    return *static_cast<const TimeZone*>(call.prepared);
}

void kernel_json_string(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        append_json(out, *call.arguments[0], row, zone_of(call));
    });
}

// Argument `index` is a value, the next one says "JSON" where it is JSON already.
bool append_value(std::string& out, const KernelCall& call, std::size_t index, std::size_t row) {
    const Column& value = *call.arguments[index];
    const bool is_json = texts(call, index + 1)[row].view() == "JSON";
    if (is_json && !value.is_null(row)) {
        out += value.data<StringRef>()[row].view();
    } else {
        append_json(out, value, row, zone_of(call));
    }
    return !value.is_null(row);
}

bool keeps_nulls(const KernelCall& call, std::size_t row) {
    return texts(call, 0)[row].view() == "NULL";
}

void append_members(std::string& out, const std::map<std::string, std::string>& members) {
    out += '{';
    bool is_first = true;
    for (const auto& [key, value] : members) {
        if (!std::exchange(is_first, false)) out += ',';
        append_json_string(out, key);
        out += ':';
        out += value;
    }
    out += '}';
}

// As in Flink, members are in the order of their keys, and of equal keys the last counts.
void kernel_object(const KernelCall& call) {
    std::map<std::string, std::string> members;
    build_texts(call, [&](std::size_t row, std::string& out) {
        members.clear();
        for (std::size_t i = 1; i < call.arguments.size(); i += 3) {
            if (call.arguments[i]->is_null(row)) {
                call.context.fail("JSON_OBJECT: a key is NULL");
                return;
            }
            std::string value;
            const bool is_there = append_value(value, call, i + 1, row);
            if (is_there || keeps_nulls(call, row))
                members[std::string(texts(call, i)[row].view())] = std::move(value);
        }
        append_members(out, members);
    });
}

void kernel_array(const KernelCall& call) {
    std::string value;
    build_texts(call, [&](std::size_t row, std::string& out) {
        out += '[';
        for (std::size_t i = 1; i < call.arguments.size(); i += 2) {
            value.clear();
            if (!append_value(value, call, i, row) && !keeps_nulls(call, row)) continue;
            if (out.size() > 1) out += ',';
            out += value;
        }
        out += ']';
    });
}

// --- Aggregates: elements, and what is made of them (engine/plan/gathering.h) -------------------

// $JSON_ELEMENT(on null, value, form).
void kernel_json_element(const KernelCall& call) {
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        return append_value(out, call, 1, row) || keeps_nulls(call, row);
    });
}

// Elements with commas between them.
void kernel_json_array_of(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        out += '[';
        if (!call.arguments[0]->is_null(row)) out += texts(call, 0)[row].view();
        out += ']';
    });
}

void append_sized(std::string& out, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += text;
}

std::string_view take_sized(std::string_view& from) {
    std::uint32_t size = 0;
    std::memcpy(&size, from.data(), sizeof size);
    const std::string_view text = from.substr(sizeof size, size);
    from.remove_prefix(sizeof size + size);
    return text;
}

// The size of a key that is NULL: an error where it counts, which a FILTER may see to.
constexpr std::uint32_t kNullKey = 0xFFFF'FFFF;

// $JSON_MEMBER(on null, key, value, form): key and value, each behind its size.
void kernel_json_member(const KernelCall& call) {
    std::string value;
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        if (call.arguments[1]->is_null(row)) {
            out.append(reinterpret_cast<const char*>(&kNullKey), sizeof kNullKey);
            return true;
        }
        value.clear();
        const bool is_there = append_value(value, call, 2, row);
        append_sized(out, texts(call, 1)[row].view());
        append_sized(out, value);
        return is_there || keeps_nulls(call, row);
    });
}

void kernel_json_object_of(const KernelCall& call) {
    std::map<std::string, std::string> members;
    build_texts(call, [&](std::size_t row, std::string& out) {
        members.clear();
        const bool is_empty = call.arguments[0]->is_null(row);
        std::string_view list = is_empty ? "" : texts(call, 0)[row].view();
        while (!list.empty()) {
            if (list.size() >= sizeof kNullKey &&
                std::memcmp(list.data(), &kNullKey, sizeof kNullKey) == 0) {
                call.context.fail("JSON_OBJECTAGG: a key is NULL");
                return;
            }
            const std::string_view key = take_sized(list);
            members[std::string(key)] = take_sized(list);
        }
        append_members(out, members);
    });
}

// With a backslash before slashes too.
void kernel_quote(const KernelCall& call) {
    std::string quoted;
    build_texts(call, [&, in = texts(call, 0)](std::size_t row, std::string& out) {
        quoted.clear();
        append_json_string(quoted, in[row].view());
        for (const char c : quoted) {
            if (c == '/') out += '\\';
            out += c;
        }
    });
}

// What is no JSON string stays as it is.
void kernel_unquote(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::string_view text = texts(call, 0)[row].view();
        if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
            const std::optional<element> root = parse(call, text);
            if (root.has_value() && root->is_string()) {
                out += std::string_view(root->get_string().value_unsafe());
                return;
            }
        }
        out += text;
    });
}

// --- The tables ---------------------------------------------------------------------------------

constexpr Parameter kText = Parameter::kString;
constexpr Parameter kWord = Parameter::kLiteralString;

Function is_json(std::string_view name, Kernel kernel) {
    return {.name = name,
            .parameters = {kText},
            .result = returns_boolean,
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kNever};
}

// The type that RETURNING names decides about the defaults too.
Result<Signature> bind_value(Arguments arguments) {
    const std::string word = word_at(arguments, 2);
    Type type = Type::string();
    if (word == "BOOLEAN") type = Type::boolean();
    if (word == "INTEGER") type = Type::integer();
    if (word == "DOUBLE") type = Type::double_precision();
    Signature signature;
    for (const ExprPtr& argument : arguments)
        signature.arguments.push_back(argument->type);
    signature.arguments[4] = type;
    signature.arguments[6] = type;
    signature.result = std::move(type);
    return signature;
}

// The values as they are, but the keys, every third argument from the second on, must be texts.
Result<Signature> bind_object(Arguments arguments) {
    Signature signature{{}, Type::string()};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        signature.arguments.push_back(i % 3 == 1 ? Type::string() : arguments[i]->type);
        if (i % 3 != 1 || arguments[i]->type.is_character()) continue;
        return fail(Code::kInvalid,
                    "a key of JSON_OBJECT is a STRING, not " +
                        arguments[i]->type.with_nullable(true).to_string());
    }
    return signature;
}

Type returns_members(Arguments) {
    return Type::bytes();
}

// JSON_OBJECT(on null, key, value, form, ...) and JSON_ARRAY(on null, value, form, ...).
Function maker(std::string_view name, std::vector<Parameter> more, Kernel kernel) {
    Function function = {.name = name,
                         .parameters = {kWord},
                         .result = returns_string,
                         .kernel = kernel,
                         .nulls = NullRule::kOwn,
                         .nullability = Nullability::kNever,
                         .prepare = prepare_zone};
    function.is_variadic = !more.empty();
    for (const Parameter parameter : more)
        function.parameters.push_back(parameter);
    return function;
}

Function aggregating(std::string_view name, std::vector<Parameter> parameters, Kernel kernel) {
    const bool is_member = name == "$JSON_MEMBER";
    const bool is_element = is_member || name == "$JSON_ELEMENT";
    return {.name = name,
            .parameters = std::move(parameters),
            .result = is_member ? returns_members : returns_string,
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = is_element ? Nullability::kAlways : Nullability::kNever,
            .prepare = prepare_zone};
}

std::vector<Function> make_functions() {
    using enum Parameter;
    std::vector<Function> functions = {
        is_json("IS JSON VALUE", kernel_is_json<JsonKind::kValue>),
        is_json("IS JSON OBJECT", kernel_is_json<JsonKind::kObject>),
        is_json("IS JSON ARRAY", kernel_is_json<JsonKind::kArray>),
        is_json("IS JSON SCALAR", kernel_is_json<JsonKind::kScalar>),
        // JSON_EXISTS(json, path, on error)
        {.name = "JSON_EXISTS",
         .parameters = {kText, kText, kWord},
         .result = returns_boolean,
         .kernel = kernel_exists,
         .nullability = Nullability::kAlways,
         .prepare = prepare_exists},
        // JSON_VALUE(json, path, returning, on empty, default, on error, default)
        {.name = "JSON_VALUE",
         .parameters = {kText, kText, kWord, kWord, kAny, kWord, kAny},
         .kernel = kernel_value,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kAlways,
         .prepare = prepare_value,
         .bind = bind_value},
        // JSON_QUERY(json, path, wrapper, on empty, on error)
        {.name = "JSON_QUERY",
         .parameters = {kText, kText, kWord, kWord, kWord},
         .result = returns_string,
         .kernel = kernel_query,
         .nullability = Nullability::kAlways,
         .prepare = prepare_query},
        {.name = "JSON_STRING",
         .parameters = {kAny},
         .result = returns_string,
         .kernel = kernel_json_string,
         .prepare = prepare_zone},
        {.name = "JSON_QUOTE",
         .parameters = {kText},
         .result = returns_string,
         .kernel = kernel_quote},
        {.name = "JSON_UNQUOTE",
         .parameters = {kText},
         .result = returns_string,
         .kernel = kernel_unquote},
        maker("JSON_OBJECT", {}, kernel_object),
        maker("JSON_OBJECT", {kAny}, kernel_object),
        maker("JSON_ARRAY", {}, kernel_array),
        maker("JSON_ARRAY", {kAny}, kernel_array),
    };
    functions.push_back(aggregating("$JSON_ELEMENT", {kWord, kAny, kWord}, kernel_json_element));
    functions.push_back(
        aggregating("$JSON_MEMBER", {kWord, kText, kAny, kWord}, kernel_json_member));
    functions.push_back(aggregating("$JSON_ARRAY_OF", {kText}, kernel_json_array_of));
    functions.push_back(aggregating("$JSON_OBJECT_OF", {kBinary}, kernel_json_object_of));
    for (Function& function : functions) {
        if (function.name == "JSON_OBJECT" && function.is_variadic) function.bind = bind_object;
    }
    return functions;
}

}  // namespace

std::span<const Function> json_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
