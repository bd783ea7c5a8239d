#include "ops/group_key.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kWordsMax = FlatTable::kKeyBytesMax / 8;

template <class T>
std::uint64_t word_of(T value) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
        return std::bit_cast<std::uint64_t>(static_cast<double>(value) + 0.0);  // -0.0 + 0.0 = 0.0
    } else {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    }
}

template <class T>
T from_word(std::uint64_t word) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        return static_cast<T>(std::bit_cast<double>(word));
    } else {
        return static_cast<T>(word);
    }
}

std::size_t words_of(const Type& type) {
    return type.physical() == Physical::kDecimal ? 2 : 1;
}

// The words of one value; the second for DECIMAL only.
struct Words {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

Words words_at(const Column& column, std::size_t row) {
    return visit_physical(column.physical(), [&]<class T>() -> Words {
        if constexpr (std::is_same_v<T, StringRef>) {
            return {};
        } else if constexpr (std::is_same_v<T, Int128>) {
            const auto bits = static_cast<UInt128>(column.data<T>()[row]);
            return {static_cast<std::uint64_t>(bits), static_cast<std::uint64_t>(bits >> 64U)};
        } else {
            return {word_of(column.data<T>()[row]), 0};
        }
    });
}

std::uint64_t word_in(const std::byte* words, std::size_t index) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, words + index * 8, sizeof word);
    return word;
}

// Words, or pairs of them, that lie `stride` bytes apart.
struct PackedWords {
    const std::byte* first;
    std::size_t stride;
    std::size_t count;
};

void set_words(Column& column, std::size_t first_row, const PackedWords& packed) {
    visit_physical(column.physical(), [&]<class T>() {
        if constexpr (!std::is_same_v<T, StringRef>) {
            T* const values = column.data<T>() + first_row;
            for (std::size_t i = 0; i < packed.count; ++i) {
                const std::byte* const from = packed.first + i * packed.stride;
                if constexpr (std::is_same_v<T, Int128>) {
                    std::memcpy(&values[i], from, sizeof(Int128));
                } else {
                    values[i] = from_word<T>(word_in(from, 0));
                }
            }
        }
    });
}

// Writes word `index` of each row's key, in one loop per column.
template <class WordAt>
void take_word(std::size_t index,
               std::size_t stride,
               GroupKey::Encoded& out,
               Selection rows,
               const WordAt& word_at) {
    if (rows.empty()) return;  // Then there may be no buffer.
    std::uint64_t* const keys = out.word_buffer.data() + index;
    std::size_t i = 0;
    rows.for_each([&](std::size_t row) { keys[i++ * stride] = word_at(row); });
}

std::uint64_t hash_key(const HashSeed& seed, const std::byte* words, std::size_t count) noexcept {
    std::uint64_t hash = hash_word(seed, word_in(words, 0));
    for (std::size_t k = 1; k < count; ++k)
        hash = hash_combine(seed, hash, word_in(words, k));
    return hash;
}

// Unrolled for the common widths, so that the chains of several rows run side by side.
template <std::size_t kWords>
void hash_keys(const HashSeed& seed, const std::byte* words, std::span<std::uint64_t> hashes) {
    const HashSeed local = seed;  // A copy the stores cannot alias: it stays in registers.
    for (std::size_t i = 0; i < hashes.size(); ++i)
        hashes[i] = hash_key(local, words + i * kWords * 8, kWords);
}

void append_bytes(std::string& out, const void* bytes, std::size_t size) {
    out.append(static_cast<const char*>(bytes), size);
}

void append_key(std::string& out, const Column& column, std::size_t row) {
    out.push_back(column.is_null(row) ? '\1' : '\0');
    if (column.is_null(row)) return;
    if (column.physical() == Physical::kString) {
        const StringRef& text = column.data<StringRef>()[row];
        const std::uint32_t size = text.size();
        append_bytes(out, &size, sizeof size);
        append_bytes(out, text.data(), size);
        return;
    }
    const Words words = words_at(column, row);
    append_bytes(out, &words, words_of(column.type()) * 8);
}

}  // namespace

