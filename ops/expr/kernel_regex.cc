// Functions of regular expressions. Patterns that are literals are compiled when the query is
// planned, and what is wrong with them is said then.

#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/regex.h"
#include "ops/expr/text_loops.h"
#include "state/text/utf8.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

using RegexPtr = std::shared_ptr<const RE2>;

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

Result<std::shared_ptr<const void>> prepare_regex(Arguments arguments,
                                                  const Type&,
                                                  const ExprSettings&) {
    const std::string* const pattern = literal_string(arguments[1]);
    if (pattern == nullptr) return nullptr;
    TRY(RegexPtr regex, make_regex(*pattern));
    return std::shared_ptr<const void>(std::move(regex));
}

const RE2* regex_of(const KernelCall& call, std::size_t row) {
    return compiled<RE2>(call, texts(call, 1)[row].view(), make_regex);
}

// Whether some part of the text matches; an empty pattern matches nothing, as in Flink.
void kernel_regexp(const KernelCall& call) {
    std::uint8_t* const out = call.result.data<std::uint8_t>();
    const StringRef* const in = texts(call, 0);
    const StringRef* const pattern = texts(call, 1);
    call.selection.for_each([&](std::size_t row) {
        const RE2* const regex = regex_of(call, row);
        out[row] = regex != nullptr && pattern[row].size() != 0 &&
                   RE2::PartialMatch(piece(in[row].view()), *regex);
    });
}

// The group of the first match, the whole of it without a group; NULL where nothing matches, where
// the group took no part in it, or where there is no such group.
void kernel_regexp_extract(const KernelCall& call) {
    const std::int64_t* const group = call.arguments.size() > 2 ? integers(call, 2) : nullptr;
    std::vector<re2::StringPiece> groups;
    cut_texts(call, 0, [&](std::string_view text, std::size_t row) {
        const RE2* const regex = regex_of(call, row);
        const std::int64_t index = group == nullptr ? 0 : group[row];
        if (regex != nullptr && index >= 0 && index <= regex->NumberOfCapturingGroups()) {
            groups.assign(static_cast<std::size_t>(index) + 1, re2::StringPiece());
            const bool found = regex->Match(piece(text),
                                            0,
                                            text.size(),
                                            RE2::UNANCHORED,
                                            groups.data(),
                                            static_cast<int>(groups.size()));
            const re2::StringPiece match = groups.back();
            // An empty text may lie nowhere, and still its empty match is one.
            if (found && (match.data() != nullptr || (text.data() == nullptr && index == 0)))
                return std::string_view(match.data(), match.size());
        }
        call.result.set_null(row);
        return std::string_view();
    });
}

void kernel_regexp_replace(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const StringRef* const with = texts(call, 2);
    const StringRef* const pattern = texts(call, 1);
    Replacement replacement;
    bool is_made = false;
    StringRef made_of;
    StringRef made_for;
    build_texts(call, [&](std::size_t row, std::string& out) {
        const RE2* const regex = regex_of(call, row);
        if (regex == nullptr) return;
        if (!is_made || pattern[row] != made_for || with[row] != made_of) {
            auto made = Replacement::make(with[row].view(), *regex);
            if (!made) {
                call.context.fail("REGEXP_REPLACE: " + made.error().message);
                return;
            }
            replacement = *std::move(made);
            is_made = true;
            made_of = with[row];
            made_for = pattern[row];
        }
        replacement.replace_all(out, in[row].view(), *regex);
    });
}

// --- Counting and finding -----------------------------------------------------------------------

void kernel_regexp_count(const KernelCall& call) {
    std::int32_t* const out = call.result.data<std::int32_t>();
    const StringRef* const in = texts(call, 0);
    call.selection.for_each([&](std::size_t row) {
        out[row] = 0;
        re2::StringPiece match;
        const RE2* const regex = regex_of(call, row);
        if (regex != nullptr)
            for_each_match(in[row].view(), *regex, {&match, 1}, [&] { ++out[row]; });
    });
}

// The first match, or nothing.
std::optional<std::string_view> first_match(const KernelCall& call,
                                            std::string_view text,
                                            std::size_t row) {
    const RE2* const regex = regex_of(call, row);
    re2::StringPiece match;
    if (regex == nullptr || !regex->Match(piece(text), 0, text.size(), RE2::UNANCHORED, &match, 1))
        return std::nullopt;
    return std::string_view(match.data(), match.size());
}

void kernel_regexp_instr(const KernelCall& call) {
    std::int32_t* const out = call.result.data<std::int32_t>();
    const StringRef* const in = texts(call, 0);
    call.selection.for_each([&](std::size_t row) {
        const std::string_view text = in[row].view();
        const std::optional<std::string_view> match = first_match(call, text, row);
        out[row] = 0;
        if (!match.has_value()) return;
        const auto before = static_cast<std::size_t>(match->data() - text.data());
        out[row] = static_cast<std::int32_t>(utf8_length(text.substr(0, before)) + 1);
    });
}

void kernel_regexp_substr(const KernelCall& call) {
    cut_texts(call, 0, [&](std::string_view text, std::size_t row) {
        const std::optional<std::string_view> match = first_match(call, text, row);
        if (!match.has_value()) call.result.set_null(row);
        return match.value_or(std::string_view());
    });
}

