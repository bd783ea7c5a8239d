#include "ops/sort_key.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace thalweg {

namespace {

constexpr std::byte kNullFirst{0};
constexpr std::byte kValue{1};
constexpr std::byte kNullLast{2};

// Unsigned, in the order of the values.
template <class T>
auto ordered(T value) noexcept {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
        return value;
    } else if constexpr (std::is_floating_point_v<T>) {
        using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        if (std::isnan(value)) return static_cast<Bits>(~Bits{0});
        const Bits bits = std::bit_cast<Bits>(value == T{0} ? T{0} : value);
        constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
        return static_cast<Bits>((bits & kSign) != 0 ? ~bits : bits | kSign);
    } else if constexpr (std::is_same_v<T, Int128>) {
        using Bits = UInt128;
        return static_cast<Bits>(value) ^ (Bits{1} << 127U);
    } else {
        using Bits = std::make_unsigned_t<T>;
        return static_cast<Bits>(static_cast<Bits>(value) ^ (Bits{1} << (8 * sizeof(T) - 1)));
    }
}

template <class Bits>
void put_big_endian(std::byte* to, Bits bits) noexcept {
    for (std::size_t i = sizeof(Bits); i-- > 0;) {
        to[i] = static_cast<std::byte>(bits & 0xFFU);
        if constexpr (sizeof(Bits) > 1) bits = static_cast<Bits>(bits >> 8U);
    }
}

std::size_t text_bytes(const StringRef& text) noexcept {
    const std::string_view view = text.view();
    return view.size() + static_cast<std::size_t>(std::count(view.begin(), view.end(), '\0')) + 2;
}

std::byte* put_text(std::byte* to, const StringRef& text) noexcept {
    const std::string_view view = text.view();
    for (const char c : view) {
        *to++ = static_cast<std::byte>(c);
        if (c == '\0') *to++ = std::byte{255};
    }
    *to++ = std::byte{0};
    *to++ = std::byte{0};
    return to;
}

template <class T>
std::size_t value_bytes(const T& value) noexcept {
    if constexpr (std::is_same_v<T, StringRef>) {
        return text_bytes(value);
    } else {
        return sizeof(T);
    }
}

template <class T>
std::byte* put_value(std::byte* to, const T& value) noexcept {
    if constexpr (std::is_same_v<T, StringRef>) {
        return put_text(to, value);
    } else {
        put_big_endian(to, ordered(value));
        return to + sizeof(T);
    }
}

// Adds the bytes of a column to sizes[1 ...].
void add_sizes(const Column& column, Selection rows, std::uint32_t* sizes) {
    visit_physical(column.physical(), [&]<class T>() {
        const T* const values = column.data<T>();
        std::uint32_t* size = sizes;
        rows.for_each([&](std::size_t row) {
            *size++ += static_cast<std::uint32_t>(
                1 + (column.is_null(row) ? 0 : value_bytes(values[row])));
        });
    });
}

void put_column(const Column& column,
                const SortItem& item,
                Selection rows,
                std::byte* bytes,
                std::uint32_t* cursors) {
    visit_physical(column.physical(), [&]<class T>() {
        const T* const values = column.data<T>();
        std::uint32_t* cursor = cursors;
        rows.for_each([&](std::size_t row) {
            std::byte* const first = bytes + *cursor;
            std::byte* end = first + 1;
            if (column.is_null(row)) {
                *first = item.nulls_first ? kNullFirst : kNullLast;
            } else {
                *first = kValue;
                end = put_value(end, values[row]);
                if (item.is_descending)
                    std::for_each(first + 1, end, [](std::byte& byte) { byte = ~byte; });
            }
            *cursor++ = static_cast<std::uint32_t>(end - bytes);
        });
    });
}

}  // namespace

void SortKeyWriter::write(const BatchView& view, Selection rows) {
    const std::size_t count = rows.size();
    starts_.assign(count + 1, 0);
    for (const SortItem& item : items_)
        add_sizes(view[item.column], rows, starts_.data() + 1);
    for (std::size_t i = 0; i < count; ++i)
        starts_[i + 1] += starts_[i];
    bytes_.resize(std::max<std::size_t>(starts_[count], 1));
    cursors_.assign(starts_.begin(), starts_.end() - 1);
    for (const SortItem& item : items_)
        put_column(view[item.column], item, rows, bytes_.data(), cursors_.data());
}

std::int64_t leading_integer(std::span<const std::byte> key) noexcept {
    std::uint64_t bits = 0;
    for (std::size_t i = 1; i <= sizeof bits; ++i)
        bits = bits << 8U | static_cast<std::uint64_t>(key[i]);
    return static_cast<std::int64_t>(bits ^ (std::uint64_t{1} << 63U));
}

int compare_keys(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    const std::size_t common = std::min(a.size(), b.size());
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    if (order != 0) return order;
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

}  // namespace thalweg