GroupKey::GroupKey(std::vector<Type> types, const HashSeed& seed, Nulls nulls)
    : types_(std::move(types)),
      seed_(seed),
      is_aside_(types_.size() == 1 && nulls == Nulls::kAside) {
    std::size_t words = 0;
    bool any_null = false;
    is_direct_ = !types_.empty() && types_.size() <= DirectIndex::kPartsMax;
    for (const Type& type : types_) {
        const Physical physical = type.physical();
        ASSERT(physical != Physical::kList && physical != Physical::kRow);
        is_text_ |= physical == Physical::kString;
        is_direct_ &= DirectIndex::takes(physical);
        any_null |= type.nullable;
        words += words_of(type);
    }
    has_null_word_ = any_null && !is_aside_;
    is_plain_text_ = is_text_ && types_.size() == 1 && !has_null_word_;
    words += has_null_word_ ? 1 : 0;
    if (words > kWordsMax) is_text_ = true;
    words_ = words == 0 ? 1 : words;
}

void GroupKey::encode(std::span<const Column* const> columns, Selection rows, Encoded& out) const {
    ASSERT(columns.size() == types_.size());
    out.hash_buffer.resize(rows.size());
    if (is_text_) {
        encode_texts(columns, rows, out);
    } else {
        encode_words(columns, rows, out);
        hash_words(out);
    }
    out.hashes = out.hash_buffer;
}

void GroupKey::encode_words(std::span<const Column* const> columns,
                            Selection rows,
                            Encoded& out) const {
    const bool is_word = words_ == 1 && columns.size() == 1;
    if (is_word && rows.is_range() && types_[0].physical() == Physical::kInt64) {
        out.words =
            std::as_bytes(std::span(columns[0]->data<std::int64_t>() + rows.first(), rows.size()));
        return;
    }
    out.word_buffer.resize(rows.size() * words_);
    std::size_t index = 0;
    if (columns.empty()) take_word(0, words_, out, rows, [](std::size_t) { return 0U; });
    for (const Column* const column : columns)
        index = encode_column(*column, rows, index, out);
    if (has_null_word_) {
        take_word(index, words_, out, rows, [&](std::size_t row) {
            std::uint64_t nulls = 0;
            for (std::size_t k = 0; k < columns.size(); ++k)
                nulls |= std::uint64_t{columns[k]->is_null(row)} << k;
            return nulls;
        });
    }
    out.words = std::as_bytes(std::span(out.word_buffer));
}

void GroupKey::hash_words(Encoded& out) const {
    switch (words_) {
        case 1: hash_keys<1>(seed_, out.words.data(), out.hash_buffer); return;
        case 2: hash_keys<2>(seed_, out.words.data(), out.hash_buffer); return;
        case 3: hash_keys<3>(seed_, out.words.data(), out.hash_buffer); return;
        case 4: hash_keys<4>(seed_, out.words.data(), out.hash_buffer); return;
        case 5: hash_keys<5>(seed_, out.words.data(), out.hash_buffer); return;
        default: break;
    }
    for (std::size_t i = 0; i < out.hash_buffer.size(); ++i)
        out.hash_buffer[i] = hash_of(out.words.data() + i * words_ * 8);
}

std::uint64_t GroupKey::nullable() const noexcept {
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < types_.size() && k < 64; ++k)
        bits |= std::uint64_t{types_[k].nullable && !is_aside_} << k;
    return bits;
}

std::uint64_t GroupKey::hash_of(const std::byte* words) const noexcept {
    return hash_key(seed_, words, words_);
}

