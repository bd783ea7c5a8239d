#include "ops/expr/select_rows.h"

#include <array>
#include <bit>
#include <cstring>

namespace thalweg {

namespace {

// Entry m lists the set bits of m.
constexpr auto kBitLists = [] {
    std::array<std::array<std::uint16_t, 8>, 256> lists = {};
    for (unsigned mask = 0; mask < 256; ++mask) {
        std::size_t count = 0;
        for (unsigned bit = 0; bit < 8; ++bit) {
            if (((mask >> bit) & 1U) != 0) lists[mask][count++] = static_cast<std::uint16_t>(bit);
        }
    }
    return lists;
}();

// Eight bytes of 0 or 1 to eight bits. The factor moves bit 8i to bit 56 + i; no two products meet,
// so nothing carries.
std::uint64_t pack_eight(const std::uint8_t* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return (word * 0x0102040810204080ULL) >> 56U;
}

std::uint64_t pack_64(const std::uint8_t* bytes) {
    std::uint64_t mask = 0;
    for (unsigned i = 0; i < 8; ++i)
        mask |= pack_eight(bytes + std::size_t{8} * i) << (8 * i);
    return mask;
}

std::size_t write_rows(std::uint64_t mask, std::size_t base, std::uint16_t* out) {
    std::size_t count = 0;
    for (; mask != 0; mask >>= 8U, base += 8) {
        const std::uint64_t byte = mask & 255U;
        const std::array<std::uint16_t, 8>& list = kBitLists[byte];
        for (std::size_t k = 0; k < 8; ++k)
            out[count + k] = static_cast<std::uint16_t>(base + list[k]);
        count += static_cast<std::size_t>(std::popcount(byte));
    }
    return count;
}

// mask_at(word) gives the mask of rows [64 * word, 64 * word + 64).
template <class MaskAt>
std::size_t select_range(Selection rows, std::uint16_t* out, MaskAt mask_at) {
    if (rows.empty()) return 0;
    const std::size_t first = rows.first();
    const std::size_t end = first + rows.size();
    std::size_t count = 0;
    for (std::size_t word = first / 64; word * 64 < end; ++word) {
        std::uint64_t mask = mask_at(word);
        const std::size_t base = word * 64;
        if (base < first) mask &= ~std::uint64_t{0} << (first - base);
        if (base + 64 > end) mask &= ~std::uint64_t{0} >> (base + 64 - end);
        count += write_rows(mask, base, out + count);
    }
    return count;
}

// bit_at(row) is 0 or 1.
template <class BitAt>
std::size_t select_list(std::span<const std::uint16_t> rows, std::uint16_t* out, BitAt bit_at) {
    std::size_t count = 0;
    for (const std::uint16_t row : rows) {
        out[count] = row;
        count += bit_at(row);
    }
    return count;
}

std::size_t valid_bit(const std::uint64_t* validity, std::size_t row) {
    return (validity[row / 64] >> (row % 64)) & 1U;
}

// A mask word or a single bit of `value` and `valid` (all ones without nulls), told apart by how
// many bits count.
std::uint64_t kept(Keep keep, std::uint64_t value, std::uint64_t valid, std::uint64_t ones) {
    switch (keep) {
        case Keep::kTrue: return value & valid;
        case Keep::kNotTrue: return ~(value & valid) & ones;
        case Keep::kNotFalse: break;
    }
    return (value | ~valid) & ones;
}

template <Keep keep>
std::size_t select_kept(const Column& condition, Selection rows, std::uint16_t* out) {
    const auto* const values = condition.data<std::uint8_t>();
    const std::uint64_t* const validity = condition.validity();
    constexpr std::uint64_t kOnes = ~std::uint64_t{0};
    if (rows.is_range()) {
        return select_range(rows, out, [&](std::size_t word) {
            const std::uint64_t valid = validity == nullptr ? kOnes : validity[word];
            return kept(keep, pack_64(values + word * 64), valid, kOnes);
        });
    }
    if (validity == nullptr) {
        return select_list(
            rows.rows(), out, [&](std::size_t row) { return kept(keep, values[row], 1, 1); });
    }
    return select_list(rows.rows(), out, [&](std::size_t row) {
        return kept(keep, values[row], valid_bit(validity, row), 1);
    });
}

}  // namespace

std::size_t select_rows(const Column& condition, Keep keep, Selection rows, std::uint16_t* out) {
    switch (keep) {
        case Keep::kTrue: return select_kept<Keep::kTrue>(condition, rows, out);
        case Keep::kNotTrue: return select_kept<Keep::kNotTrue>(condition, rows, out);
        case Keep::kNotFalse: break;
    }
    return select_kept<Keep::kNotFalse>(condition, rows, out);
}

std::size_t select_valid(const std::uint64_t* validity, Selection rows, std::uint16_t* out) {
    if (rows.is_range())
        return select_range(rows, out, [&](std::size_t word) { return validity[word]; });
    return select_list(rows.rows(), out, [&](std::size_t row) { return valid_bit(validity, row); });
}

}  // namespace thalweg
