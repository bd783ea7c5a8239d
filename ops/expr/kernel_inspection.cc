// What a value is: of which type, of which characters.

#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/text/number.h"

#include <re2/re2.h>

#include <cmath>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

// --- IS_ALPHA, IS_DIGIT, IS_DECIMAL -------------------------------------------------------------

bool matches(std::string_view text, const RE2& regex) {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

bool is_alpha(std::string_view text) {
    static const RE2 kLetters("\\p{L}+");
    return matches(text, kLetters);
}

bool is_digit(std::string_view text) {
    static const RE2 kDigits("\\p{Nd}+");
    return matches(text, kDigits);
}

// What Java reads as an int, a long or a double: with blanks around it, and a letter for its type.
bool is_decimal(std::string_view text) {
    const auto is_blank = [](char c) { return c >= '\0' && c <= ' '; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    if (text.empty()) return false;
    const std::string_view unsigned_text = text.substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
    if (unsigned_text == "NaN" || unsigned_text == "Infinity") return true;
    const bool has_letter = std::string_view("dDfF").find(text.back()) != std::string_view::npos;
    if (has_letter) text.remove_suffix(1);
    const bool begins_well =
        !text.empty() && std::string_view("+-.0123456789").find(text[0]) != std::string_view::npos;
    // The words for what is no number are read by parse_double() in any case.
    const bool is_word = text.find_first_of("nN") != std::string_view::npos;
    return begins_well && !is_word && parse_double(text).has_value();
}

// FALSE for NULL, as in Flink.
template <bool (*kTest)(std::string_view)>
void kernel_test(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    auto* const out = call.result.data<std::uint8_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = !call.arguments[0]->is_null(row) && kTest(in[row].view()) ? 1 : 0;
    });
}

// Of numbers: only whether there is one matters.
template <bool kAnswer>
void kernel_test_number(const KernelCall& call) {
    auto* const out = call.result.data<std::uint8_t>();
    call.selection.for_each(
        [&](std::size_t row) { out[row] = kAnswer && !call.arguments[0]->is_null(row) ? 1 : 0; });
}

Function test_function(std::string_view name, Parameter parameter, Kernel kernel) {
    return {.name = name,
            .parameters = {parameter},
            .result = returns_boolean,
            .kernel = kernel,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kNever};
}

// --- TYPEOF and ELT -----------------------------------------------------------------------------

Result<ExprPtr> rewrite_typeof(std::vector<ExprPtr> arguments, const ExprSettings&) {
    return make_literal({arguments[0]->type.to_string()}, Type::string().not_null());
}

// ELT(n, a, b, ...): value number n, from 1, or NULL.
void kernel_elt(const KernelCall& call) {
    const Column& index = *call.arguments[0];
    const std::int64_t* const indexes = integers(call, 0);
    StringRef* const out = call.result.data<StringRef>();
    const auto count = static_cast<std::int64_t>(call.arguments.size()) - 1;
    call.selection.for_each([&](std::size_t row) {
        const bool is_there = !index.is_null(row) && indexes[row] >= 1 && indexes[row] <= count;
        const auto chosen = is_there ? static_cast<std::size_t>(indexes[row]) : 0;
        if (is_there && !call.arguments[chosen]->is_null(row)) {
            out[row] = texts(call, chosen)[row];
        } else {
            out[row] = StringRef();
            call.result.set_null(row);
        }
    });
}

Type returns_string_or_bytes(Arguments arguments) {
    return arguments[1]->type.is_binary() ? Type::bytes() : Type::string();
}

Function elt_function(Parameter parameter) {
    return {.name = "ELT",
            .parameters = {Parameter::kBigint, parameter},
            .is_variadic = true,
            .result = returns_string_or_bytes,
            .kernel = kernel_elt,
            .nulls = NullRule::kOwn,
            .nullability = Nullability::kAlways};
}

}  // namespace

std::span<const Function> inspection_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        test_function("IS_ALPHA", kString, kernel_test<is_alpha>),
        test_function("IS_ALPHA", kNumeric, kernel_test_number<false>),
        test_function("IS_DIGIT", kString, kernel_test<is_digit>),
        test_function("IS_DIGIT", kInteger, kernel_test_number<true>),
        test_function("IS_DIGIT", kNumeric, kernel_test_number<false>),
        test_function("IS_DECIMAL", kString, kernel_test<is_decimal>),
        test_function("IS_DECIMAL", kNumeric, kernel_test_number<true>),
        {.name = "TYPEOF", .parameters = {kAny}, .rewrite = rewrite_typeof},
        {.name = "TYPEOF", .parameters = {kAny, kBoolean}, .rewrite = rewrite_typeof},
        elt_function(kString),
        elt_function(kBinary),
    };
    return kFunctions;
}

}  // namespace thalweg
