#pragma once

#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// The rows of one side of one window, copied, until the window fires.
//
// Shape    Rows are numbered as they came: row r is row r % kBatchRows of batch r / kBatchRows; all
//          batches but the last are full. Only the columns that differ from row to row are kept:
//          not the bounds of the window, which is whose rows these are.
// Threads  One at a time.
class JoinRows {
  public:
    // Copies rows of a view. columns[i] is where the view has what the pool's schema calls field i.
    void append(const BatchView& view,
                Selection rows,
                std::span<const std::size_t> columns,
                BatchPool& pool);

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::size_t batch_count() const noexcept { return batches_.size(); }

    [[nodiscard]] const Batch& batch(std::size_t index) const { return *batches_[index]; }

    // No more rows will come: before gather().
    void close();

    // Writes column `source` of the given rows to rows 0 and on of `target`, strings into `arena`.
    void gather(std::span<const std::uint32_t> rows,
                std::size_t source,
                Column& target,
                Arena& arena) const;

    // All batches, emptied. The pool keeps them for the next window: its memory is this one's.
    void give_back(BatchPool& pool);

    [[nodiscard]] std::size_t memory_bytes() const;

  private:
    std::vector<std::unique_ptr<Batch>> batches_;
    std::vector<const Column*> picked_;  // Of the view being appended.
    // [column][batch]: the values of a column of fixed width without a NULL; else empty.
    std::vector<std::vector<const void*>> bases_;
    std::size_t size_ = 0;
};

// Makes a column's row NULL, whatever its form.
void write_null(Column& column, std::size_t row);

}  // namespace thalweg
