#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

// UTF-8 by code points. Strings in columns are meant to be UTF-8 but nothing checks them on the way
// in: whatever reads one here takes a byte that begins no valid sequence as a character of its own
// (U+FFFD when decoded), so that every text has a length and can be cut anywhere.
struct CodePoint {
    char32_t value;
    std::size_t bytes;  // 1 to 4: where the next one begins.
};

inline constexpr char32_t kReplacement = 0xfffd;

// The bytes of the valid sequence at the front of `text` (not empty), or 0: overlong forms,
// surrogates and what lies beyond U+10FFFF are not valid.
[[nodiscard]] std::size_t utf8_sequence_bytes(std::string_view text) noexcept;

[[nodiscard]] CodePoint utf8_decode(std::string_view text) noexcept;  // `text` is not empty.
void append_utf8(std::string& out, char32_t code_point);

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

// How many code points.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// The byte at which code point `index` begins; text.size() when there are fewer.
[[nodiscard]] std::size_t utf8_offset(std::string_view text, std::size_t index) noexcept;

// Case mapping, one code point to one: Latin, Greek, Cyrillic and Armenian letters are mapped,
// all others are returned as they are.
[[nodiscard]] char32_t to_upper(char32_t code_point) noexcept;
[[nodiscard]] char32_t to_lower(char32_t code_point) noexcept;

}  // namespace thalweg
