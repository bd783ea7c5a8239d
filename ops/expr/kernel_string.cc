// Functions that make a string of a string: case, length, parts, trimming, padding, joining.

#include "ops/expr/functions.h"
#include "ops/expr/kernel.h"
#include "ops/expr/text_loops.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

// --- Case ---------------------------------------------------------------------------------------

// Flips the case of the ASCII letters from `first` on: A and a differ in one bit.
void map_ascii(char* out, std::string_view text, char first) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool is_letter = static_cast<unsigned char>(c - first) < 26;
        out[i] = static_cast<char>(is_letter ? c ^ 0x20U : c);
    }
}

template <char kFirst, char32_t (*kMap)(char32_t) noexcept>
void kernel_case(const KernelCall& call) {
    StringRef* const out = call.result.data<StringRef>();
    const StringRef* const in = texts(call, 0);
    std::string buffer;
    call.selection.for_each([&](std::size_t row) {
        std::string_view text = in[row].view();
        if (text.size() <= StringRef::kInlineMax && is_ascii(text)) {
            char mapped[StringRef::kInlineMax];
            map_ascii(mapped, text, kFirst);
            out[row] = StringRef(std::string_view(mapped, text.size()));
        } else if (is_ascii(text)) {
            char* const mapped = call.context.scratch.allocate(text.size());
            map_ascii(mapped, text, kFirst);
            out[row] = StringRef(std::string_view(mapped, text.size()));
        } else {
            buffer.clear();
            while (!text.empty()) {
                const CodePoint c = utf8_decode(text);
                append_utf8(buffer, kMap(c.value));
                text.remove_prefix(c.bytes);
            }
            out[row] = keep_text(call, buffer);
        }
    });
}

bool is_word_character(char32_t c) {
    return (c >= '0' && c <= '9') || to_upper(c) != to_lower(c) || c > 0x2ff;
}

void kernel_initcap(const KernelCall& call) {
    build_texts(call, [in = texts(call, 0)](std::size_t row, std::string& out) {
        bool in_word = false;
        for (std::string_view text = in[row].view(); !text.empty();) {
            const CodePoint c = utf8_decode(text);
            append_utf8(out, in_word ? to_lower(c.value) : to_upper(c.value));
            in_word = is_word_character(c.value);
            text.remove_prefix(c.bytes);
        }
    });
}

void kernel_reverse(const KernelCall& call) {
    build_texts(call, [in = texts(call, 0)](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        if (is_ascii(text)) {
            out.assign(text.rbegin(), text.rend());
            return;
        }
        out.resize(text.size());
        std::size_t end = text.size();
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t bytes = utf8_decode(text.substr(at)).bytes;
            end -= bytes;
            std::copy_n(text.data() + at, bytes, out.data() + end);
            at += bytes;
        }
    });
}

// --- Length and parts ---------------------------------------------------------------------------

void kernel_char_length(const KernelCall& call) {
    map_unary<std::int32_t, StringRef>(
        call, [](const StringRef& text) { return utf8_length(text.view()); });
}

// The characters [from, from + count) of `text`.
std::string_view characters(std::string_view text, std::size_t from, std::size_t count) {
    text.remove_prefix(utf8_offset(text, from));
    return text.substr(0, utf8_offset(text, count));
}

// SUBSTRING as Flink: positions count from 1, negative ones from the end, 0 is 1.
std::string_view substring(std::string_view text, std::int64_t position, std::int64_t length) {
    std::int64_t from = position > 0 ? position - 1 : 0;
    if (position < 0) {
        const auto count = static_cast<std::int64_t>(utf8_length(text));
        if (position < -count) return {};
        from = count + position;
    }
    return characters(text, static_cast<std::size_t>(from), static_cast<std::size_t>(length));
}

void kernel_substring_from(const KernelCall& call) {
    const std::int64_t* const position = integers(call, 1);
    cut_texts(call, 0, [=](std::string_view text, std::size_t row) {
        return substring(text, position[row], std::numeric_limits<std::int64_t>::max());
    });
}

