// PRINTF: formats in the language of Java's Formatter.

#include "ops/expr/cast.h"
#include "ops/expr/decimal_arithmetic.h"
#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/text/decimal.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

// "%[index$][flags][width][.precision]conversion"
struct Placeholder {
    std::optional<std::size_t> index;  // From 1; without one, the next argument.
    bool is_left = false;              // -
    bool has_plus = false;             // +
    bool has_blank = false;            // a blank before what is not negative
    bool has_zeros = false;            // 0
    bool has_groups = false;           // ,
    bool has_parentheses = false;      // ( around what is negative
    bool is_alternate = false;         // #
    std::size_t width = 0;
    std::optional<std::size_t> precision;
    char conversion = 0;

    // Whether it asks for what only numbers have.
    [[nodiscard]] bool is_of_number() const {
        return has_plus || has_blank || has_zeros || has_groups || has_parentheses || is_alternate;
    }
};

// Digits at the front, at most seven of them.
std::optional<std::size_t> take_number(std::string_view& text) {
    std::size_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        if (digits == 7) return std::nullopt;
        value = value * 10 + static_cast<std::size_t>(text[digits] - '0');
    }
    text.remove_prefix(digits);
    if (digits == 0) return std::nullopt;
    return value;
}

bool take_flag(std::string_view& text, Placeholder& place) {
    if (text.empty()) return false;
    switch (text.front()) {
        case '-': place.is_left = true; break;
        case '+': place.has_plus = true; break;
        case ' ': place.has_blank = true; break;
        case '0': place.has_zeros = true; break;
        case ',': place.has_groups = true; break;
        case '(': place.has_parentheses = true; break;
        case '#': place.is_alternate = true; break;
        default: return false;
    }
    text.remove_prefix(1);
    return true;
}

// From behind the '%'; nothing for what Java would not take.
std::optional<Placeholder> take_placeholder(std::string_view& text) {
    Placeholder place;
    std::string_view ahead = text;
    if (const auto index = take_number(ahead); index.has_value() && ahead.starts_with('$')) {
        place.index = index;
        text = ahead.substr(1);
    }
    while (take_flag(text, place)) {
    }
    if (!text.empty() && text[0] >= '1' && text[0] <= '9') {
        const auto width = take_number(text);
        if (!width.has_value()) return std::nullopt;
        place.width = *width;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        place.precision = take_number(text);
        if (!place.precision.has_value()) return std::nullopt;
    }
    if (text.empty()) return std::nullopt;
    place.conversion = text.front();
    text.remove_prefix(1);
    const bool needs_width = place.is_left || place.has_zeros;
    if (needs_width && place.width == 0) return std::nullopt;
    if (place.is_left && place.has_zeros) return std::nullopt;
    if (place.has_plus && place.has_blank) return std::nullopt;
    const std::string_view texts = "sSbBcC%n";
    const bool is_text = texts.find(place.conversion) != std::string_view::npos;
    if (is_text && place.is_of_number()) return std::nullopt;
    if (place.conversion == 'n' && place.width != 0) return std::nullopt;
    const bool is_fixed = place.conversion == 'n' || place.conversion == '%';
    if (is_fixed && place.precision.has_value()) return std::nullopt;
    return place;
}

void append_padded(std::string& out, std::string_view text, const Placeholder& place) {
    const std::size_t length = utf8_length(text);
    const std::size_t missing = place.width - std::min(length, place.width);
    if (!place.is_left) out.append(missing, ' ');
    out += text;
    if (place.is_left) out.append(missing, ' ');
}

// Digits with a sign, and what the flags ask for around them.
void append_signed(std::string& out,
                   bool is_negative,
                   std::string digits,
                   const Placeholder& place) {
    if (place.has_groups) {
        const std::size_t end = std::min(digits.find_first_of(".e"), digits.size());
        for (std::size_t at = end; at > 3; at -= 3)
            digits.insert(at - 3, 1, ',');
    }
    std::string front = is_negative       ? (place.has_parentheses ? "(" : "-")
                        : place.has_plus  ? "+"
                        : place.has_blank ? " "
                                          : "";
    const std::string back = is_negative && place.has_parentheses ? ")" : "";
    const std::size_t length = front.size() + digits.size() + back.size();
    if (place.has_zeros && length < place.width) front.append(place.width - length, '0');
    append_padded(out, front + digits + back, place);
}