// One group, the first if none is asked for, of every match; NULL where there is no such group.
void kernel_regexp_extract_all(const KernelCall& call) {
    ListRef* const out = call.result.data<ListRef>();
    Column& elements = call.result.child(0);
    const StringRef* const in = texts(call, 0);
    const std::int64_t* const group = call.arguments.size() > 2 ? integers(call, 2) : nullptr;
    std::vector<re2::StringPiece> groups;
    call.selection.for_each([&](std::size_t row) {
        out[row] = {};
        const RE2* const regex = regex_of(call, row);
        const std::int64_t index = group == nullptr ? 1 : group[row];
        if (regex == nullptr || index < 0 || index > regex->NumberOfCapturingGroups()) {
            call.result.set_null(row);
            return;
        }
        const std::size_t first = call.result.child_rows();
        std::size_t count = 0;
        groups.assign(static_cast<std::size_t>(index) + 1, re2::StringPiece());
        for_each_match(in[row].view(), *regex, groups, [&] {
            const re2::StringPiece match = groups.back();
            elements.reserve(first + count + 1);
            elements.data<StringRef>()[first + count] =
                StringRef(std::string_view(match.data(), match.size()));
            if (match.data() == nullptr) elements.set_null(first + count);
            ++count;
        });
        out[row] = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)};
        call.result.set_child_rows(first + count);
    });
}

// --- SIMILAR TO ---------------------------------------------------------------------------------

Result<std::shared_ptr<const void>> prepare_similar(Arguments arguments,
                                                    const Type&,
                                                    const ExprSettings&) {
    const std::string* const pattern = literal_string(arguments[1]);
    const std::string* const escape = arguments.size() > 2 ? literal_string(arguments[2]) : nullptr;
    if (pattern == nullptr || (arguments.size() > 2 && escape == nullptr)) return nullptr;
    TRY(RegexPtr regex, make_similar(*pattern, escape == nullptr ? "" : *escape));
    return std::shared_ptr<const void>(std::move(regex));
}

void kernel_similar(const KernelCall& call) {
    std::uint8_t* const out = call.result.data<std::uint8_t>();
    const StringRef* const in = texts(call, 0);
    call.selection.for_each([&](std::size_t row) {
        const std::string_view escape =
            call.arguments.size() > 2 ? texts(call, 2)[row].view() : std::string_view();
        const std::string_view pattern = texts(call, 1)[row].view();
        const std::string key = std::string(escape) + '\0' + std::string(pattern);
        const RE2* const regex =
            compiled<RE2>(call, key, [&](auto) { return make_similar(pattern, escape); });
        out[row] = regex != nullptr && RE2::PartialMatch(piece(in[row].view()), *regex);
    });
}

Result<ExprPtr> rewrite_not_similar(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    TRY(ExprPtr positive, make_call("SIMILAR TO", std::move(arguments), settings));
    return make_call("NOT", {std::move(positive)}, settings);
}

// --- The table ----------------------------------------------------------------------------------

constexpr Parameter kText = Parameter::kString;

Type returns_string_list(Arguments) {
    return Type::array(Type::string());
}

Function regex_function(std::string_view name,
                        std::vector<Parameter> parameters,
                        ResultRule result,
                        Kernel kernel) {
    return {.name = name,
            .parameters = std::move(parameters),
            .result = result,
            .kernel = kernel,
            .prepare = prepare_regex};
}

std::vector<Function> make_functions() {
    std::vector<Function> functions = {
        regex_function("REGEXP", {kText, kText}, returns_boolean, kernel_regexp),
        regex_function("REGEXP_COUNT", {kText, kText}, returns_int, kernel_regexp_count),
        regex_function("REGEXP_INSTR", {kText, kText}, returns_int, kernel_regexp_instr),
        regex_function(
            "REGEXP_REPLACE", {kText, kText, kText}, returns_string, kernel_regexp_replace),
    };
    for (const bool has_group : {false, true}) {
        std::vector<Parameter> parameters = {kText, kText};
        if (has_group) parameters.push_back(Parameter::kBigint);
        functions.push_back(
            regex_function("REGEXP_EXTRACT", parameters, returns_string, kernel_regexp_extract));
        functions.push_back(regex_function(
            "REGEXP_EXTRACT_ALL", parameters, returns_string_list, kernel_regexp_extract_all));
    }
    functions.push_back(
        regex_function("REGEXP_SUBSTR", {kText, kText}, returns_string, kernel_regexp_substr));
    for (Function& function : functions) {
        if (function.name.starts_with("REGEXP_EXTRACT") || function.name == "REGEXP_SUBSTR")
            function.nullability = Nullability::kAlways;
    }
    for (const bool has_escape : {false, true}) {
        std::vector<Parameter> parameters = {kText, kText};
        if (has_escape) parameters.push_back(kText);
        Function similar =
            regex_function("SIMILAR TO", parameters, returns_boolean, kernel_similar);
        similar.prepare = prepare_similar;
        functions.push_back(similar);
        functions.push_back(
            {.name = "NOT SIMILAR TO", .parameters = parameters, .rewrite = rewrite_not_similar});
    }
    return functions;
}

}  // namespace

std::span<const Function> regex_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
