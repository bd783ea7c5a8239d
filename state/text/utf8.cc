#include "state/text/utf8.h"

#include <algorithm>
#include <cstring>

namespace thalweg {
namespace {

unsigned byte_at(std::string_view text, std::size_t index) noexcept {
    return static_cast<unsigned char>(text[index]);
}

bool continues(std::string_view text, std::size_t index) noexcept {
    return (byte_at(text, index) & 0xc0U) == 0x80;
}

bool is_between(char32_t value, char32_t first, char32_t last) noexcept {
    return value >= first && value <= last;
}

// Whether capital and small letters alternate here, a capital first at an even number.
bool is_pair_even(char32_t c) noexcept {
    return is_between(c, 0x100, 0x12f) || is_between(c, 0x132, 0x137) ||
           is_between(c, 0x14a, 0x177) || is_between(c, 0x1de, 0x1ef) ||
           is_between(c, 0x1f8, 0x21f) || is_between(c, 0x222, 0x233) ||
           is_between(c, 0x3d8, 0x3ef) || is_between(c, 0x460, 0x481) ||
           is_between(c, 0x48a, 0x4bf) || is_between(c, 0x4d0, 0x52f) ||
           is_between(c, 0x1e00, 0x1e95) || is_between(c, 0x1ea0, 0x1eff);
}

// The same, at an odd number.
bool is_pair_odd(char32_t c) noexcept {
    return is_between(c, 0x139, 0x148) || is_between(c, 0x179, 0x17e) ||
           is_between(c, 0x1cd, 0x1dc) || is_between(c, 0x4c1, 0x4ce);
}

}  // namespace

std::size_t utf8_sequence_bytes(std::string_view text) noexcept {
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;  // A continuation, or an overlong form of ASCII.
    if (first < 0xe0) return text.size() >= 2 && continues(text, 1) ? 2 : 0;
    if (first < 0xf0) {
        if (text.size() < 3 || !continues(text, 1) || !continues(text, 2)) return 0;
        const unsigned second = byte_at(text, 1);
        if (first == 0xe0 && second < 0xa0) return 0;   // Overlong.
        if (first == 0xed && second >= 0xa0) return 0;  // A surrogate.
        return 3;
    }
    if (first > 0xf4 || text.size() < 4) return 0;
    if (!continues(text, 1) || !continues(text, 2) || !continues(text, 3)) return 0;
    const unsigned second = byte_at(text, 1);
    if (first == 0xf0 && second < 0x90) return 0;   // Overlong.
    if (first == 0xf4 && second >= 0x90) return 0;  // Beyond U+10FFFF.
    return 4;
}

CodePoint utf8_decode(std::string_view text) noexcept {
    const auto tail = [&](std::size_t index) { return byte_at(text, index) & 0x3fU; };
    switch (utf8_sequence_bytes(text)) {
        case 1: return {byte_at(text, 0), 1};
        case 2: return {((byte_at(text, 0) & 0x1fU) << 6U) | tail(1), 2};
        case 3: return {((byte_at(text, 0) & 0xfU) << 12U) | (tail(1) << 6U) | tail(2), 3};
        case 4:
            return {((byte_at(text, 0) & 7U) << 18U) | (tail(1) << 12U) | (tail(2) << 6U) | tail(3),
                    4};
        default: return {kReplacement, 1};
    }
}

void append_utf8(std::string& out, char32_t code_point) {
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    const auto put_tail = [&](unsigned shift) { put(0x80U | ((code_point >> shift) & 0x3fU)); };
    if (code_point > 0x10ffff || is_between(code_point, 0xd800, 0xdfff)) code_point = kReplacement;
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xc0U | (code_point >> 6U));
        put_tail(0);
    } else if (code_point < 0x10000) {
        put(0xe0U | (code_point >> 12U));
        put_tail(6);
        put_tail(0);
    } else {
        put(0xf0U | (code_point >> 18U));
        put_tail(12);
        put_tail(6);
        put_tail(0);
    }
}

bool is_ascii(std::string_view text) noexcept {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        if ((word & kHighBits) != 0) return false;
    }
    for (; at < text.size(); ++at)
        if (byte_at(text, at) >= 0x80) return false;
    return true;
}

std::size_t utf8_length(std::string_view text) noexcept {
    if (is_ascii(text)) return text.size();
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count)
        at += std::max<std::size_t>(1, utf8_sequence_bytes(text.substr(at)));
    return count;
}

std::size_t utf8_offset(std::string_view text, std::size_t index) noexcept {
    if (is_ascii(text)) return std::min(index, text.size());
    std::size_t at = 0;
    for (; index > 0 && at < text.size(); --index)
        at += std::max<std::size_t>(1, utf8_sequence_bytes(text.substr(at)));
    return at;
}

char32_t to_upper(char32_t c) noexcept {
    if (c < 0x80) return is_between(c, 'a', 'z') ? c - 32 : c;
    if (c == 0xb5) return 0x39c;  // The micro sign is a mu.
    if (is_between(c, 0xe0, 0xfe)) return c == 0xf7 ? c : c - 32;
    if (c == 0xff) return 0x178;
    if (c == 0x131) return 'I';
    if (c == 0x17f) return 'S';
    if (is_pair_even(c)) return c & ~char32_t{1};
    if (is_pair_odd(c)) return c - 1 + (c & 1U);
    if (c == 0x3ac) return 0x386;
    if (is_between(c, 0x3ad, 0x3af)) return c - 37;
    if (c == 0x3c2) return 0x3a3;  // The final sigma.
    if (is_between(c, 0x3b1, 0x3cb)) return c - 32;
    if (c == 0x3cc) return 0x38c;
    if (c == 0x3cd || c == 0x3ce) return c - 63;
    if (is_between(c, 0x430, 0x44f)) return c - 32;
    if (is_between(c, 0x450, 0x45f)) return c - 80;
    if (c == 0x4cf) return 0x4c0;
    if (is_between(c, 0x561, 0x586)) return c - 48;
    return c;
}

char32_t to_lower(char32_t c) noexcept {
    if (c < 0x80) return is_between(c, 'A', 'Z') ? c + 32 : c;
    if (is_between(c, 0xc0, 0xde)) return c == 0xd7 ? c : c + 32;
    if (c == 0x130) return 'i';
    if (c == 0x178) return 0xff;
    if (c == 0x1e9e) return 0xdf;
    if (is_pair_even(c)) return c | 1U;
    if (is_pair_odd(c)) return c + (c & 1U);
    if (c == 0x386) return 0x3ac;
    if (is_between(c, 0x388, 0x38a)) return c + 37;
    if (c == 0x38c) return 0x3cc;
    if (c == 0x38e || c == 0x38f) return c + 63;
    if (is_between(c, 0x391, 0x3ab) && c != 0x3a2) return c + 32;
    if (is_between(c, 0x400, 0x40f)) return c + 80;
    if (is_between(c, 0x410, 0x42f)) return c + 32;
    if (c == 0x4c0) return 0x4cf;
    if (is_between(c, 0x531, 0x556)) return c + 48;
    return c;
}

}  // namespace thalweg
