#include "ops/row_codec.h"

#include "ops/join_rows.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace thalweg {

namespace {

std::size_t cell_bytes(const Column& column, std::size_t row) {
    if (column.is_null(row)) return 1;
    std::size_t total = 1;
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            total += cell_bytes(column.child(i), row);
    } else if (column.physical() == Physical::kList) {
        const ListRef list = column.data<ListRef>()[row];
        total += 4;
        for (std::size_t i = 0; i < column.child_count(); ++i) {
            for (std::uint32_t k = 0; k < list.length; ++k)
                total += cell_bytes(column.child(i), list.offset + k);
        }
    } else if (column.physical() == Physical::kString) {
        total += 4 + column.data<StringRef>()[row].size();
    } else {
        total += physical_bytes(column.physical());
    }
    return total;
}

template <class T>
std::byte* put(std::byte* to, const T& value) noexcept {
    std::memcpy(to, &value, sizeof(T));
    return to + sizeof(T);
}

std::byte* put_text(std::byte* to, const StringRef& text) noexcept {
    to = put(to, text.size());
    if (text.size() != 0) std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

std::byte* put_cell(std::byte* to, const Column& column, std::size_t row) {
    const bool is_null = column.is_null(row);
    *to++ = is_null ? std::byte{1} : std::byte{0};
    if (is_null) return to;
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            to = put_cell(to, column.child(i), row);
    } else if (column.physical() == Physical::kList) {
        const ListRef list = column.data<ListRef>()[row];
        to = put(to, list.length);
        for (std::size_t i = 0; i < column.child_count(); ++i) {
            for (std::uint32_t k = 0; k < list.length; ++k)
                to = put_cell(to, column.child(i), list.offset + k);
        }
    } else if (column.physical() == Physical::kString) {
        to = put_text(to, column.data<StringRef>()[row]);
    } else {
        const std::size_t width = physical_bytes(column.physical());
        std::memcpy(to, column.bytes() + row * width, width);
        to += width;
    }
    return to;
}

template <class T>
const std::byte* get(const std::byte* from, T& value) noexcept {
    std::memcpy(&value, from, sizeof(T));
    return from + sizeof(T);
}

const std::byte* get_cell(const std::byte* from, Column& column, std::size_t row, Arena& arena);

const std::byte* get_list(const std::byte* from, Column& column, std::size_t row, Arena& arena) {
    std::uint32_t length = 0;
    from = get(from, length);
    const std::size_t first = column.child_rows();
    column.data<ListRef>()[row] = {static_cast<std::uint32_t>(first), length};
    for (std::size_t i = 0; i < column.child_count(); ++i) {
        column.child(i).reserve(first + length);
        for (std::uint32_t k = 0; k < length; ++k)
            from = get_cell(from, column.child(i), first + k, arena);
    }
    column.set_child_rows(first + length);
    return from;
}

const std::byte* get_cell(const std::byte* from, Column& column, std::size_t row, Arena& arena) {
    if (*from++ != std::byte{0}) {
        write_null(column, row);
        return from;
    }
    column.set_valid(row);
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            from = get_cell(from, column.child(i), row, arena);
        return from;
    }
    if (column.physical() == Physical::kList) return get_list(from, column, row, arena);
    return visit_physical(column.physical(), [&]<class T>() -> const std::byte* {
        if constexpr (std::is_same_v<T, StringRef>) {
            std::uint32_t size = 0;
            from = get(from, size);
            const std::string_view text(reinterpret_cast<const char*>(from), size);
            const bool is_short = size <= StringRef::kInlineMax;
            column.data<T>()[row] = StringRef(is_short ? text : arena.copy(text));
            return from + size;
        } else {
            return get(from, column.data<T>()[row]);
        }
    });
}

void add_sizes(const Column& column, Selection rows, std::uint32_t* sizes) {
    if (column.is_flat() && !column.has_nulls()) {
        const auto width = static_cast<std::uint32_t>(1 + physical_bytes(column.physical()));
        for (std::size_t i = 0; i < rows.size(); ++i)
            sizes[i] += width;
        return;
    }
    rows.for_each(
        [&](std::size_t row) { *sizes++ += static_cast<std::uint32_t>(cell_bytes(column, row)); });
}

void put_column(const Column& column, Selection rows, std::byte* bytes, std::uint32_t* cursors) {
    if (!column.is_flat() || column.has_nulls()) {
        rows.for_each([&](std::size_t row) {
            const std::byte* const end = put_cell(bytes + *cursors, column, row);
            *cursors++ = static_cast<std::uint32_t>(end - bytes);
        });
        return;
    }
    visit_physical(column.physical(), [&]<class T>() {
        const T* const values = column.data<T>();
        rows.for_each([&](std::size_t row) {
            std::byte* const to = bytes + *cursors;
            *to = std::byte{0};
            put(to + 1, values[row]);
            *cursors++ += static_cast<std::uint32_t>(1 + sizeof(T));
        });
    });
}

}  // namespace

void RowCodec::write(const BatchView& view, Selection rows) {
    const std::size_t count = rows.size();
    starts_.assign(count + 1, 0);
    for (const Column* const column : view.columns)
        add_sizes(*column, rows, starts_.data() + 1);
    for (std::size_t i = 0; i < count; ++i)
        starts_[i + 1] += starts_[i];
    bytes_.resize(std::max<std::size_t>(starts_[count], 1));
    cursors_.assign(starts_.begin(), starts_.end() - 1);
    for (const Column* const column : view.columns)
        put_column(*column, rows, bytes_.data(), cursors_.data());
}

void RowCodec::read(std::span<const std::byte> bytes,
                    std::size_t column_count,
                    Batch& batch,
                    std::size_t to,
                    std::size_t first_column) {
    const std::byte* from = bytes.data();
    for (std::size_t i = 0; i < column_count; ++i)
        from = get_cell(from, batch.column(first_column + i), to, batch.arena());
    DEBUG_ASSERT(from == bytes.data() + bytes.size());
}

void RowCodec::append_cell(std::string& out, const Column& column, std::size_t row) {
    const std::size_t size = out.size();
    out.resize(size + cell_bytes(column, row));
    put_cell(reinterpret_cast<std::byte*>(out.data() + size), column, row);
}

const std::byte* RowCodec::read_cell(const std::byte* from,
                                     Column& column,
                                     std::size_t row,
                                     Arena& arena) {
    return get_cell(from, column, row, arena);
}

}  // namespace thalweg