// One argument, in the row that is being formatted.
struct PrintedValue {
    const Column* column;
    std::size_t row;

    [[nodiscard]] bool is_integer() const { return column->type().is_integer(); }

    [[nodiscard]] bool is_floating() const { return column->type().is_approximate(); }

    [[nodiscard]] std::int64_t integer() const {
        if (column->physical() == Physical::kInt64) return column->data<std::int64_t>()[row];
        return column->data<std::int32_t>()[row];
    }

    // The bits that the type has.
    [[nodiscard]] std::uint64_t bits() const {
        const auto all = static_cast<std::uint64_t>(integer());
        switch (column->type().kind) {
            case TypeKind::kTinyint: return all & 0xffU;
            case TypeKind::kSmallint: return all & 0xffffU;
            case TypeKind::kInt: return all & 0xffffffffU;
            default: return all;
        }
    }

    [[nodiscard]] double floating() const {
        if (column->physical() == Physical::kDouble) return column->data<double>()[row];
        return static_cast<double>(column->data<float>()[row]);
    }

    [[nodiscard]] std::string text() const {
        std::string out;
        if (column->is_null(row)) return "null";
        if (column->physical() == Physical::kBool)
            return column->data<std::uint8_t>()[row] != 0 ? "true" : "false";
        append_text(out, *column, row, *TimeZone::utc());
        return out;
    }
};

