#pragma once

#include "state/batch.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

// Rows to bytes and back: what an operator keeps of a row that it may have to give, or to find,
// by its values.
//
// Shape
//   For each column a byte, 1 for NULL, else 0 and the value: fixed widths as they lie in memory,
//   strings behind their length in four bytes, lists likewise, element by element, rows field by
//   field. Equal values have equal bytes but for -0.0 and 0.0, and NaNs, which are told apart by
//   their bits.
// Lifetime  Rows written are good until the next write().
// Threads   One at a time.
class RowCodec {
  public:
    // Encodes all columns of the rows of a view; row(i) is the i-th selected one.
    void write(const BatchView& view, Selection rows);

    [[nodiscard]] std::span<const std::byte> row(std::size_t i) const noexcept {
        return {bytes_.data() + starts_[i], starts_[i + 1] - starts_[i]};
    }

    // Decodes one row into row `to` of some columns of a batch, as many as were encoded. Long
    // strings are copied into the batch's arena. Does not set its size.
    static void read(std::span<const std::byte> bytes,
                     std::size_t column_count,
                     Batch& batch,
                     std::size_t to,
                     std::size_t first_column = 0);

    // The same for one value: appends it to `out`; reads one, and returns what lies behind it.
    static void append_cell(std::string& out, const Column& column, std::size_t row);
    [[nodiscard]] static const std::byte* read_cell(const std::byte* from,
                                                    Column& column,
                                                    std::size_t row,
                                                    Arena& arena);

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return bytes_.capacity() + (starts_.capacity() + cursors_.capacity()) * 4;
    }

  private:
    std::vector<std::byte> bytes_;
    std::vector<std::uint32_t> starts_;  // Of each row, and the end of the last.
    std::vector<std::uint32_t> cursors_;
};

}  // namespace thalweg
