#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// Names what one producer sends, over all its connections and restarts: 128 bits that the producer
// draws once and keeps. Written as 32 hexadecimal digits, the first byte first.
struct SessionId {
    std::array<std::uint8_t, 16> bytes{};

    friend bool operator==(const SessionId&, const SessionId&) = default;

    [[nodiscard]] std::string to_hex() const {
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string text(2 * bytes.size(), '0');
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            text[2 * i] = kDigits[bytes[i] >> 4U];
            text[2 * i + 1] = kDigits[bytes[i] & 15U];
        }
        return text;
    }

    // Nothing for what to_hex() does not write; capitals are taken too.
    [[nodiscard]] static std::optional<SessionId> from_hex(std::string_view text) {
        SessionId id;
        if (text.size() != 2 * id.bytes.size()) return std::nullopt;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const int value = value_of(text[i]);
            if (value < 0) return std::nullopt;
            std::uint8_t& byte = id.bytes[i / 2];
            byte = static_cast<std::uint8_t>(static_cast<unsigned>(byte) << 4U |
                                             static_cast<unsigned>(value));
        }
        return id;
    }

    // For tables of sessions that the producers cannot be expected to attack: the ids are looked up
    // once a connection.
    struct Hash {
        std::size_t operator()(const SessionId& id) const noexcept {
            std::uint64_t words[2];
            std::memcpy(words, id.bytes.data(), sizeof words);
            return static_cast<std::size_t>((words[0] ^ words[1] >> 32U) * 0x9e3779b97f4a7c15ULL ^
                                            words[1]);
        }
    };

  private:
    [[nodiscard]] static int value_of(char digit) noexcept {
        if (digit >= '0' && digit <= '9') return digit - '0';
        if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
        if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
        return -1;
    }
};

}  // namespace thalweg