void kernel_substring(const KernelCall& call) {
    const std::int64_t* const position = integers(call, 1);
    const std::int64_t* const length = integers(call, 2);
    cut_texts(call, 0, [&](std::string_view text, std::size_t row) {
        if (length[row] >= 0) return substring(text, position[row], length[row]);
        call.result.set_null(row);
        return std::string_view();
    });
}

void kernel_left(const KernelCall& call) {
    const std::int64_t* const count = integers(call, 1);
    cut_texts(call, 0, [=](std::string_view text, std::size_t row) {
        return characters(text, 0, static_cast<std::size_t>(std::max<std::int64_t>(0, count[row])));
    });
}

void kernel_right(const KernelCall& call) {
    const std::int64_t* const count = integers(call, 1);
    cut_texts(call, 0, [=](std::string_view text, std::size_t row) {
        const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, count[row]));
        const std::size_t length = utf8_length(text);
        return text.substr(utf8_offset(text, length - std::min(length, wanted)));
    });
}

// --- Trimming -----------------------------------------------------------------------------------

bool contains_character(std::string_view set, std::string_view character) {
    while (!set.empty()) {
        const std::size_t bytes = utf8_decode(set).bytes;
        if (set.substr(0, bytes) == character) return true;
        set.remove_prefix(bytes);
    }
    return false;
}

std::string_view trim_left(std::string_view text, std::string_view set) {
    while (!text.empty()) {
        const std::size_t bytes = utf8_decode(text).bytes;
        if (!contains_character(set, text.substr(0, bytes))) break;
        text.remove_prefix(bytes);
    }
    return text;
}

// The bytes of the last character: back to where a sequence may begin, if it is a whole one.
std::size_t last_character_bytes(std::string_view text) {
    std::size_t bytes = 1;
    while (bytes < std::min<std::size_t>(4, text.size()) &&
           (static_cast<unsigned char>(text[text.size() - bytes]) & 0xc0U) == 0x80)
        ++bytes;
    return utf8_sequence_bytes(text.substr(text.size() - bytes)) == bytes ? bytes : 1;
}

std::string_view trim_right(std::string_view text, std::string_view set) {
    while (!text.empty()) {
        const std::size_t bytes = last_character_bytes(text);
        if (!contains_character(set, text.substr(text.size() - bytes))) break;
        text.remove_suffix(bytes);
    }
    return text;
}

template <bool kLeft, bool kRight>
std::string_view trim(std::string_view text, std::string_view set) {
    if constexpr (kLeft) text = trim_left(text, set);
    if constexpr (kRight) text = trim_right(text, set);
    return text;
}

template <bool kLeft, bool kRight>
void kernel_trim_blanks(const KernelCall& call) {
    cut_texts(
        call, 0, [](std::string_view text, std::size_t) { return trim<kLeft, kRight>(text, " "); });
}

template <bool kLeft, bool kRight>
void kernel_trim(const KernelCall& call) {
    const StringRef* const set = texts(call, 1);
    cut_texts(call, 0, [=](std::string_view text, std::size_t row) {
        return trim<kLeft, kRight>(text, set[row].view());
    });
}

// TRIM(BOTH set FROM text) is TRIM('BOTH', set, text).
Result<ExprPtr> rewrite_trim(std::vector<ExprPtr> arguments, const ExprSettings& settings) {
    const std::string* const side = literal_string(arguments[0]);
    if (side == nullptr) return fail(Code::kInvalid, "TRIM takes BOTH, LEADING or TRAILING first");
    std::string_view name = "BTRIM";
    if (*side == "LEADING") name = "LTRIM";
    if (*side == "TRAILING") name = "RTRIM";
    return make_call(name, {arguments[2], arguments[1]}, settings);
}

// --- Padding and repeating ----------------------------------------------------------------------

