#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace thalweg {

// A borrowed string or byte string of 16 bytes, the value of STRING and BYTES columns.
//
// Shape
//     0        4        8               16
//     +--------+--------+----------------+
//     | length | first four | next eight |    length <= 12: the text itself, zero padded
//     +--------+--------+----------------+
//     | length | first four | address    |    longer: the text is somewhere else
//     +--------+--------+----------------+
//   Short strings are equal when all 16 bytes are, and most unequal strings differ in the first
//   eight, so that comparing rarely follows the address (Neumann and Freitag, CIDR 2020).
//
// Lifetime  A long one borrows its text until the batch, arena or literal that holds it goes.
class StringRef {
  public:
    static constexpr std::uint32_t kInlineMax = 12;

    constexpr StringRef() noexcept = default;

    // Borrows `text` when it is longer than kInlineMax. Texts are shorter than 4 GiB.
    explicit StringRef(std::string_view text) noexcept : length_(std::uint32_t(text.size())) {
        if (length_ <= kInlineMax) {
            if (length_ != 0) std::memcpy(prefix_, text.data(), length_);
        } else {
            std::memcpy(prefix_, text.data(), 4);
            const char* const address = text.data();
            std::memcpy(rest_, &address, sizeof address);
        }
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return length_; }

    [[nodiscard]] bool is_inline() const noexcept { return length_ <= kInlineMax; }

    [[nodiscard]] const char* data() const noexcept {
        if (is_inline()) return prefix_;
        const char* address = nullptr;
        std::memcpy(&address, rest_, sizeof address);
        return address;
    }

    // Borrows from *this when inline: keep the StringRef alive as long as the view.
    [[nodiscard]] std::string_view view() const noexcept { return {data(), length_}; }

    friend bool operator==(const StringRef& a, const StringRef& b) noexcept {
        std::uint64_t heads[2];
        std::memcpy(&heads[0], &a, 8);
        std::memcpy(&heads[1], &b, 8);
        if (heads[0] != heads[1]) return false;
        if (a.is_inline()) return std::memcmp(a.rest_, b.rest_, 8) == 0;
        return std::memcmp(a.data() + 4, b.data() + 4, a.length_ - 4) == 0;
    }

    // Order of bytes, as SQL compares strings here (UTF-8 keeps code point order).
    friend std::strong_ordering operator<=>(const StringRef& a, const StringRef& b) noexcept {
        const int order = a.view().compare(b.view());
        return order <=> 0;
    }

  private:
    std::uint32_t length_ = 0;
    char prefix_[4] = {};
    char rest_[8] = {};
};

static_assert(sizeof(StringRef) == 16);

}  // namespace thalweg
