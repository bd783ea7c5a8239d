#pragma once

#include "ops/group_key.h"
#include "ops/join_rows.h"
#include "state/flat_table.h"
#include "state/pages.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// Rows of one side of a window by key, made when the window fires.
//
// Shape
//   Keys of words: a head for each bucket, a power of two of them, at least 1.5 for each row; each
//   row links to the one before it in its bucket; keys lie in the order of the rows and are
//   compared. How many rows there are is known, so nothing grows and no row is looked up to be
//   inserted: 10 to 16 bytes a row beside its key.
//
//     heads | . | 7 | . | 4 |      next | - | - | 1 | - | 2 | ...      keys | k0 | k1 | k2 | ...
//
//   Keys with a string: a ByteTable to the last row of each key, rows of a key linked likewise.
//   Both give the rows of a key from the last to the first.
// Threads  One at a time.
class JoinIndex {
  public:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    // One key: the column on the indexed side, on the asking side, and whether NULL equals NULL.
    struct Key {
        std::size_t indexed = 0;
        std::size_t asking = 0;
        bool null_is_equal = false;
    };

    JoinIndex(std::vector<Key> keys, std::vector<Type> types, const HashSeed& seed);

    // Indexes rows, forgetting those before. Rows whose key has a NULL that equals nothing are left
    // out.
    void build(const JoinRows& rows);

    // The last indexed row that matches each row of a batch; kNone where there is none.
    void find(const Batch& batch, std::vector<std::uint32_t>& last);

    // The row before it with the same key, or kNone.
    [[nodiscard]] std::uint32_t next(std::uint32_t row) const noexcept;

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    // Rows between the prefetch of a bucket, that of its key, and the comparison.
    static constexpr std::size_t kAhead = 16;

    [[nodiscard]] Selection encode(const Batch& batch, bool is_indexed);
    void make_room(std::size_t rows);
    void link_words(std::size_t first_row, Selection selected);
    void link_texts(std::size_t first_row, Selection selected);
    void find_words(Selection selected, std::vector<std::uint32_t>& last);
    void find_texts(Selection selected, std::vector<std::uint32_t>& last);
    [[nodiscard]] bool equals(std::uint32_t row, const std::byte* key) const noexcept;

    // By the low bits: the high ones name the shard, so all rows here have some in common.
    [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const noexcept { return hash & mask_; }

    [[nodiscard]] std::uint32_t* heads() noexcept {
        return reinterpret_cast<std::uint32_t*>(head_pages_.data());
    }

    std::vector<Key> keys_;
    GroupKey key_;
    std::size_t key_bytes_;
    GroupKey::Encoded encoded_;
    Pages head_pages_;  // Row plus one; 0: none.
    Pages key_pages_;   // Of words: the key of each row.
    std::size_t mask_ = 0;
    std::optional<ByteTable> texts_;  // Likewise the row plus one.
    std::vector<std::uint32_t> next_;
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint16_t> rows_;
    std::vector<const Column*> columns_;
};

}  // namespace thalweg
