#include "state/text/json.h"

#include "state/text/utf8.h"

#include <immintrin.h>

#include <bit>
#include <cstddef>

namespace thalweg {
namespace {

bool is_plain(unsigned char c) noexcept {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

// How many characters at the front can be copied as they are: printable ASCII but " and \.
std::size_t plain_bytes(std::string_view text) noexcept {
    std::size_t at = 0;
    for (; at + 16 <= text.size(); at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        // Signed: bytes from 0x80 on are negative, and so below the blank too.
        const __m128i low = _mm_cmpgt_epi8(_mm_set1_epi8(0x20), bytes);
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        const __m128i special = _mm_or_si128(low, _mm_or_si128(quote, backslash));
        const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(special));
        if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
    }
    while (at < text.size() && is_plain(static_cast<unsigned char>(text[at])))
        ++at;
    return at;
}

void append_escape(std::string& out, char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default:
            out += "\\u00";
            out += kHex[static_cast<unsigned char>(c) >> 4U];
            out += kHex[static_cast<unsigned char>(c) & 15U];
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (true) {
        const std::size_t plain = plain_bytes(text);
        out.append(text.data(), plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            append_escape(out, text.front());
            text.remove_prefix(1);
            continue;
        }
        const std::size_t bytes = utf8_sequence_bytes(text);
        if (bytes == 0) {
            append_utf8(out, kReplacement);
            text.remove_prefix(1);
        } else {
            out.append(text.data(), bytes);
            text.remove_prefix(bytes);
        }
    }
    out += '"';
}

}  // namespace thalweg
