#include "ingest/row_transposer.h"

#include "ingest/text_cell.h"
#include "state/base/assertion.h"
#include "state/base/time.h"
#include "state/text/decimal.h"
#include "state/value_range.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>

namespace thalweg {

namespace {

// Rows that are taken apart before the next ones: with the columns they fit a first-level cache.
constexpr std::size_t kBlockRows = 64;

// How far ahead bytes are fetched; the processor's own prefetching stops at the end of each page.
// Rows of 32 bytes from memory, three fields, nanoseconds a row: 1.3 to 2.0 without, 1.4 at 4 KiB,
// 1.0 at 8 KiB, 1.05 at 32 KiB.
constexpr std::size_t kAheadBytes = 8 * 1024;

constexpr std::size_t kLineBytes = 64;

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// The loops below have one shape: no branch but the loop's, so that a value costs a load, a store
// and a check that is summed up and looked at once.

template <class Word, std::size_t field_count, std::size_t cold_lines>
void copy_fields(StridedRows rows,
                 std::span<const std::size_t> offsets,
                 std::span<std::byte* const> targets) {
    std::array<const char*, field_count> from;
    std::array<std::byte*, field_count> to;
    for (std::size_t k = 0; k < field_count; ++k) {
        from[k] = rows.first + offsets[k];
        to[k] = targets[k];
    }
    for (std::size_t i = 0; i < rows.count; ++i) {
        if constexpr (cold_lines > 0) __builtin_prefetch(from[0] + i * rows.stride + kAheadBytes);
        if constexpr (cold_lines > 1)
            __builtin_prefetch(from[field_count - 1] + i * rows.stride + kAheadBytes);
        for (std::size_t k = 0; k < field_count; ++k)
            std::memcpy(to[k] + i * sizeof(Word), from[k] + i * rows.stride, sizeof(Word));
    }
}

template <class Word, std::size_t field_count>
void copy_fields(std::size_t cold_lines,
                 StridedRows rows,
                 std::span<const std::size_t> offsets,
                 std::span<std::byte* const> targets) {
    switch (cold_lines) {
        case 0: copy_fields<Word, field_count, 0>(rows, offsets, targets); return;
        case 1: copy_fields<Word, field_count, 1>(rows, offsets, targets); return;
        default: copy_fields<Word, field_count, 2>(rows, offsets, targets); return;
    }
}

template <class Word>
void copy_fields(std::size_t cold_lines,
                 StridedRows rows,
                 std::span<const std::size_t> offsets,
                 std::span<std::byte* const> targets) {
    switch (offsets.size()) {
        case 1: copy_fields<Word, 1>(cold_lines, rows, offsets, targets); return;
        case 2: copy_fields<Word, 2>(cold_lines, rows, offsets, targets); return;
        case 3: copy_fields<Word, 3>(cold_lines, rows, offsets, targets); return;
        default: copy_fields<Word, 4>(cold_lines, rows, offsets, targets); return;
    }
}

template <class Raw, class T>
bool widen(StridedRows rows, T* target) {
    for (std::size_t i = 0; i < rows.count; ++i)
        target[i] = static_cast<T>(load<Raw>(rows.first + i * rows.stride));
    return true;
}

bool copy_booleans(StridedRows rows, std::uint8_t* target) {
    std::uint8_t all = 0;
    for (std::size_t i = 0; i < rows.count; ++i) {
        target[i] = load<std::uint8_t>(rows.first + i * rows.stride);
        all |= target[i];
    }
    return all <= 1;
}

bool are_times(std::span<const std::int32_t> values) {
    constexpr auto kMillisPerDay = static_cast<std::uint32_t>(kNanosPerDay / kNanosPerMilli);
    std::uint32_t max = 0;
    for (const std::int32_t value : values)
        max = std::max(max, static_cast<std::uint32_t>(value));
    return max < kMillisPerDay;
}

// Makes nanoseconds of units, unless one of them is beyond the range of instants. All values of a
// column leave their range behind.
bool scale_timestamps(Column& column, std::size_t first, std::size_t count, std::int64_t factor) {
    const ValueRange units = scale_values({column.data<std::int64_t>() + first, count}, factor);
    const std::int64_t units_max = std::numeric_limits<std::int64_t>::max() / factor;
    if (units.high > units_max || units.low < -units_max) return false;
    if (first == 0) column.set_range({units.low * factor, units.high * factor});
    return true;
}

template <class Raw>
bool copy_decimals(StridedRows rows, std::int32_t precision, Int128* target) {
    const Int128 end = power_of_ten(precision);
    bool fits = true;
    for (std::size_t i = 0; i < rows.count; ++i) {
        target[i] = load<Raw>(rows.first + i * rows.stride);
        fits &= target[i] < end && target[i] > -end;
    }
    return fits;
}

// Writes a text of up to `width` bytes, the zeros it ends with taken off, to `to` unless it fits
// its reference. A width that the compiler knows is copied by a load and a store or two.
StringRef own_text(const char* from, std::size_t width, char*& to) {
    if (from[width - 1] == '\0') [[unlikely]] {
        do
            --width;
        while (width > 0 && from[width - 1] == '\0');
    }
    if (width <= StringRef::kInlineMax) return StringRef({from, width});
    std::memcpy(to, from, width);
    const StringRef result({to, width});
    to += width;
    return result;
}

template <std::size_t width>
void own_bytes(StridedRows rows, StringRef* target, char*& to) {
    char* next = to;
    for (std::size_t i = 0; i < rows.count; ++i) {
        const char* const from = rows.first + i * rows.stride;
        if (from[width - 1] == '\0') [[unlikely]] {
            target[i] = own_text(from, width, next);
            continue;
        }
        std::memcpy(next, from, width);
        target[i] = StringRef({next, width});
        next += width;
    }
    to = next;
}

bool own_texts(const RawField& field, StridedRows rows, StringRef* target, char*& to) {
    const bool is_text = field.type.is_character();
    if (!is_text && field.layout.bytes == 16) {
        own_bytes<16>(rows, target, to);
        return true;
    }
    bool fits = true;
    for (std::size_t i = 0; i < rows.count; ++i) {
        target[i] = own_text(rows.first + i * rows.stride, field.layout.bytes, to);
        if (is_text) fits &= is_utf8(target[i].view());
    }
    return fits;
}

// The types whose values are not the bytes of the row.
bool convert(const RawField& field, StridedRows rows, Column& column, std::size_t row) {
    switch (field.type.kind) {
        case TypeKind::kBoolean: return copy_booleans(rows, column.data<std::uint8_t>() + row);
        case TypeKind::kTinyint: return widen<std::int8_t>(rows, column.data<std::int32_t>() + row);
        case TypeKind::kSmallint:
            return widen<std::int16_t>(rows, column.data<std::int32_t>() + row);
        default: break;
    }
    DEBUG_ASSERT(field.type.kind == TypeKind::kDecimal);
    Int128* const target = column.data<Int128>() + row;
    if (field.layout.bytes == sizeof(std::int64_t))
        return copy_decimals<std::int64_t>(rows, field.type.precision, target);
    return copy_decimals<Int128>(rows, field.type.precision, target);
}

// How many bytes are the value as it is, or may become it in place; 0 if they are not.
std::size_t copied_bytes(TypeKind kind) {
    switch (kind) {
        case TypeKind::kInt:
        case TypeKind::kDate:
        case TypeKind::kTime:
        case TypeKind::kFloat: return sizeof(std::int32_t);
        case TypeKind::kBigint:
        case TypeKind::kDouble:
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: return sizeof(std::int64_t);
        default: return 0;
    }
}

std::byte* address(Column& column, std::size_t row) {
    std::byte* found = nullptr;
    visit_physical(column.physical(), [&]<class T>() {
        found = reinterpret_cast<std::byte*>(column.data<T>() + row);
    });
    return found;
}

}  // namespace

RowTransposer::RowTransposer(std::vector<RawField> fields, std::size_t row_bytes)
    : row_bytes_(row_bytes) {
    std::stable_sort(fields.begin(), fields.end(), [](const RawField& a, const RawField& b) {
        return a.offset < b.offset;
    });
    add_groups(fields, sizeof(std::int64_t));
    add_groups(fields, sizeof(std::int32_t));
    for (RawField& field : fields) {
        const bool is_instant = field.type.is_timestamp();
        if (is_instant && field.layout.nanos_per_unit != 1) timestamps_.push_back(field);
        if (field.type.kind == TypeKind::kTime) times_.push_back(field);
        if (field.type.physical() == Physical::kString) {
            if (field.layout.bytes > StringRef::kInlineMax) text_bytes_ += field.layout.bytes;
            texts_.push_back(std::move(field));
        } else if (copied_bytes(field.type.kind) == 0) {
            others_.push_back(std::move(field));
        }
    }
}

void RowTransposer::add_groups(const std::vector<RawField>& fields, std::size_t width) {
    for (const RawField& field : fields) {
        if (copied_bytes(field.type.kind) != width) continue;
        const bool is_full = groups_.empty() || groups_.back().width != width ||
                             groups_.back().offsets.size() == kGroupFields;
        if (is_full) groups_.push_back({width, is_cold(field.offset) ? 1U : 0U, {}, {}});
        groups_.back().columns.push_back(field.column);
        groups_.back().offsets.push_back(field.offset);
        const std::size_t span = field.offset - groups_.back().offsets.front();
        if (span >= kLineBytes && groups_.back().cold_lines == 1) groups_.back().cold_lines = 2;
    }
}

// Whether no group fetches the line of this field yet.
bool RowTransposer::is_cold(std::size_t offset) const {
    return std::none_of(groups_.begin(), groups_.end(), [&](const Group& group) {
        return group.offsets.front() / kLineBytes == offset / kLineBytes;
    });
}

void RowTransposer::copy(const Group& group,
                         StridedRows rows,
                         Batch& batch,
                         std::size_t first_row) const {
    std::array<std::byte*, kGroupFields> addresses{};
    for (std::size_t k = 0; k < group.columns.size(); ++k)
        addresses[k] = address(batch.column(group.columns[k]), first_row);
    const std::span<std::byte* const> targets(addresses.data(), group.columns.size());
    if (group.width == sizeof(std::int64_t)) {
        copy_fields<std::int64_t>(group.cold_lines, rows, group.offsets, targets);
    } else {
        copy_fields<std::int32_t>(group.cold_lines, rows, group.offsets, targets);
    }
}

// The rows of one block, which all find in the first-level cache.
bool RowTransposer::take_apart(StridedRows rows,
                               Batch& batch,
                               std::size_t first_row,
                               char*& texts) const {
    for (const Group& group : groups_)
        copy(group, rows, batch, first_row);
    bool fits = true;
    for (const RawField& field : others_) {
        const StridedRows values{rows.first + field.offset, rows.stride, rows.count};
        fits &= convert(field, values, batch.column(field.column), first_row);
    }
    for (const RawField& field : texts_) {
        const StridedRows values{rows.first + field.offset, rows.stride, rows.count};
        auto* const target = batch.column(field.column).data<StringRef>() + first_row;
        fits &= own_texts(field, values, target, texts);
    }
    return fits;
}

bool RowTransposer::write(const char* rows,
                          std::size_t count,
                          Batch& batch,
                          std::size_t first_row) const {
    char* const texts = text_bytes_ == 0 ? nullptr : batch.arena().allocate(count * text_bytes_);
    char* texts_end = texts;
    bool fits = true;
    for (std::size_t i = 0; i < count; i += kBlockRows) {
        const std::size_t block = std::min(kBlockRows, count - i);
        const StridedRows part{rows + i * row_bytes_, row_bytes_, block};
        fits &= take_apart(part, batch, first_row + i, texts_end);
    }
    for (const RawField& field : timestamps_) {
        fits &= scale_timestamps(
            batch.column(field.column), first_row, count, field.layout.nanos_per_unit);
    }
    for (const RawField& field : times_) {
        const Column& column = batch.column(field.column);
        fits &= are_times({column.data<std::int32_t>() + first_row, count});
    }
    if (!fits) texts_end = texts;
    if (text_bytes_ != 0)
        batch.arena().give_back(count * text_bytes_ - static_cast<std::size_t>(texts_end - texts));
    return fits;
}

}  // namespace thalweg
