#include "ingest/row_transposer.h"

#include "ingest/text_cell.h"
#include "state/base/assertion.h"
#include "state/base/time.h"
#include "state/text/decimal.h"
#include "state/value_range.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace thalweg {

namespace {

// Bytes of rows that are taken apart before the next ones, where it takes more than one pass: with
// the columns they fit a first-level cache.
constexpr std::size_t kBlockBytes = 8 * 1024;

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

// Copies fields as they are: `wide` of eight bytes and then `narrow` of four.
template <std::size_t wide, std::size_t narrow, std::size_t cold_lines>
void copy_fields(const RowTransposer::Pass& pass, StridedRows rows, std::byte* const* targets) {
    std::array<std::size_t, wide + narrow> offsets;
    std::array<std::byte*, wide + narrow> to;
    for (std::size_t k = 0; k < wide + narrow; ++k) {
        offsets[k] = pass.offsets[k];
        to[k] = targets[k];
    }
    const std::size_t first_cold = pass.cold_offsets[0] + kAheadBytes;
    const std::size_t last_cold = pass.cold_offsets[1] + kAheadBytes;
    const char* row = rows.first;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < rows.count; ++i) {
        if constexpr (cold_lines > 0) __builtin_prefetch(row + first_cold);
        if constexpr (cold_lines > 1) __builtin_prefetch(row + last_cold);
        for (std::size_t k = 0; k < wide; ++k)
            std::memcpy(to[k] + i * 8, row + offsets[k], 8);
        for (std::size_t k = wide; k < wide + narrow; ++k)
            std::memcpy(to[k] + i * 4, row + offsets[k], 4);
        row += rows.stride;
    }
}

using CopyFields = RowTransposer::CopyFields;

// At index w * (kPassFields + 1) + n the function for w wide and n narrow fields, if there is one.
template <std::size_t cold_lines, std::size_t... index>
constexpr std::array<CopyFields, sizeof...(index)> copies_of(std::index_sequence<index...>) {
    constexpr std::size_t kCounts = RowTransposer::kPassFields + 1;
    return {[] {
        constexpr std::size_t kWide = index / kCounts;
        constexpr std::size_t kNarrow = index % kCounts;
        if constexpr (kWide + kNarrow == 0 || kWide + kNarrow > RowTransposer::kPassFields) {
            return CopyFields{nullptr};
        } else {
            return CopyFields{copy_fields<kWide, kNarrow, cold_lines>};
        }
    }()...};
}

CopyFields copy_of(std::size_t wide, std::size_t narrow, std::size_t cold_lines) {
    constexpr std::size_t kCounts = RowTransposer::kPassFields + 1;
    constexpr auto kIndexes = std::make_index_sequence<kCounts * kCounts>();
    static constexpr std::array kCopies = {
        copies_of<0>(kIndexes), copies_of<1>(kIndexes), copies_of<2>(kIndexes)};
    return kCopies[cold_lines][wide * kCounts + narrow];
}