std::string capitals(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

bool print_integer(std::string& out, const PrintedValue& value, const Placeholder& place) {
    if (!value.is_integer() || place.precision.has_value()) return false;
    if (place.conversion == 'd') {
        const std::int64_t number = value.integer();
        std::string digits = std::to_string(number);
        if (number < 0) digits.erase(0, 1);
        append_signed(out, number < 0, std::move(digits), place);
        return !place.is_alternate;
    }
    if (place.has_plus || place.has_blank || place.has_groups || place.has_parentheses)
        return false;
    char digits[32];
    const char* const format = place.conversion == 'o' ? "%llo" : "%llx";
    const int size =
        std::snprintf(digits, sizeof digits, format, static_cast<unsigned long long>(value.bits()));
    std::string text(digits, static_cast<std::size_t>(size));
    if (place.is_alternate) text.insert(0, place.conversion == 'o' ? "0" : "0x");
    append_signed(out, false, std::move(text), place);
    return true;
}

// The digits without a sign. Halves are rounded up as the shortest text of the number has them.
std::string fixed_digits(double magnitude, std::size_t precision) {
    constexpr std::int32_t kScale = 20;
    std::string digits;
    const auto places = static_cast<std::int32_t>(precision);
    if (magnitude < 1e17 && precision <= static_cast<std::size_t>(kScale)) {
        const auto exact = decimal_from_double(magnitude, Type::kDecimalPrecisionMax, kScale);
        if (exact.has_value()) {
            append_decimal(digits, decimal_drop_digits(*exact, kScale - places), places);
            return digits;
        }
    }
    digits.resize(precision + 330);
    const int size =
        std::snprintf(digits.data(), digits.size(), "%.*f", static_cast<int>(precision), magnitude);
    digits.resize(static_cast<std::size_t>(size));
    return digits;
}

bool print_floating(std::string& out, const PrintedValue& value, Placeholder place) {
    if (!value.is_floating()) return false;
    const double number = value.floating();
    const bool is_negative = std::signbit(number) && !std::isnan(number);
    if (!std::isfinite(number)) {
        place.has_zeros = place.has_groups = false;
        append_signed(out, is_negative, std::isnan(number) ? "NaN" : "Infinity", place);
        return true;
    }
    const std::size_t precision = std::min<std::size_t>(place.precision.value_or(6), 1000);
    if (place.conversion == 'f') {
        append_signed(out, is_negative, fixed_digits(std::abs(number), precision), place);
        return true;
    }
    std::string digits(precision + 340, '\0');
    const int size = std::snprintf(digits.data(),
                                   digits.size(),
                                   place.conversion == 'e' ? "%.*e" : "%#.*g",
                                   static_cast<int>(precision),
                                   std::abs(number));
    digits.resize(static_cast<std::size_t>(size));
    append_signed(out, is_negative, std::move(digits), place);
    return !(place.conversion == 'e' && place.has_groups);
}

bool print_character(std::string& out, const PrintedValue& value, const Placeholder& place) {
    if (!value.is_integer() || place.precision.has_value()) return false;
    const std::int64_t code = value.integer();
    const bool is_character = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    if (!is_character) return false;
    std::string text;
    append_utf8(text, static_cast<char32_t>(code));
    append_padded(out, text, place);
    return true;
}

// False where the conversion does not take such a value.
bool print_value(std::string& out, const PrintedValue& value, Placeholder place) {
    const bool is_capital = place.conversion >= 'A' && place.conversion <= 'Z';
    if (is_capital) {
        if (std::string_view("SBCXEG").find(place.conversion) == std::string_view::npos)
            return false;
        place.conversion = static_cast<char>(place.conversion - 'A' + 'a');
        std::string text;
        if (!print_value(text, value, place)) return false;
        out += capitals(std::move(text));
        return true;
    }
    const bool is_null = value.column->is_null(value.row);
    std::string text;
    switch (place.conversion) {
        case 'b':
            text = is_null || value.column->physical() != Physical::kBool
                       ? (is_null ? "false" : "true")
                       : value.text();
            break;
        case 'd':
        case 'o':
        case 'x':
            if (!is_null) return print_integer(out, value, place);
            text = "null";
            break;
        case 'e':
        case 'f':
        case 'g':
            if (!is_null) return print_floating(out, value, place);
            text = "null";
            break;
        case 'c':
            if (!is_null) return print_character(out, value, place);
            text = "null";
            break;
        case 's': text = value.text(); break;
        default: return false;
    }
    if (place.precision.has_value()) text.resize(utf8_offset(text, *place.precision));
    append_padded(out, text, place);
    return true;
}

// False for a format that is none, or does not fit the arguments: the result is NULL, as in Flink.
bool print(std::string& out, const KernelCall& call, std::size_t row) {
    const StringRef format = texts(call, 0)[row];
    std::size_t next = 1;
    for (std::string_view rest = format.view(); !rest.empty();) {
        const std::size_t plain = std::min(rest.find('%'), rest.size());
        out += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) return true;
        rest.remove_prefix(1);
        const std::optional<Placeholder> place = take_placeholder(rest);
        if (!place.has_value() || out.size() + place->width > kTextBytesMax) return false;
        if (place->conversion == 'n' || place->conversion == '%') {
            append_padded(out, place->conversion == 'n' ? "\n" : "%", *place);
            continue;
        }
        const std::size_t index = place->index.value_or(next);
        if (!place->index.has_value()) ++next;
        if (index == 0 || index >= call.arguments.size()) return false;
        if (!print_value(out, {call.arguments[index], row}, *place)) return false;
    }
    return true;
}

void kernel_printf(const KernelCall& call) {
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        return !call.arguments[0]->is_null(row) && print(out, call, row);
    });
}

// Numbers, booleans and texts as they are, all else as text.
Result<Signature> bind_printf(Arguments arguments) {
    Signature signature{{}, Type::string()};
    for (const ExprPtr& argument : arguments) {
        const Type& type = argument->type;
        const bool stays = type.is_integer() || type.is_approximate() || type.is_character() ||
                           type.kind == TypeKind::kBoolean;
        signature.arguments.push_back(stays ? type : Type::string());
    }
    return signature;
}

}  // namespace

std::span<const Function> printf_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        {.name = "PRINTF",
         .parameters = {kString},
         .kernel = kernel_printf,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kAlways,
         .bind = bind_printf},
        {.name = "PRINTF",
         .parameters = {kString, kAny},
         .is_variadic = true,
         .kernel = kernel_printf,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kAlways,
         .bind = bind_printf},
    };
    return kFunctions;
}

}  // namespace thalweg