bool is_too_long(const KernelCall& call, std::string_view name, std::size_t bytes) {
    if (bytes <= kTextBytesMax) return false;
    call.context.fail(std::string(name) + " would make a text of " + std::to_string(bytes) +
                      " bytes, more than " + std::to_string(kTextBytesMax));
    return true;
}

void append_padding(std::string& out, std::string_view pad, std::size_t count) {
    const std::size_t pad_length = utf8_length(pad);
    for (; count >= pad_length; count -= pad_length)
        out += pad;
    out += characters(pad, 0, count);
}

template <bool kLeft>
void kernel_pad(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const std::int64_t* const length = integers(call, 1);
    const StringRef* const pad = texts(call, 2);
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        if (length[row] < 0 || pad[row].size() == 0) return false;
        const std::string_view text = in[row].view();
        const auto wanted = static_cast<std::size_t>(length[row]);
        if (is_too_long(call, kLeft ? "LPAD" : "RPAD", wanted)) return false;
        const std::size_t present = utf8_length(text);
        const std::size_t missing = wanted - std::min(present, wanted);
        if (kLeft) append_padding(out, pad[row].view(), missing);
        out += characters(text, 0, wanted);
        if (!kLeft) append_padding(out, pad[row].view(), missing);
        return true;
    });
}

void kernel_repeat(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const std::int64_t* const times = integers(call, 1);
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        if (times[row] <= 0 || text.empty()) return;
        const auto count = static_cast<std::size_t>(times[row]);
        const std::size_t bytes = count > kTextBytesMax ? count : count * text.size();
        if (is_too_long(call, "REPEAT", bytes)) return;
        for (std::size_t i = 0; i < count; ++i)
            out += text;
    });
}

// --- Joining and replacing ----------------------------------------------------------------------

void kernel_concat(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        for (std::size_t i = 0; i < call.arguments.size(); ++i)
            out += texts(call, i)[row].view();
    });
}

void kernel_concat_ws(const KernelCall& call) {
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        if (call.arguments[0]->is_null(row)) return false;
        bool is_first = true;
        for (std::size_t i = 1; i < call.arguments.size(); ++i) {
            if (call.arguments[i]->is_null(row)) continue;
            if (!is_first) out += texts(call, 0)[row].view();
            is_first = false;
            out += texts(call, i)[row].view();
        }
        return true;
    });
}

void kernel_replace(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const StringRef* const from = texts(call, 1);
    const StringRef* const to = texts(call, 2);
    // A result that is too long already is refused as it is.
    build_texts(call, [=](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        const std::string_view old = from[row].view();
        std::size_t at = 0;
        if (old.empty()) {
            // As Java: before every character, and at the end.
            while (at < text.size() && out.size() <= kTextBytesMax) {
                const std::size_t bytes = utf8_decode(text.substr(at)).bytes;
                out += to[row].view();
                out += text.substr(at, bytes);
                at += bytes;
            }
            out += to[row].view();
            return;
        }
        for (std::size_t found = text.find(old);
             found != std::string_view::npos && out.size() <= kTextBytesMax;
             found = text.find(old, at)) {
            out += text.substr(at, found - at);
            out += to[row].view();
            at = found + old.size();
        }
        out += text.substr(at);
    });
}

// OVERLAY(text PLACING put FROM position FOR length) as Flink: a position outside of the text
// changes nothing, and a length of 0 or less, or one that reaches the end, drops the rest.
void overlay(std::string& out,
             std::string_view text,
             std::string_view put,
             std::int64_t position,
             std::int64_t length) {
    const auto count = static_cast<std::int64_t>(utf8_length(text));
    if (position <= 0 || position > count) {
        out += text;
        return;
    }
    const auto before = static_cast<std::size_t>(position - 1);
    out += characters(text, 0, before);
    out += put;
    if (length > 0 && length <= count - position)
        out += text.substr(utf8_offset(text, before + static_cast<std::size_t>(length)));
}

