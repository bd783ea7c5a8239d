// Numbers and bytes as digits, and text as the bytes of a character set.

#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

// --- HEX, BIN, UNHEX ----------------------------------------------------------------------------

constexpr std::string_view kDigits = "0123456789ABCDEF";

// The digits of the 64 bits, in groups of `kBits`, without leading zeros.
template <unsigned kBits>
void kernel_number_digits(const KernelCall& call) {
    build_texts(call, [in = integers(call, 0)](std::size_t row, std::string& out) {
        auto value = static_cast<std::uint64_t>(in[row]);
        do {
            out += kDigits[value & ((1U << kBits) - 1)];
            value >>= kBits;
        } while (value != 0);
        std::reverse(out.begin(), out.end());
    });
}

void kernel_hex_text(const KernelCall& call) {
    build_texts(call, [in = texts(call, 0)](std::size_t row, std::string& out) {
        for (const char c : in[row].view()) {
            const auto byte = static_cast<unsigned char>(c);
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        }
    });
}

// 16 for what is no digit.
unsigned hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return 16;
}

// As Flink: of an odd number of digits the first must be one, and gives a zero byte.
void kernel_unhex(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    build_texts_or_null(call, [=](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        const std::size_t odd = text.size() % 2;
        if (!std::ranges::all_of(text, [](char c) { return hex_value(c) < 16; })) return false;
        if (odd != 0) out += '\0';
        for (std::size_t at = odd; at < text.size(); at += 2)
            out += static_cast<char>(hex_value(text[at]) << 4U | hex_value(text[at + 1]));
        return true;
    });
}

// --- ENCODE and DECODE --------------------------------------------------------------------------

enum class Charset { kAscii, kLatin1, kUtf8, kUtf16, kUtf16Big, kUtf16Little };

struct CharsetName {
    std::string_view name;
    Charset charset;
};

constexpr auto kCharsets = std::to_array<CharsetName>({
    {"US-ASCII", Charset::kAscii},
    {"ISO-8859-1", Charset::kLatin1},
    {"UTF-8", Charset::kUtf8},
    {"UTF-16", Charset::kUtf16},
    {"UTF-16BE", Charset::kUtf16Big},
    {"UTF-16LE", Charset::kUtf16Little},
});

std::optional<Charset> find_charset(std::string_view name) {
    const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; };
    for (const CharsetName& each : kCharsets) {
        if (std::ranges::equal(name, each.name, same)) return each.charset;
    }
    return std::nullopt;
}

std::optional<Charset> charset_of(const KernelCall& call, std::size_t row) {
    const std::string_view name = texts(call, 1)[row].view();
    const std::optional<Charset> charset = find_charset(name);
    if (!charset.has_value()) {
        call.context.fail("there is no character set '" + std::string(name) +
                          "': take US-ASCII, ISO-8859-1, UTF-8, UTF-16, UTF-16BE or UTF-16LE");
    }
    return charset;
}

void append_unit(std::string& out, std::uint32_t unit, bool is_little) {
    const auto high = static_cast<char>(unit >> 8U & 0xffU);
    const auto low = static_cast<char>(unit & 0xffU);
    out += is_little ? low : high;
    out += is_little ? high : low;
}

void encode_character(std::string& out, char32_t c, Charset charset) {
    const bool is_little = charset == Charset::kUtf16Little;
    const char32_t limit = charset == Charset::kAscii ? 0x80 : 0x100;
    if (charset == Charset::kAscii || charset == Charset::kLatin1) {
        out += c < limit ? static_cast<char>(c) : '?';
    } else if (c >= 0x10000) {
        append_unit(out, 0xd800U + ((c - 0x10000U) >> 10U), is_little);
        append_unit(out, 0xdc00U + ((c - 0x10000U) & 0x3ffU), is_little);
    } else {
        append_unit(out, c, is_little);
    }
}

void kernel_encode(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::optional<Charset> charset = charset_of(call, row);
        std::string_view text = in[row].view();
        if (!charset.has_value()) return;
        if (*charset == Charset::kUtf8) {
            out += text;
            return;
        }
        // UTF-16 says by its first character which byte comes first.
        if (*charset == Charset::kUtf16 && !text.empty()) append_unit(out, 0xfeff, false);
        while (!text.empty()) {
            const CodePoint c = utf8_decode(text);
            encode_character(out, c.value, *charset);
            text.remove_prefix(c.bytes);
        }
    });
}

void decode_utf16(std::string& out, std::string_view bytes, bool is_little) {
    const auto unit_at = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        const auto second = static_cast<unsigned char>(bytes[at + 1]);
        return is_little ? char32_t{second} << 8U | first : char32_t{first} << 8U | second;
    };
    std::size_t at = 0;
    while (at + 1 < bytes.size()) {
        const char32_t unit = unit_at(at);
        at += 2;
        const bool is_high = unit >= 0xd800 && unit < 0xdc00;
        const char32_t low = is_high && at + 1 < bytes.size() ? unit_at(at) : 0;
        if (is_high && low >= 0xdc00 && low < 0xe000) {
            append_utf8(out, 0x10000U + ((unit - 0xd800U) << 10U) + (low - 0xdc00U));
            at += 2;
        } else {
            append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? kReplacement : unit);
        }
    }
    if (at < bytes.size()) append_utf8(out, kReplacement);
}

void decode(std::string& out, std::string_view bytes, Charset charset) {
    switch (charset) {
        case Charset::kAscii:
        case Charset::kLatin1:
            for (const char c : bytes) {
                const auto byte = static_cast<unsigned char>(c);
                const bool is_none = charset == Charset::kAscii && byte >= 0x80;
                append_utf8(out, is_none ? kReplacement : char32_t{byte});
            }
            return;
        case Charset::kUtf8: append_as_utf8(out, bytes); return;
        case Charset::kUtf16: {
            const bool is_little = bytes.starts_with("\xff\xfe");
            if (is_little || bytes.starts_with("\xfe\xff")) bytes.remove_prefix(2);
            decode_utf16(out, bytes, is_little);
            return;
        }
        case Charset::kUtf16Big: decode_utf16(out, bytes, false); return;
        case Charset::kUtf16Little: decode_utf16(out, bytes, true); return;
    }
}

void kernel_decode(const KernelCall& call) {
    const StringRef* const in = texts(call, 0);
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::optional<Charset> charset = charset_of(call, row);
        if (charset.has_value()) decode(out, in[row].view(), *charset);
    });
}

// --- The table ----------------------------------------------------------------------------------

Type returns_bytes(Arguments) {
    return Type::bytes();
}

}  // namespace

std::span<const Function> encoding_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        {.name = "HEX",
         .parameters = {kBigint},
         .result = returns_string,
         .kernel = kernel_number_digits<4>},
        {.name = "HEX",
         .parameters = {kString},
         .result = returns_string,
         .kernel = kernel_hex_text},
        {.name = "BIN",
         .parameters = {kBigint},
         .result = returns_string,
         .kernel = kernel_number_digits<1>},
        {.name = "UNHEX",
         .parameters = {kString},
         .result = returns_bytes,
         .kernel = kernel_unhex,
         .nullability = Nullability::kAlways},
        {.name = "ENCODE",
         .parameters = {kString, kString},
         .result = returns_bytes,
         .kernel = kernel_encode},
        {.name = "DECODE",
         .parameters = {kBinary, kString},
         .result = returns_string,
         .kernel = kernel_decode},
    };
    return kFunctions;
}

}  // namespace thalweg
