#pragma once

#include "state/batch.h"
#include "state/raw_layout.h"
#include "state/type.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// A column of a batch and where a row of fixed width (state/raw_layout.h) holds its value.
struct RawField {
    std::size_t column;
    std::size_t offset;
    Type type;
    RawLayout layout;
};

// `count` things, `stride` bytes apart.
struct StridedRows {
    const char* first;
    std::size_t stride;
    std::size_t count;
};

// Takes rows of fixed width apart into columns.
//
// Shape  Values that are the same bytes in the column as in the row are copied up to four fields at
//        once, in one loop for each number of fields of eight and of four bytes. Rows that need
//        more passes are taken 8 KiB at a time, so that they come from memory once and every
//        further pass finds them in the first-level cache. Timestamps are then scaled and times
//        checked where they lie. The other types take a loop of their own each. Texts are copied to
//        one stretch of the batch's arena, reserved at once.
// Cost   Zen 5, rows of 32 bytes, three fields of 8 bytes: 1.0 ns a row from memory (which alone
//        takes 0.9) and 0.6 from the third-level cache; one pass per field took 1.6 and 1.07.
//        Rows of 64 bytes, three fields: 2.2 from memory (alone 1.9). In-register transposing of
//        four rows saved 0.1 from the cache, nothing from memory, and fitted few layouts. A pass
//        for each width, 64 rows at a time and one a turn, made a query over a timestamp and a
//        FLOAT of 32-byte rows take 3.9 ns a row instead of 3.15.
// Threads  Immutable.
class RowTransposer {
  public:
    RowTransposer(std::vector<RawField> fields, std::size_t row_bytes);

    // Writes `count` rows, which begin at `rows` and are followed by kDecodePadding readable bytes,
    // from `first_row` of the batch on. Returns whether all their values can be; if not, none may
    // be used. Long texts are copied into the batch's arena, which does not grow if the answer is
    // no.
    [[nodiscard]] bool write(const char* rows,
                             std::size_t count,
                             Batch& batch,
                             std::size_t first_row) const;

    // The same for fields of any_bytes() alone: only the rows of `rows`, row i of the batch from
    // the i-th of `records`.
    void write_some(const char* records, Selection rows, Batch& batch) const;

    // Whether whatever bytes are in the row are a value.
    [[nodiscard]] static bool any_bytes(const RawField& field);

    static constexpr std::size_t kPassFields = 4;

    struct Pass;
    using CopyFields = void (*)(const Pass&, StridedRows, std::byte* const* targets);

    // Fields that are copied at once: those of eight bytes, then those of four.
    struct Pass {
        CopyFields copy = nullptr;
        std::size_t count = 0;
        std::size_t wide_count = 0;  // Of eight bytes.
        std::array<std::size_t, kPassFields> columns{};
        std::array<std::size_t, kPassFields> offsets{};
        // Of the first field in the row and the last: lines whose bytes to come are fetched, as far
        // as no pass before it does.
        std::array<std::size_t, 2> cold_offsets{};
    };

  private:
    void add_passes(const std::vector<RawField>& fields);
    void add_pass(std::span<RawField> fields);
    [[nodiscard]] bool is_cold(std::size_t offset) const;
    [[nodiscard]] bool take_apart(StridedRows rows,
                                  Batch& batch,
                                  std::size_t first_row,
                                  char*& texts) const;
    static void copy(const Pass& pass, StridedRows rows, Batch& batch, std::size_t first_row);

    std::vector<Pass> passes_;
    std::vector<RawField> timestamps_;  // To be scaled.
    std::vector<RawField> times_;       // To be checked.
    std::vector<RawField> others_;      // Converted one by one.
    std::vector<RawField> texts_;
    std::size_t text_bytes_ = 0;  // Of a row, of texts too long for their reference.
    std::size_t row_bytes_;
    std::size_t block_rows_;  // Taken apart before the next ones.
};

}  // namespace thalweg
