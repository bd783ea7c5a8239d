#include "state/direct_index.h"

#include "state/base/int128.h"

#include <algorithm>
#include <cstring>

namespace thalweg {

namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

// Rows between the fetch of a slot and its reading, in an index that outgrows half of an L2:
// COUNT(DISTINCT) of 1 million values, Zen 5, ns a row without and with: 20 and 11.
constexpr std::size_t kSlotsAhead = 48;
constexpr std::size_t kCachedSlotsMax = 128 * 1024;

// Calls use(values) with the integers of a column that can be a part.
template <class Use>
decltype(auto) with_integers(const Column& column, const Use& use) {
    if (column.physical() == Physical::kInt64) return use(column.data<std::int64_t>());
    if (column.physical() == Physical::kInt32) return use(column.data<std::int32_t>());
    return use(column.data<std::uint8_t>());
}

template <class T>
std::uint64_t word_of(T value) noexcept {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

template <class T, class RowAt>
void take_values(KeyRange& range, const T* values, std::size_t count, const RowAt& row_at) {
    T low = std::numeric_limits<T>::max();
    T high = std::numeric_limits<T>::min();
    for (std::size_t i = 0; i < count; ++i) {
        const T value = values[row_at(i)];
        low = std::min(low, value);
        high = std::max(high, value);
    }
    if (count != 0) range.take({static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)});
}

// Slots of rows from one part of their keys. A code is outside if it is not below `size`, which,
// sizes being small, is the sign of one of two differences: no comparison of unsigned words, which
// AVX2 has not.
template <bool kFirst, class T, class RowAt>
bool take_codes(const std::array<std::uint64_t, 4>& part,
                const T* values,
                std::size_t count,
                std::uint32_t* slots,
                const RowAt& row_at) {
    const auto [origin, size, step, least] = part;
    std::uint64_t outside = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t code = word_of(values[row_at(i)]) - origin;
        outside |= (code - least) | (size - 1 - code);
        if constexpr (kFirst) {
            slots[i] = static_cast<std::uint32_t>(code);
        } else {
            slots[i] += static_cast<std::uint32_t>(code) * static_cast<std::uint32_t>(step);
        }
    }
    return (outside & kSign) != 0;
}

// The same where some values are NULL.
template <class T>
bool take_nullable(const std::array<std::uint64_t, 4>& part,
                   const Column& column,
                   const T* values,
                   Selection rows,
                   std::uint32_t* slots) {
    const auto [origin, size, step, least] = part;
    bool is_outside = false;
    std::size_t i = 0;
    rows.for_each([&](std::size_t row) {
        std::uint64_t code = 0;
        if (!column.is_null(row)) {
            code = word_of(values[row]) - origin;
            is_outside |= code - least >= size - least;
        }
        const std::uint64_t before = step == 1 ? 0 : slots[i];
        slots[i++] = static_cast<std::uint32_t>(before + code * step);
    });
    return is_outside;
}

}  // namespace

void KeyRange::take(const Column& column, Selection rows) {
    with_integers(column, [&](const auto* values) {
        if (column.has_nulls()) {
            rows.for_each([&](std::size_t row) {
                if (!column.is_null(row)) take(static_cast<std::int64_t>(values[row]));
            });
        } else if (rows.is_range()) {
            const auto same = [](std::size_t i) { return i; };
            take_values(*this, values + rows.first(), rows.size(), same);
        } else {
            const std::uint16_t* const list = rows.rows().data();
            take_values(*this, values, rows.size(), [list](std::size_t i) { return list[i]; });
        }
    });
}

std::uint64_t DirectIndex::slots_for(std::span<const KeyRange> ranges) const noexcept {
    UInt128 slots = 1;
    for (std::size_t k = 0; k < ranges.size(); ++k) {
        if (ranges[k].empty()) continue;  // NULL alone.
        slots *= UInt128{ranges[k].distance()} + 1 + null_codes(k);
        if (slots > kSlotsMax) return kSlotsMax + 1;
    }
    return static_cast<std::uint64_t>(slots);
}

// A range with room for what may come: a part of what it has, on the sides where it has grown, and
// an eighth on both sides at first, for the keys that the first batch happens not to have.
KeyRange DirectIndex::widened(std::size_t part,
                              const KeyRange& range,
                              std::uint64_t divisor) const {
    const bool is_new = is_fresh_ || part >= part_count_ || ranges_[part].empty();
    if (range.empty()) return is_new ? range : ranges_[part];
    const std::uint64_t room = range.distance() / (is_new ? 8 : divisor) + 4;
    KeyRange wide = range;
    if (!is_new) wide.take(ranges_[part]);
    using Limits = std::numeric_limits<std::int64_t>;
    const auto below = static_cast<std::uint64_t>(range.low) - word_of(Limits::min());
    const auto above = word_of(Limits::max()) - static_cast<std::uint64_t>(range.high);
    if (is_new || range.low < ranges_[part].low)
        wide.low = static_cast<std::int64_t>(word_of(range.low) - std::min(room, below));
    if (is_new || range.high > ranges_[part].high)
        wide.high = static_cast<std::int64_t>(word_of(range.high) + std::min(room, above));
    return wide;
}

