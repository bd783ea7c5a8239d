// Functions that look for text in text: positions, LIKE, splitting.

#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/like.h"
#include "ops/expr/text_loops.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

// --- Positions ----------------------------------------------------------------------------------

// The position, from 1, of the first `part` that begins at character `from` (from 0) or later; 0 if
// there is none.
std::int32_t position_of(std::string_view part, std::string_view text, std::size_t from) {
    const std::size_t start = utf8_offset(text, from);
    const std::size_t at = text.find(part, start);
    if (at == std::string_view::npos) return 0;
    return static_cast<std::int32_t>(utf8_length(text.substr(0, at)) + 1);
}

void kernel_position(const KernelCall& call) {
    map_binary<std::int32_t, StringRef, StringRef>(
        call, [](const StringRef& part, const StringRef& text) {
            return position_of(part.view(), text.view(), 0);
        });
}

void kernel_instr(const KernelCall& call) {
    map_binary<std::int32_t, StringRef, StringRef>(
        call, [](const StringRef& text, const StringRef& part) {
            return position_of(part.view(), text.view(), 0);
        });
}

void kernel_locate_from(const KernelCall& call) {
    std::int32_t* const out = call.result.data<std::int32_t>();
    const StringRef* const part = texts(call, 0);
    const StringRef* const text = texts(call, 1);
    const std::int64_t* const from = integers(call, 2);
    call.selection.for_each([=](std::size_t row) {
        const std::int64_t first = std::max<std::int64_t>(0, from[row] - 1);
        out[row] = position_of(part[row].view(), text[row].view(), static_cast<std::size_t>(first));
    });
}

std::int64_t count_character(std::string_view text, std::string_view character) {
    if (character.size() == 1) return std::count(text.begin(), text.end(), character[0]);
    std::int64_t count = 0;
    std::size_t at = character.empty() ? std::string_view::npos : text.find(character);
    for (; at != std::string_view::npos; at = text.find(character, at + character.size()))
        ++count;
    return count;
}

// How often the first character of the second text is in the first, which NULL has none of.
void kernel_count_char(const KernelCall& call) {
    auto* const out = call.result.data<std::int64_t>();
    call.selection.for_each([&, text = texts(call, 0), of = texts(call, 1)](std::size_t row) {
        out[row] = 0;
        if (call.arguments[1]->is_null(row)) call.result.set_null(row);
        if (call.arguments[0]->is_null(row) || call.arguments[1]->is_null(row)) return;
        const std::string_view character = of[row].view().substr(0, utf8_offset(of[row].view(), 1));
        out[row] = count_character(text[row].view(), character);
    });
}

void kernel_starts_with(const KernelCall& call) {
    map_binary<std::uint8_t, StringRef, StringRef>(
        call, [](const StringRef& text, const StringRef& start) {
            return text.view().starts_with(start.view());
        });
}

void kernel_ends_with(const KernelCall& call) {
    map_binary<std::uint8_t, StringRef, StringRef>(call,
                                                   [](const StringRef& text, const StringRef& end) {
                                                       return text.view().ends_with(end.view());
                                                   });
}

// --- LIKE ---------------------------------------------------------------------------------------

Result<std::shared_ptr<const void>> prepare_like(Arguments arguments,
                                                 const Type&,
                                                 const ExprSettings&) {
    const std::string* const pattern = literal_string(arguments[1]);
    const std::string* const escape = arguments.size() > 2 ? literal_string(arguments[2]) : nullptr;
    if (pattern == nullptr || (arguments.size() > 2 && escape == nullptr)) return nullptr;
    TRY(auto like, LikePattern::make(*pattern, escape == nullptr ? "" : *escape));
    return std::shared_ptr<const void>(std::move(like));
}

void kernel_like(const KernelCall& call) {
    std::uint8_t* const out = call.result.data<std::uint8_t>();
    const StringRef* const in = texts(call, 0);
    if (const auto* const like = static_cast<const LikePattern*>(call.prepared)) {
        call.selection.for_each([=](std::size_t row) { out[row] = like->matches(in[row].view()); });
        return;
    }
    call.selection.for_each([&](std::size_t row) {
        // The escape is part of the key: "x" and "%" are not "x%" and nothing.
        const std::string_view escape =
            call.arguments.size() > 2 ? texts(call, 2)[row].view() : std::string_view();
        const std::string_view pattern = texts(call, 1)[row].view();
        const auto* const like = compiled<LikePattern>(
            call, std::string(escape) + '\0' + std::string(pattern), [&](auto) {
                return LikePattern::make(pattern, escape);
            });
        out[row] = like != nullptr && like->matches(in[row].view());
    });
}

