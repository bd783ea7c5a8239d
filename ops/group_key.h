#pragma once

#include "state/base/hash.h"
#include "state/batch.h"
#include "state/direct_index.h"
#include "state/flat_table.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace thalweg {

// The keys of a GROUP BY or a join as bytes that a table can compare, and their hashes.
//
// Shape
//   Words    All keys of fixed width, 64 bytes in sum: a word for each (two for a DECIMAL), behind
//            them a word with a bit for each key that is NULL, if any can be. For FlatTable.
//   Text     Anything with a string: one key alone is itself, several are written one after the
//            other, each behind a byte that says whether it is NULL, strings behind their length.
//            For ByteTable.
//   With Nulls::kAside a single key is stored as it is and its NULL handled by whoever holds the
//   table (null_is_aside()): 8 bytes for a nullable BIGINT, not 16.
//   -0.0 is 0.0 and all NaNs are one, so that equal keys have equal bytes.
// Lifetime  Encoded keys are good until the next encode() with the same scratch, and borrow strings
//           from the view.
class GroupKey {
  public:
    // Where encode() writes: one per operator, reused.
    struct Encoded {
        std::span<const std::byte> words;  // Of word keys, packed, one per row.
        std::span<const StringRef> texts;  // Of text keys.
        std::span<const std::uint64_t> hashes;

        std::vector<std::uint64_t> word_buffer;
        std::vector<std::uint64_t> hash_buffer;
        std::vector<StringRef> text_buffer;
        std::vector<std::uint16_t> absent_rows;  // Of GroupDictionary.
        Arena arena;
    };

    enum class Nulls : std::uint8_t { kAside, kInside };

    GroupKey(std::vector<Type> types, const HashSeed& seed, Nulls nulls = Nulls::kAside);

    [[nodiscard]] bool is_text() const noexcept { return is_text_; }

    [[nodiscard]] bool null_is_aside() const noexcept { return is_aside_; }

    [[nodiscard]] std::size_t size() const noexcept { return types_.size(); }

    [[nodiscard]] const std::vector<Type>& types() const noexcept { return types_; }

    // Whether all keys are integers, few enough for a DirectIndex: then encoded key k is word k.
    [[nodiscard]] bool is_direct() const noexcept { return is_direct_; }

    // Bit k: encoded key k may be NULL.
    [[nodiscard]] std::uint64_t nullable() const noexcept;

    // Bytes of a word key; a multiple of 8, and 8 for no keys at all.
    [[nodiscard]] std::size_t key_bytes() const noexcept { return words_ * 8; }

    // Encodes the keys of `rows`: columns[i] holds key i.
    void encode(std::span<const Column* const> columns, Selection rows, Encoded& out) const;

    // The same without hashes: the words of keys that are not text.
    void encode_words(std::span<const Column* const> columns, Selection rows, Encoded& out) const;

    // The hash of packed words, as encode() computes it.
    [[nodiscard]] std::uint64_t hash_of(const std::byte* words) const noexcept;

    // Which keys are NULL, by the packed words: bit k for key k.
    [[nodiscard]] std::uint64_t nulls_of(const std::byte* words) const noexcept {
        std::uint64_t nulls = 0;
        if (has_null_word_) std::memcpy(&nulls, words + (words_ - 1) * 8, 8);
        return nulls;
    }

    // Writes key columns from encoded keys, packed word keys or StringRefs that lie `stride` bytes
    // apart from `first` on: rows [first_row, first_row + count). Strings are copied into `arena`.
    void decode(const std::byte* first,
                std::size_t stride,
                std::size_t count,
                std::span<Column* const> columns,
                std::size_t first_row,
                Arena& arena) const;

  private:
    void hash_words(Encoded& out) const;
    [[nodiscard]] std::size_t encode_column(const Column& column,
                                            Selection rows,
                                            std::size_t index,
                                            Encoded& out) const;
    void encode_texts(std::span<const Column* const> columns, Selection rows, Encoded& out) const;
    void decode_words(const std::byte* first,
                      std::size_t stride,
                      std::size_t count,
                      std::span<Column* const> columns,
                      std::size_t first_row) const;
    void decode_text(const StringRef& key,
                     std::span<Column* const> columns,
                     std::size_t row,
                     Arena& arena) const;

    std::vector<Type> types_;
    HashSeed seed_;
    std::size_t words_ = 1;
    bool is_text_ = false;
    bool has_null_word_ = false;
    bool is_aside_ = false;
    bool is_plain_text_ = false;  // One string that is its own key.
    bool is_direct_ = false;
};

}  // namespace thalweg