bool DirectIndex::cover(std::span<const KeyRange> ranges, std::uint64_t slots_max) {
    ASSERT(ranges.size() <= kPartsMax);
    slots_max = std::min(slots_max, kSlotsMax);
    if (slots_for(ranges) > slots_max) return false;
    std::array<KeyRange, kPartsMax> wide;
    const std::span<const KeyRange> with_room(wide.data(), ranges.size());
    bool has_room = false;
    for (const std::uint64_t divisor : {2U, 8U}) {
        for (std::size_t k = 0; k < ranges.size(); ++k)
            wide[k] = widened(k, ranges[k], divisor);
        has_room = slots_for(with_room) <= slots_max;
        if (has_room) break;
    }
    if (!has_room && ++tight_count_ > kTightMax) return false;
    open(has_room ? with_room : ranges);
    is_fresh_ = false;
    return true;
}

void DirectIndex::open(std::span<const KeyRange> ranges) {
    part_count_ = ranges.size();
    std::uint64_t step = 1;
    for (std::size_t k = 0; k < part_count_; ++k) {
        const KeyRange& range = ranges[k];
        ranges_[k] = range;
        // A part that has been NULL so far has that code alone.
        const std::uint64_t least = null_codes(k);
        parts_[k] =
            range.empty()
                ? Part{0, 1, step, 1}
                : Part{word_of(range.low) - least, range.distance() + 1 + least, step, least};
        step *= parts_[k].size;
    }
    const std::size_t bytes = step * sizeof(std::uint32_t);
    const bool is_roomy = bytes <= pages_.size() && bytes >= pages_.size() / 8;
    if (is_roomy) {
        std::memset(pages_.data(), 0, std::max(bytes, slot_count_ * sizeof(std::uint32_t)));
    } else {
        pages_.renew(bytes);
    }
    slot_count_ = step;
}

bool DirectIndex::take_part(const Part& part,
                            const Column& column,
                            Selection rows,
                            std::uint32_t* slots) {
    const std::array<std::uint64_t, 4> numbers = {part.origin, part.size, part.step, part.least};
    return with_integers(column, [&](const auto* values) {
        if (column.has_nulls()) return take_nullable(numbers, column, values, rows, slots);
        const auto take = [&](const auto* from, const auto& row_at) {
            return part.step == 1 ? take_codes<true>(numbers, from, rows.size(), slots, row_at)
                                  : take_codes<false>(numbers, from, rows.size(), slots, row_at);
        };
        if (rows.is_range()) return take(values + rows.first(), [](std::size_t i) { return i; });
        const std::uint16_t* const list = rows.rows().data();
        return take(values, [list](std::size_t i) { return list[i]; });
    });
}

DirectIndex::Found DirectIndex::find(std::span<const Column* const> columns,
                                     Selection rows,
                                     std::span<std::uint32_t> positions) const {
    ASSERT(columns.size() == part_count_);
    ASSERT(positions.size() == rows.size());
    std::uint32_t* const at = positions.data();
    bool is_outside = false;
    for (std::size_t k = 0; k < part_count_; ++k)
        is_outside |= take_part(parts_[k], *columns[k], rows, at);
    if (is_outside) return Found::kOutside;
    const std::uint32_t* const from = slots();
    std::uint32_t seen = 0;  // Positions are below 2^31: the sign is that of kAbsent.
    const std::size_t fetched = slot_count_ > kCachedSlotsMax ? rows.size() : 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kSlotsAhead < fetched) __builtin_prefetch(&from[at[i + kSlotsAhead]]);
        const std::uint32_t position = from[at[i]] - 1;
        seen |= position;
        at[i] = position;
    }
    return seen >> 31U != 0 ? Found::kAbsent : Found::kAll;
}

void DirectIndex::clear() noexcept {
    if (is_open()) std::memset(pages_.data(), 0, slot_count_ * sizeof(std::uint32_t));
    tight_count_ = 0;
    is_fresh_ = true;
}

void DirectIndex::release() noexcept {
    *this = DirectIndex(nullable_);
}

}  // namespace thalweg