// Row i of the target from the i-th of the rows of `stride` bytes.
template <std::size_t width>
void copy_some(const char* from,
               std::size_t stride,
               std::span<const std::uint16_t> rows,
               std::byte* to) {
    for (const std::uint16_t row : rows)
        std::memcpy(to + row * width, from + row * stride, width);
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

// Row row_at(i) of the target from that of the rows, for each i below `count`.
template <std::size_t width, class RowAt>
void own_bytes(StridedRows rows, const RowAt& row_at, StringRef* target, char*& to) {
    char* next = to;
    for (std::size_t i = 0; i < rows.count; ++i) {
        const std::size_t row = row_at(i);
        const char* const from = rows.first + row * rows.stride;
        if (from[width - 1] == '\0') [[unlikely]] {
            target[row] = own_text(from, width, next);
            continue;
        }
        std::memcpy(next, from, width);
        target[row] = StringRef({next, width});
        next += width;
    }
    to = next;
}

bool own_texts(const RawField& field, StridedRows rows, StringRef* target, char*& to) {
    const bool is_text = field.type.is_character();
    if (!is_text && field.layout.bytes == 16) {
        const auto same = [](std::size_t i) { return i; };
        own_bytes<16>(rows, same, target, to);
        return true;
    }
    bool fits = true;
    for (std::size_t i = 0; i < rows.count; ++i) {
        const char* const from = rows.first + i * rows.stride;
        target[i] = own_text(from, field.layout.bytes, to);
        // In the rows, behind which there are bytes to read past the end.
        if (is_text) fits &= is_utf8({from, target[i].size()});
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
    add_passes(fields);
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
    const std::size_t passes = passes_.size() + others_.size() + texts_.size();
    block_rows_ = passes == 1 ? kBatchRows : std::max(kBlockBytes / row_bytes_, std::size_t{1});
}

// Fields go into passes as they lie in the row.
void RowTransposer::add_passes(const std::vector<RawField>& fields) {
    std::vector<RawField> copied;
    std::copy_if(
        fields.begin(), fields.end(), std::back_inserter(copied), [](const RawField& field) {
            return copied_bytes(field.type.kind) != 0;
        });
    for (std::size_t first = 0; first < copied.size(); first += kPassFields) {
        const std::size_t count = std::min(kPassFields, copied.size() - first);
        add_pass(std::span(copied).subspan(first, count));
    }
}

void RowTransposer::add_pass(std::span<RawField> fields) {
    Pass pass;
    pass.cold_offsets = {fields.front().offset, fields.back().offset};
    const bool is_far = pass.cold_offsets[1] - pass.cold_offsets[0] >= kLineBytes;
    const std::size_t cold_lines = !is_cold(fields.front().offset) ? 0 : is_far ? 2 : 1;
    const auto narrow =
        std::stable_partition(fields.begin(), fields.end(), [](const RawField& field) {
            return copied_bytes(field.type.kind) == sizeof(std::int64_t);
        });
    for (const RawField& field : fields) {
        pass.columns[pass.count] = field.column;
        pass.offsets[pass.count++] = field.offset;
    }
    pass.wide_count = static_cast<std::size_t>(narrow - fields.begin());
    pass.copy = copy_of(pass.wide_count, pass.count - pass.wide_count, cold_lines);
    passes_.push_back(pass);
}

// Whether no pass fetches the line of this field yet.
bool RowTransposer::is_cold(std::size_t offset) const {
    return std::none_of(passes_.begin(), passes_.end(), [&](const Pass& pass) {
        return pass.cold_offsets[0] / kLineBytes == offset / kLineBytes;
    });
}

void RowTransposer::copy(const Pass& pass, StridedRows rows, Batch& batch, std::size_t first_row) {
    std::array<std::byte*, kPassFields> targets{};
    for (std::size_t k = 0; k < pass.count; ++k)
        targets[k] = address(batch.column(pass.columns[k]), first_row);
    pass.copy(pass, rows, targets.data());
}

// The rows of one block, which all find in the first-level cache.
bool RowTransposer::take_apart(StridedRows rows,
                               Batch& batch,
                               std::size_t first_row,
                               char*& texts) const {
    for (const Pass& pass : passes_)
        copy(pass, rows, batch, first_row);
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
    for (std::size_t i = 0; i < count; i += block_rows_) {
        const std::size_t block = std::min(block_rows_, count - i);
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

bool RowTransposer::any_bytes(const RawField& field) {
    if (field.type.physical() == Physical::kString) return field.type.is_binary();
    const bool is_checked = field.type.kind == TypeKind::kTime ||
                            (field.type.is_timestamp() && field.layout.nanos_per_unit != 1);
    return copied_bytes(field.type.kind) != 0 && !is_checked;
}

void RowTransposer::write_some(const char* records, Selection rows, Batch& batch) const {
    if (rows.empty()) return;
    constexpr std::size_t kDenseFactor = 2;  // One row of two costs as much as both.
    const std::size_t first = rows[0];
    const std::size_t span = rows[rows.size() - 1] + 1 - first;
    if (rows.is_range() || rows.size() * kDenseFactor > span) {
        const bool fits = write(records + first * row_bytes_, span, batch, first);
        ASSERT(fits);
        return;
    }
    for (const Pass& pass : passes_) {
        for (std::size_t k = 0; k < pass.count; ++k) {
            std::byte* const target = address(batch.column(pass.columns[k]), 0);
            const char* const from = records + pass.offsets[k];
            if (k < pass.wide_count) {
                copy_some<8>(from, row_bytes_, rows.rows(), target);
            } else {
                copy_some<4>(from, row_bytes_, rows.rows(), target);
            }
        }
    }
    const std::size_t room = rows.size() * text_bytes_;
    char* const texts = room == 0 ? nullptr : batch.arena().allocate(room);
    char* texts_end = texts;
    const auto row_at = [list = rows.rows().data()](std::size_t i) { return std::size_t{list[i]}; };
    for (const RawField& field : texts_) {
        auto* const target = batch.column(field.column).data<StringRef>();
        const StridedRows values{records + field.offset, row_bytes_, rows.size()};
        if (field.layout.bytes == 16) {
            own_bytes<16>(values, row_at, target, texts_end);
            continue;
        }
        for (const std::uint16_t row : rows.rows())
            target[row] = own_text(values.first + row * row_bytes_, field.layout.bytes, texts_end);
    }
    if (room != 0) batch.arena().give_back(room - static_cast<std::size_t>(texts_end - texts));
}

}  // namespace thalweg
