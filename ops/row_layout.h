#pragma once

#include "ops/row_heap.h"
#include "state/base/hash.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

// Rows of a schema as bytes, one piece of memory each, for operators that keep rows in no order and
// lose them one by one.
//
// Shape of a row
//     +------+-----------+-------------+---------+------------+
//     | size | null bits | flat values | strings | long texts |
//     +------+-----------+-------------+---------+------------+
//   The values of flat columns lie one after the other, the widest first; strings are StringRefs
//   whose long texts lie behind them. ARRAY, MAP and ROW are strings too: their values written one
//   after the other. What is NULL is zero. So two rows are equal when their bytes up to the strings
//   are, and their strings.
// Lifetime  What unpack() gives borrows from the row.
// Threads   Immutable but for the scratch of pack(): one at a time.
class RowLayout {
  public:
    explicit RowLayout(const SchemaPtr& schema);

    // Packs the selected rows of a view into memory from `heap`: packed[i] is row rows[i]. The view
    // may have more columns than the schema; they are left out.
    void pack(const BatchView& view,
              Selection rows,
              RowHeap& heap,
              std::vector<std::byte*>& packed);

    static void give_back(RowHeap& heap, std::byte* row) noexcept {
        heap.give_back(row, size_of(row));
    }

    // Writes column `index` of the rows to rows 0 and on of `target`, which has no nulls yet; NULL
    // for a row that is nullptr. Strings are borrowed, elements of lists go into `arena`.
    void unpack(std::span<const std::byte* const> rows,
                std::size_t index,
                Column& target,
                Arena& arena) const;

    // Of a column of 64-bit integers that is not NULL.
    [[nodiscard]] std::int64_t int64_at(const std::byte* row, std::size_t index) const noexcept {
        std::int64_t value = 0;
        std::memcpy(&value, row + fields_[index].offset, sizeof value);
        return value;
    }

    [[nodiscard]] std::uint64_t hash(const std::byte* row, const HashSeed& seed) const noexcept;
    [[nodiscard]] bool equal(const std::byte* a, const std::byte* b) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }

    // Of a row without long texts.
    [[nodiscard]] std::size_t fixed_bytes() const noexcept { return fixed_bytes_; }

  private:
    struct Place {
        Type type;
        Physical physical = Physical::kInt64;
        std::size_t offset = 0;
        bool is_text = false;  // A StringRef, of a string or of what was written as one.
    };

    [[nodiscard]] static std::size_t size_of(const std::byte* row) noexcept;
    [[nodiscard]] static bool is_null(const std::byte* row, std::size_t index) noexcept;
    [[nodiscard]] StringRef text_at(const std::byte* row, std::size_t text) const noexcept;
    void find_texts(const BatchView& view, Selection rows);

    std::vector<Place> fields_;
    std::vector<std::size_t> texts_;  // Those of them that are texts.
    std::size_t texts_offset_ = 0;
    std::size_t fixed_bytes_ = 0;

    // Of pack().
    std::vector<std::vector<StringRef>> found_;  // [text][row]
    std::vector<std::size_t> sizes_;
    std::string written_;
    Arena arena_;
};

}  // namespace thalweg
