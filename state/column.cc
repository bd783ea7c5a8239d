#include "state/column.h"

#include "state/base/bits.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kAlignment = 64;

// Zeroed, so that values under nulls are initialised, and a line longer than asked for, so that
// vector loops may read a whole register at the end.
std::byte* allocate_values(std::size_t bytes) {
    const std::size_t size = align_up(bytes + kAlignment, kAlignment);
    void* const block = std::aligned_alloc(kAlignment, size);
    if (block == nullptr) throw std::bad_alloc();
    std::memset(block, 0, size);
    return static_cast<std::byte*>(block);
}

std::size_t words_for(std::size_t rows) {
    return (rows + 63) / 64;
}

template <class T>
void gather(T* target, const T* source, std::span<const std::uint16_t> rows) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        target[i] = source[rows[i]];
}

StringRef copy_string(const StringRef& text, Arena& arena) {
    return text.is_inline() ? text : StringRef(arena.copy(text.view()));
}

}  // namespace

void Column::AlignedFree::operator()(void* pointer) const noexcept {
    std::free(pointer);
}

Column::Column(Type type, std::size_t capacity)
    : type_(std::move(type)), physical_(type_.physical()), capacity_(align_up(capacity, 64)) {
    values_.reset(allocate_values(capacity_ * physical_bytes(physical_)));
    if (type_.fields == nullptr) return;
    children_.reserve(type_.fields->size());
    for (const Field& field : *type_.fields)
        children_.emplace_back(field.type, capacity_);
}

std::uint64_t* Column::make_validity() {
    if (has_nulls_) return validity_.get();
    if (validity_ == nullptr)
        validity_ = std::make_unique_for_overwrite<std::uint64_t[]>(words_for(capacity_));
    std::fill_n(validity_.get(), words_for(capacity_), ~std::uint64_t{0});
    has_nulls_ = true;
    return validity_.get();
}

void Column::reserve(std::size_t rows) {
    if (rows <= capacity_) return;
    const std::size_t capacity = align_up(std::max(rows, capacity_ * 2), 64);
    const std::size_t width = physical_bytes(physical_);
    std::byte* const values = allocate_values(capacity * width);
    std::memcpy(values, values_.get(), capacity_ * width);
    values_.reset(values);
    if (validity_ != nullptr) {
        auto validity = std::make_unique_for_overwrite<std::uint64_t[]>(words_for(capacity));
        std::fill_n(validity.get(), words_for(capacity), ~std::uint64_t{0});
        std::copy_n(validity_.get(), words_for(capacity_), validity.get());
        validity_ = std::move(validity);
    }
    capacity_ = capacity;
    if (physical_ != Physical::kRow) return;
    for (Column& field : children_)
        field.reserve(rows);
}

void Column::clear() noexcept {
    has_nulls_ = false;
    has_range_ = false;
    child_rows_ = 0;
    for (Column& field : children_)
        field.clear();
}

void Column::copy_row(std::size_t row, const Column& from, std::size_t from_row, Arena& arena) {
    DEBUG_ASSERT(physical_ == from.physical_);
    DEBUG_ASSERT(row < capacity_);
    if (from.is_null(from_row)) {
        set_null(row);
        if (physical_ == Physical::kList) data<ListRef>()[row] = {};
        return;
    }
    set_valid(row);
    if (physical_ == Physical::kRow) {
        for (std::size_t i = 0; i < children_.size(); ++i)
            children_[i].copy_row(row, from.children_[i], from_row, arena);
    } else if (physical_ == Physical::kList) {
        const ListRef list = from.data<ListRef>()[from_row];
        data<ListRef>()[row] = {static_cast<std::uint32_t>(child_rows_), list.length};
        for (std::size_t i = 0; i < children_.size(); ++i) {
            children_[i].reserve(child_rows_ + list.length);
            for (std::uint32_t k = 0; k < list.length; ++k)
                children_[i].copy_row(child_rows_ + k, from.children_[i], list.offset + k, arena);
        }
        child_rows_ += list.length;
    } else if (physical_ == Physical::kString) {
        data<StringRef>()[row] = copy_string(from.data<StringRef>()[from_row], arena);
    } else {
        const std::size_t width = physical_bytes(physical_);
        has_range_ = false;
        std::memcpy(values_.get() + row * width, from.values_.get() + from_row * width, width);
    }
}

void Column::copy_rows(std::size_t first_row,
                       const Column& from,
                       std::span<const std::uint16_t> rows,
                       Arena& arena) {
    DEBUG_ASSERT(first_row + rows.size() <= capacity_);
    if (physical_ == Physical::kRow || physical_ == Physical::kList) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            copy_row(first_row + i, from, rows[i], arena);
        return;
    }
    visit_physical(physical_,
                   [&]<class T>() { gather(data<T>() + first_row, from.data<T>(), rows); });
    if (physical_ == Physical::kString) {
        StringRef* const strings = data<StringRef>() + first_row;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (from.is_null(rows[i])) {
                strings[i] = {};
            } else {
                strings[i] = copy_string(strings[i], arena);
            }
        }
    }
    for (std::size_t i = 0; i < rows.size() && (from.has_nulls() || has_nulls_); ++i) {
        if (from.is_null(rows[i])) {
            set_null(first_row + i);
        } else {
            set_valid(first_row + i);
        }
    }
}

void Column::copy_range(std::size_t first_row,
                        const Column& from,
                        std::size_t from_row,
                        std::size_t count,
                        Arena& arena) {
    DEBUG_ASSERT(first_row + count <= capacity_);
    if (is_flat() && !from.has_nulls() && !has_nulls_) {
        const std::size_t width = physical_bytes(physical_);
        std::memcpy(values_.get() + first_row * width,
                    from.values_.get() + from_row * width,
                    count * width);
        has_range_ = false;
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        copy_row(first_row + i, from, from_row + i, arena);
}

std::size_t Column::memory_bytes() const noexcept {
    std::size_t total = capacity_ * physical_bytes(physical_);
    if (validity_ != nullptr) total += words_for(capacity_) * sizeof(std::uint64_t);
    for (const Column& field : children_)
        total += field.memory_bytes();
    return total;
}

}  // namespace thalweg
