#include "ops/row_layout.h"

#include "ops/join_rows.h"
#include "state/base/assertion.h"
#include "state/base/bits.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace thalweg {

namespace {

constexpr std::size_t kSizeBytes = 8;
constexpr std::size_t kAhead = 16;  // Rows between the prefetch of a row and its use.

bool is_nested(Physical physical) {
    return physical == Physical::kList || physical == Physical::kRow;
}

template <class T>
void put(std::string& text, const T& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& text) {
    T value{};
    ASSERT(text.size() >= sizeof value);
    std::memcpy(&value, text.data(), sizeof value);
    text.remove_prefix(sizeof value);
    return value;
}

// A value behind a byte that says whether it is NULL: flat ones as they are, strings and lists
// behind their length, the fields of a ROW one after the other.
void write_value(const Column& column, std::size_t row, std::string& text) {
    put(text, static_cast<std::uint8_t>(column.is_null(row)));
    if (column.is_null(row)) return;
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            write_value(column.child(i), row, text);
    } else if (column.physical() == Physical::kList) {
        const ListRef list = column.data<ListRef>()[row];
        put(text, list.length);
        for (std::uint32_t k = 0; k < list.length; ++k) {
            for (std::size_t i = 0; i < column.child_count(); ++i)
                write_value(column.child(i), list.offset + k, text);
        }
    } else if (column.physical() == Physical::kString) {
        const StringRef value = column.data<StringRef>()[row];
        put(text, value.size());
        text.append(value.view());
    } else {
        visit_physical(column.physical(), [&]<class T>() { put(text, column.data<T>()[row]); });
    }
}

void read_value(std::string_view& text, Column& column, std::size_t row, Arena& arena) {
    if (take<std::uint8_t>(text) != 0) {
        write_null(column, row);
        return;
    }
    column.set_valid(row);
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            read_value(text, column.child(i), row, arena);
    } else if (column.physical() == Physical::kList) {
        const auto length = take<std::uint32_t>(text);
        const std::size_t first = column.child_rows();
        column.set_child_rows(first + length);
        column.data<ListRef>()[row] = {static_cast<std::uint32_t>(first), length};
        for (std::size_t i = 0; i < column.child_count(); ++i)
            column.child(i).reserve(first + length);
        for (std::uint32_t k = 0; k < length; ++k) {
            for (std::size_t i = 0; i < column.child_count(); ++i)
                read_value(text, column.child(i), first + k, arena);
        }
    } else if (column.physical() == Physical::kString) {
        const auto size = take<std::uint32_t>(text);
        column.data<StringRef>()[row] = StringRef(arena.copy(text.substr(0, size)));
        text.remove_prefix(size);
    } else {
        visit_physical(column.physical(),
                       [&]<class T>() { column.data<T>()[row] = take<T>(text); });
    }
}

template <class T>
void pack_flat(const Column& column,
               Selection rows,
               std::size_t offset,
               std::span<std::byte* const> packed) {
    const T* const values = column.data<T>();
    for (std::size_t i = 0; i < packed.size(); ++i) {
        const T value = column.is_null(rows[i]) ? T{} : values[rows[i]];
        std::memcpy(packed[i] + offset, &value, sizeof value);
    }
}

void mark_nulls(const Column& column,
                Selection rows,
                std::size_t index,
                std::span<std::byte* const> packed) {
    if (!column.has_nulls()) return;
    for (std::size_t i = 0; i < packed.size(); ++i) {
        if (!column.is_null(rows[i])) continue;
        packed[i][kSizeBytes + index / 8] |= static_cast<std::byte>(1U << (index % 8));
    }
}

// Without a NULL and with all rows there.
template <class T>
void unpack_values(std::span<const std::byte* const> rows, std::size_t offset, T* target) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) __builtin_prefetch(rows[i + kAhead] + offset);
        std::memcpy(target + i, rows[i] + offset, sizeof(T));
    }
}

}  // namespace

RowLayout::RowLayout(const SchemaPtr& schema) {
    std::size_t at = kSizeBytes + align_up((schema->size() + 7) / 8, 8);
    for (const Field& field : schema->fields) {
        const Physical physical = field.type.physical();
        const bool is_text = physical == Physical::kString || is_nested(physical);
        if (is_text) texts_.push_back(fields_.size());
        fields_.push_back({field.type, physical, 0, is_text});
    }
    for (const std::size_t width : std::array<std::size_t, 4>{16, 8, 4, 1}) {
        for (Place& field : fields_) {
            if (field.is_text || physical_bytes(field.physical) != width) continue;
            field.offset = at;
            at += width;
        }
    }
    texts_offset_ = align_up(at, 8);
    for (std::size_t i = 0; i < texts_.size(); ++i)
        fields_[texts_[i]].offset = texts_offset_ + i * sizeof(StringRef);
    fixed_bytes_ = texts_offset_ + texts_.size() * sizeof(StringRef);
    found_.resize(texts_.size());
}

