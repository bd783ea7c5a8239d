#include "engine/run/key_hash.h"

#include "state/base/assertion.h"
#include "state/column.h"
#include "state/string_ref.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace thalweg {

namespace {

constexpr std::uint64_t kNullWord = 0x9ae16a3b2f90404fULL;

std::uint64_t word_of(const HashSeed&, std::uint8_t value) {
    return value;
}

std::uint64_t word_of(const HashSeed&, std::int32_t value) {
    return static_cast<std::uint64_t>(std::int64_t{value});
}

std::uint64_t word_of(const HashSeed&, std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

std::uint64_t word_of(const HashSeed&, double value) {
    if (value == 0) value = 0;
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof word);
    return word;
}

std::uint64_t word_of(const HashSeed& seed, float value) {
    return word_of(seed, static_cast<double>(value));
}

std::uint64_t word_of(const HashSeed& seed, const Int128& value) {
    const UInt128 bits = static_cast<UInt128>(value);
    return hash_words(
        seed, static_cast<std::uint64_t>(bits), static_cast<std::uint64_t>(bits >> 64U));
}

std::uint64_t word_of(const HashSeed& seed, const StringRef& value) {
    return hash_bytes(seed, value.view());
}

// Of any value, ROW, ARRAY and MAP included, one at a time.
std::uint64_t word_at(const HashSeed& seed, const Column& column, std::size_t row) {
    if (column.is_null(row)) return kNullWord;
    std::uint64_t hash = column.child_count();
    if (column.physical() == Physical::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i)
            hash = hash_combine(seed, hash, word_at(seed, column.child(i), row));
        return hash;
    }
    if (column.physical() == Physical::kList) {
        const ListRef list = column.data<ListRef>()[row];
        hash = list.length;
        for (std::uint32_t k = 0; k < list.length; ++k) {
            for (std::size_t i = 0; i < column.child_count(); ++i)
                hash = hash_combine(seed, hash, word_at(seed, column.child(i), list.offset + k));
        }
        return hash;
    }
    visit_physical(column.physical(),
                   [&]<class T>() { hash = word_of(seed, column.data<T>()[row]); });
    return hash;
}

// Takes one column into the hashes: `fold(i, word)` for the i-th selected row.
template <class Fold>
void fold_column(const HashSeed& seed,
                 const Column& column,
                 const Selection& selection,
                 Fold&& fold) {
    std::size_t i = 0;
    if (column.physical() == Physical::kRow || column.physical() == Physical::kList) {
        selection.for_each([&](std::size_t row) { fold(i++, word_at(seed, column, row)); });
        return;
    }
    visit_physical(column.physical(), [&]<class T>() {
        const T* const values = column.data<T>();
        if (column.has_nulls()) {
            selection.for_each([&](std::size_t row) {
                fold(i++, column.is_null(row) ? kNullWord : word_of(seed, values[row]));
            });
        } else {
            selection.for_each([&](std::size_t row) { fold(i++, word_of(seed, values[row])); });
        }
    });
}

}  // namespace

void hash_keys(const BatchView& rows,
               std::span<const std::size_t> keys,
               const HashSeed& seed,
               std::span<std::uint64_t> hashes) {
    ASSERT(hashes.size() == rows.size());
    const HashSeed local = seed;  // A copy the stores cannot alias: it stays in registers.
    std::uint64_t* const out = hashes.data();
    if (keys.empty()) {
        for (std::uint64_t& hash : hashes)
            hash = hash_word(local, kNullWord);
        return;
    }
    const Column& first = rows[keys[0]];
    const bool is_plain = first.physical() == Physical::kInt64 && !first.has_nulls();
    if (is_plain && rows.selection.is_range()) {
        hash_column(
            local, {first.data<std::int64_t>() + rows.selection.first(), rows.size()}, hashes);
    } else {
        fold_column(local, first, rows.selection, [&](std::size_t i, std::uint64_t word) {
            out[i] = hash_word(local, word);
        });
    }
    for (std::size_t k = 1; k < keys.size(); ++k) {
        fold_column(local, rows[keys[k]], rows.selection, [&](std::size_t i, std::uint64_t word) {
            out[i] = hash_combine(local, out[i], word);
        });
    }
}

}  // namespace thalweg