// Takes a column into word `index` of the keys, or two words from there; returns the next index.
std::size_t GroupKey::encode_column(const Column& column,
                                    Selection rows,
                                    std::size_t index,
                                    Encoded& out) const {
    visit_physical(column.physical(), [&]<class T>() {
        if constexpr (!std::is_same_v<T, StringRef>) {
            const T* const values = column.data<T>();
            const auto take = [&](const auto& word_at) {
                take_word(index++, words_, out, rows, word_at);
            };
            if constexpr (std::is_same_v<T, Int128>) {
                const auto part = [&](std::size_t row, unsigned shift) {
                    const auto bits = static_cast<UInt128>(values[row]) >> shift;
                    return column.is_null(row) ? 0 : static_cast<std::uint64_t>(bits);
                };
                take([&](std::size_t row) { return part(row, 0); });
                take([&](std::size_t row) { return part(row, 64); });
            } else if (column.has_nulls()) {
                take([&](std::size_t row) {
                    return column.is_null(row) ? 0 : word_of(values[row]);
                });
            } else {
                take([&](std::size_t row) { return word_of(values[row]); });
            }
        }
    });
    return index;
}

void GroupKey::encode_texts(std::span<const Column* const> columns,
                            Selection rows,
                            Encoded& out) const {
    out.text_buffer.resize(rows.size());
    out.arena.reset();
    std::string bytes;
    std::size_t i = 0;
    rows.for_each([&](std::size_t row) {
        if (is_plain_text_) {
            out.text_buffer[i] =
                columns[0]->is_null(row) ? StringRef() : columns[0]->data<StringRef>()[row];
        } else {
            bytes.clear();
            for (const Column* const column : columns)
                append_key(bytes, *column, row);
            out.text_buffer[i] = StringRef(out.arena.copy(bytes));
        }
        out.hash_buffer[i] = hash_bytes(seed_, out.text_buffer[i].view());
        ++i;
    });
    out.texts = out.text_buffer;
}

void GroupKey::decode(const std::byte* first,
                      std::size_t stride,
                      std::size_t count,
                      std::span<Column* const> columns,
                      std::size_t first_row,
                      Arena& arena) const {
    if (!is_text_) {
        decode_words(first, stride, count, columns, first_row);
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& key = *reinterpret_cast<const StringRef*>(first + i * stride);
        decode_text(key, columns, first_row + i, arena);
    }
}

void GroupKey::decode_words(const std::byte* first,
                            std::size_t stride,
                            std::size_t count,
                            std::span<Column* const> columns,
                            std::size_t first_row) const {
    std::size_t index = 0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
        Column& column = *columns[k];
        set_words(column, first_row, {first + index * 8, stride, count});
        index += words_of(types_[k]);
        if (!has_null_word_) {
            for (std::size_t i = 0; column.has_nulls() && i < count; ++i)
                column.set_valid(first_row + i);
            continue;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (((nulls_of(first + i * stride) >> k) & 1U) != 0) {
                column.set_null(first_row + i);
            } else {
                column.set_valid(first_row + i);
            }
        }
    }
}

void GroupKey::decode_text(const StringRef& key,
                           std::span<Column* const> columns,
                           std::size_t row,
                           Arena& arena) const {
    if (is_plain_text_) {
        columns[0]->data<StringRef>()[row] =
            key.is_inline() ? key : StringRef(arena.copy(key.view()));
        columns[0]->set_valid(row);
        return;
    }
    const char* at = key.data();
    for (Column* const column : columns) {
        if (*at++ != '\0') {
            column->set_null(row);
            if (column->physical() == Physical::kString) column->data<StringRef>()[row] = {};
            continue;
        }
        column->set_valid(row);
        if (column->physical() == Physical::kString) {
            std::uint32_t size = 0;
            std::memcpy(&size, at, sizeof size);
            at += sizeof size;
            column->data<StringRef>()[row] = StringRef(arena.copy({at, size}));
            at += size;
            continue;
        }
        Words words;
        std::memcpy(&words, at, words_of(column->type()) * 8);
        at += words_of(column->type()) * 8;
        set_words(*column, row, {reinterpret_cast<const std::byte*>(&words), 0, 1});
    }
}

}  // namespace thalweg