std::size_t RowLayout::size_of(const std::byte* row) noexcept {
    std::uint64_t size = 0;
    std::memcpy(&size, row, sizeof size);
    return size;
}

bool RowLayout::is_null(const std::byte* row, std::size_t index) noexcept {
    return (static_cast<unsigned>(row[kSizeBytes + index / 8]) >> (index % 8) & 1U) != 0;
}

StringRef RowLayout::text_at(const std::byte* row, std::size_t text) const noexcept {
    StringRef value;
    std::memcpy(&value, row + texts_offset_ + text * sizeof value, sizeof value);
    return value;
}

// The texts of all rows, and from them how long the rows are.
void RowLayout::find_texts(const BatchView& view, Selection rows) {
    arena_.reset();
    sizes_.assign(rows.size(), fixed_bytes_);
    for (std::size_t text = 0; text < texts_.size(); ++text) {
        const Column& column = view[texts_[text]];
        std::vector<StringRef>& found = found_[text];
        found.assign(rows.size(), StringRef());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (column.is_null(rows[i])) continue;
            if (column.physical() == Physical::kString) {
                found[i] = column.data<StringRef>()[rows[i]];
            } else {
                written_.clear();
                write_value(column, rows[i], written_);
                found[i] = StringRef(arena_.copy(written_));
            }
            if (!found[i].is_inline()) sizes_[i] += found[i].size();
        }
    }
}

void RowLayout::pack(const BatchView& view,
                     Selection rows,
                     RowHeap& heap,
                     std::vector<std::byte*>& packed) {
    find_texts(view, rows);
    packed.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        packed[i] = heap.take(sizes_[i]);
        std::memcpy(packed[i], &sizes_[i], sizeof sizes_[i]);
        std::memset(packed[i] + kSizeBytes, 0, texts_offset_ - kSizeBytes);
    }
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        mark_nulls(view[index], rows, index, packed);
        const Place& field = fields_[index];
        if (field.is_text) continue;
        visit_physical(field.physical,
                       [&]<class T>() { pack_flat<T>(view[index], rows, field.offset, packed); });
    }
    if (texts_.empty()) return;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto* tail = reinterpret_cast<char*>(packed[i]) + fixed_bytes_;
        for (std::size_t text = 0; text < texts_.size(); ++text) {
            StringRef value = found_[text][i];
            if (!value.is_inline()) {
                std::memcpy(tail, value.data(), value.size());
                value = StringRef(std::string_view(tail, value.size()));
                tail += value.size();
            }
            std::memcpy(packed[i] + texts_offset_ + text * sizeof value, &value, sizeof value);
        }
    }
}

void RowLayout::unpack(std::span<const std::byte* const> rows,
                       std::size_t index,
                       Column& target,
                       Arena& arena) const {
    const Place& field = fields_[index];
    const auto is_missing = [](const std::byte* row) { return row == nullptr; };
    const bool is_whole = !field.type.nullable && !is_nested(field.physical) &&
                          std::none_of(rows.begin(), rows.end(), is_missing);
    if (is_whole) {
        visit_physical(field.physical,
                       [&]<class T>() { unpack_values(rows, field.offset, target.data<T>()); });
        return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size() && rows[i + kAhead] != nullptr)
            __builtin_prefetch(rows[i + kAhead] + field.offset);
        if (rows[i] == nullptr || is_null(rows[i], index)) {
            write_null(target, i);
            continue;
        }
        target.set_valid(i);
        if (is_nested(field.physical)) {
            StringRef value;
            std::memcpy(&value, rows[i] + field.offset, sizeof value);
            std::string_view text = value.view();
            read_value(text, target, i, arena);
            continue;
        }
        visit_physical(field.physical, [&]<class T>() {
            std::memcpy(target.data<T>() + i, rows[i] + field.offset, sizeof(T));
        });
    }
}

std::uint64_t RowLayout::hash(const std::byte* row, const HashSeed& seed) const noexcept {
    const auto* const first = reinterpret_cast<const char*>(row) + kSizeBytes;
    std::uint64_t hash = hash_bytes(seed, {first, texts_offset_ - kSizeBytes});
    for (std::size_t text = 0; text < texts_.size(); ++text) {
        const StringRef value = text_at(row, text);
        hash = hash_combine(seed, hash, hash_bytes(seed, value.view()));
    }
    return hash;
}

bool RowLayout::equal(const std::byte* a, const std::byte* b) const noexcept {
    if (std::memcmp(a, b, texts_offset_) != 0) return false;  // The size included.
    for (std::size_t text = 0; text < texts_.size(); ++text) {
        if (!(text_at(a, text) == text_at(b, text))) return false;
    }
    return true;
}

}  // namespace thalweg