template <const char* kName>
Result<ExprPtr> rewrite_not(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    TRY(ExprPtr positive, make_call(kName, std::move(arguments), settings));
    return make_call("NOT", {std::move(positive)}, settings);
}

constexpr char kLike[] = "LIKE";

// --- Splitting ----------------------------------------------------------------------------------

// Calls visit(part) for the parts of `text` between delimiters until it returns false. An empty
// delimiter parts all characters.
template <class Visit>
void for_each_part(std::string_view text, std::string_view delimiter, Visit visit) {
    std::size_t at = 0;
    while (true) {
        // One character by memchr alone: 1,250 instructions an event in Nexmark q22, else 1,630.
        std::size_t end =
            delimiter.size() == 1 ? text.find(delimiter[0], at) : text.find(delimiter, at);
        if (delimiter.empty() && at < text.size()) end = at + utf8_decode(text.substr(at)).bytes;
        if (end == std::string_view::npos || (delimiter.empty() && end == text.size())) {
            visit(text.substr(at));
            return;
        }
        if (!visit(text.substr(at, end - at))) return;
        at = end + delimiter.size();
    }
}

void kernel_split(const KernelCall& call) {
    ListRef* const out = call.result.data<ListRef>();
    Column& elements = call.result.child(0);
    const StringRef* const text = texts(call, 0);
    const StringRef* const delimiter = texts(call, 1);
    call.selection.for_each([&](std::size_t row) {
        const std::size_t first = call.result.child_rows();
        std::size_t count = 0;
        for_each_part(text[row].view(), delimiter[row].view(), [&](std::string_view part) {
            elements.reserve(first + count + 1);
            elements.data<StringRef>()[first + count] = StringRef(part);
            ++count;
            return true;
        });
        out[row] = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)};
        call.result.set_child_rows(first + count);
    });
}

// The part number `index`, from 0, or false.
bool find_part(std::string_view text,
               std::string_view delimiter,
               std::int64_t index,
               std::string_view& found) {
    std::int64_t left = index;
    for_each_part(text, delimiter, [&](std::string_view part) {
        found = part;
        return left-- > 0;
    });
    return left < 0;
}

void kernel_split_index(const KernelCall& call) {
    const StringRef* const delimiter = texts(call, 1);
    const std::int64_t* const index = integers(call, 2);
    cut_texts(call, 0, [&](std::string_view text, std::size_t row) {
        std::string_view part;
        // As Flink, an empty text has no part at all.
        if (index[row] >= 0 && !text.empty() &&
            find_part(text, delimiter[row].view(), index[row], part))
            return part;
        call.result.set_null(row);
        return std::string_view();
    });
}

// --- The table ----------------------------------------------------------------------------------

Type returns_strings(Arguments) {
    return Type::array(Type::string().not_null());
}

constexpr Parameter kText = Parameter::kString;
constexpr Parameter kNumber = Parameter::kBigint;

Function search_function(std::string_view name,
                         std::vector<Parameter> parameters,
                         ResultRule result,
                         Kernel kernel) {
    return {.name = name, .parameters = std::move(parameters), .result = result, .kernel = kernel};
}

std::vector<Function> make_functions() {
    std::vector<Function> functions = {
        search_function("POSITION", {kText, kText}, returns_int, kernel_position),
        search_function("LOCATE", {kText, kText}, returns_int, kernel_position),
        search_function("LOCATE", {kText, kText, kNumber}, returns_int, kernel_locate_from),
        search_function("COUNT_CHAR", {kText, kText}, returns_bigint, kernel_count_char),
        search_function("INSTR", {kText, kText}, returns_int, kernel_instr),
        search_function("STARTSWITH", {kText, kText}, returns_boolean, kernel_starts_with),
        search_function("ENDSWITH", {kText, kText}, returns_boolean, kernel_ends_with),
        search_function("SPLIT", {kText, kText}, returns_strings, kernel_split),
    };
    for (Function& function : functions)
        if (function.name == "COUNT_CHAR") function.nulls = NullRule::kOwn;
    Function split_index =
        search_function("SPLIT_INDEX", {kText, kText, kNumber}, returns_string, kernel_split_index);
    split_index.nullability = Nullability::kAlways;
    functions.push_back(split_index);
    for (const bool has_escape : {false, true}) {
        std::vector<Parameter> parameters = {kText, kText};
        if (has_escape) parameters.push_back(kText);
        Function like = search_function("LIKE", parameters, returns_boolean, kernel_like);
        like.prepare = prepare_like;
        functions.push_back(like);
        functions.push_back(
            {.name = "NOT LIKE", .parameters = parameters, .rewrite = rewrite_not<kLike>});
    }
    return functions;
}

}  // namespace

std::span<const Function> search_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
