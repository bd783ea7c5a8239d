#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// Base64 of RFC 4648, section 4: how BYTES travel in text formats.
void append_base64(std::string& out, std::string_view bytes);

// The most bytes that `size` characters can stand for.
[[nodiscard]] constexpr std::size_t base64_bytes_max(std::size_t size) noexcept {
    return size / 4 * 3 + 3;
}

// Writes the bytes to `target`, which has room for base64_bytes_max(text.size()), and returns how
// many they are. Nothing for text that is not base64; the padding may be left out, but not be
// wrong.
[[nodiscard]] std::optional<std::size_t> decode_base64(std::string_view text,
                                                       char* target) noexcept;

}  // namespace thalweg