void kernel_overlay(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const StringRef* const put = texts(call, 1);
    const std::int64_t* const position = integers(call, 2);
    const std::int64_t* const length = call.arguments.size() > 3 ? integers(call, 3) : nullptr;
    build_texts(call, [=](std::size_t row, std::string& out) {
        const std::string_view part = put[row].view();
        const std::int64_t replaced =
            length == nullptr ? static_cast<std::int64_t>(utf8_length(part)) : length[row];
        overlay(out, in[row].view(), part, position[row], replaced);
    });
}

// TRANSLATE(text, from, to): character n of `from` becomes character n of `to`, or goes where `to`
// is shorter. The first of equal characters in `from` counts.
void kernel_translate(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    const StringRef* const from = texts(call, 1);
    const StringRef* const to = texts(call, 2);
    build_texts(call, [=](std::size_t row, std::string& out) {
        const std::string_view old_set = from[row].view();
        const std::string_view new_set = to[row].view();
        for (std::string_view text = in[row].view(); !text.empty();) {
            const std::string_view character = text.substr(0, utf8_decode(text).bytes);
            text.remove_prefix(character.size());
            std::size_t index = 0;
            std::string_view old = old_set;
            while (!old.empty() && old.substr(0, utf8_decode(old).bytes) != character) {
                old.remove_prefix(utf8_decode(old).bytes);
                ++index;
            }
            out += old.empty() ? character : characters(new_set, index, 1);
        }
    });
}

// --- Characters and base 64 ---------------------------------------------------------------------

void kernel_ascii(const KernelCall& call) {
    map_unary<std::int32_t, StringRef>(call, [](const StringRef& text) {
        return text.size() == 0 ? 0 : static_cast<std::int32_t>(utf8_decode(text.view()).value);
    });
}

// The character of the lowest eight bits; nothing for a negative number.
void kernel_chr(const KernelCall& call) {
    build_texts(call, [code = integers(call, 0)](std::size_t row, std::string& out) {
        if (code[row] >= 0) append_utf8(out, static_cast<char32_t>(code[row] & 0xff));
    });
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kernel_to_base64(const KernelCall& call) {
    build_texts(call, [in = texts(call, 0)](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        const auto byte = [&](std::size_t index) {
            return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
        };
        for (std::size_t at = 0; at < text.size(); at += 3) {
            const unsigned bits = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
            out += kBase64[bits >> 18U];
            out += kBase64[bits >> 12U & 63U];
            out += at + 1 < text.size() ? kBase64[bits >> 6U & 63U] : '=';
            out += at + 2 < text.size() ? kBase64[bits & 63U] : '=';
        }
    });
}

constexpr std::array<std::uint8_t, 256> make_base64_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(64);
    for (std::size_t i = 0; i < kBase64.size(); ++i)
        values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
    return values;
}

// Whether `text` is base 64, with or without its '=' at the end.
bool decode_base64(std::string& out, std::string_view text) {
    static constexpr std::array<std::uint8_t, 256> kValues = make_base64_values();
    if (text.size() % 4 == 0) {
        if (text.ends_with("==")) {
            text.remove_suffix(2);
        } else if (text.ends_with('=')) {
            text.remove_suffix(1);
        }
    }
    if (text.size() % 4 == 1) return false;
    unsigned bits = 0;
    unsigned bit_count = 0;
    for (const char c : text) {
        const unsigned value = kValues[static_cast<unsigned char>(c)];
        if (value == 64) return false;
        bits = bits << 6U | value;
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        out += static_cast<char>(bits >> bit_count & 0xffU);
    }
    return true;
}

void kernel_from_base64(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    build_texts(call, [&](std::size_t row, std::string& out) {
        if (decode_base64(out, in[row].view())) return;
        call.context.fail("FROM_BASE64: not base 64: '" + std::string(in[row].view()) + "'");
    });
}

// --- The table ----------------------------------------------------------------------------------

using Parameters = std::vector<Parameter>;

constexpr Parameter kText = Parameter::kString;
constexpr Parameter kNumber = Parameter::kBigint;

Function text_function(std::string_view name, Parameters parameters, Kernel kernel) {
    return {.name = name,
            .parameters = std::move(parameters),
            .result = returns_string,
            .kernel = kernel};
}

// Of a function that gives NULL for some arguments that are not.
Function nullable_text_function(std::string_view name, Parameters parameters, Kernel kernel) {
    Function function = text_function(name, std::move(parameters), kernel);
    function.nullability = Nullability::kAlways;
    return function;
}

Function int_function(std::string_view name, Parameters parameters, Kernel kernel) {
    Function function = text_function(name, std::move(parameters), kernel);
    function.result = returns_int;
    return function;
}

Function joining_function(std::string_view name, Parameters parameters, Kernel kernel) {
    Function function = text_function(name, std::move(parameters), kernel);
    function.is_variadic = true;
    return function;
}

std::vector<Function> make_functions() {
    std::vector<Function> functions = {
        text_function("UPPER", {kText}, kernel_case<'a', to_upper>),
        text_function("LOWER", {kText}, kernel_case<'A', to_lower>),
        text_function("INITCAP", {kText}, kernel_initcap),
        text_function("REVERSE", {kText}, kernel_reverse),
        int_function("CHAR_LENGTH", {kText}, kernel_char_length),
        int_function("CHARACTER_LENGTH", {kText}, kernel_char_length),
        text_function("LEFT", {kText, kNumber}, kernel_left),
        text_function("RIGHT", {kText, kNumber}, kernel_right),
        text_function("TRIM", {kText}, kernel_trim_blanks<true, true>),
        {.name = "TRIM",
         .parameters = {Parameter::kLiteralString, kText, kText},
         .rewrite = rewrite_trim},
        text_function("BTRIM", {kText}, kernel_trim_blanks<true, true>),
        text_function("LTRIM", {kText}, kernel_trim_blanks<true, false>),
        text_function("RTRIM", {kText}, kernel_trim_blanks<false, true>),
        text_function("BTRIM", {kText, kText}, kernel_trim<true, true>),
        text_function("LTRIM", {kText, kText}, kernel_trim<true, false>),
        text_function("RTRIM", {kText, kText}, kernel_trim<false, true>),
        nullable_text_function("LPAD", {kText, kNumber, kText}, kernel_pad<true>),
        nullable_text_function("RPAD", {kText, kNumber, kText}, kernel_pad<false>),
        text_function("REPEAT", {kText, kNumber}, kernel_repeat),
        text_function("||", {kText, kText}, kernel_concat),
        joining_function("CONCAT", {kText}, kernel_concat),
        joining_function("CONCAT_WS", {kText, kText}, kernel_concat_ws),
        text_function("REPLACE", {kText, kText, kText}, kernel_replace),
        text_function("TRANSLATE", {kText, kText, kText}, kernel_translate),
        text_function("OVERLAY", {kText, kText, kNumber}, kernel_overlay),
        text_function("OVERLAY", {kText, kText, kNumber, kNumber}, kernel_overlay),
        int_function("ASCII", {kText}, kernel_ascii),
        text_function("CHR", {kNumber}, kernel_chr),
        text_function("TO_BASE64", {kText}, kernel_to_base64),
        text_function("TO_BASE64", {Parameter::kBinary}, kernel_to_base64),
        text_function("FROM_BASE64", {kText}, kernel_from_base64),
    };
    for (Function& function : functions)
        if (function.name == "CONCAT_WS") function.nulls = NullRule::kOwn;
    for (const std::string_view name : {"SUBSTRING", "SUBSTR"}) {
        functions.push_back(text_function(name, {kText, kNumber}, kernel_substring_from));
        functions.push_back(
            nullable_text_function(name, {kText, kNumber, kNumber}, kernel_substring));
    }
    return functions;
}

}  // namespace

std::span<const Function> string_functions() {
    static const std::vector<Function> kFunctions = make_functions();
    return kFunctions;
}

}  // namespace thalweg
