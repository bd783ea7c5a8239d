#pragma once

#include "state/arena.h"
#include "state/column.h"
#include "state/schema.h"
#include "state/selection.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// What a row says about its result, as Flink: an insertion, the old and the new value of an update,
// a deletion.
enum class RowKind : std::uint8_t { kInsert, kUpdateBefore, kUpdateAfter, kDelete };

// Cells of a batch that are still to be written: those of columns that are only asked for by rows
// that pass a condition (WantedColumn::may_wait), so that the others cost nothing.
//
// Contract  fill() writes them for some of the rows, strings included, as long as what they are
//           made from is there: until Outlet::offer() returns. Cells of rows that it was not called
//           for mean nothing.
class OwedCells {
  public:
    virtual void fill(Selection rows) = 0;

  protected:
    ~OwedCells() = default;
};

// Rows as operators see them: columns borrowed from wherever they lie, and which rows are alive.
//
// Shape     columns[i] holds field i of the schema the operator was built for, and is valid for all
//           rows of the selection. `kinds` has a RowKind per row, or is nullptr: all kInsert.
//           `owed` is nullptr but between a source and the filter behind it, which reads none of
//           those cells and fills them for the rows that it passes on.
// Lifetime  For the duration of the call it is passed to; strings in it too. Who keeps, copies.
struct BatchView {
    std::span<const Column* const> columns;
    Selection selection;
    const RowKind* kinds = nullptr;
    OwedCells* owed = nullptr;

    [[nodiscard]] std::size_t size() const noexcept { return selection.size(); }

    [[nodiscard]] const Column& operator[](std::size_t index) const { return *columns[index]; }

    [[nodiscard]] RowKind kind(std::size_t row) const noexcept {
        return kinds == nullptr ? RowKind::kInsert : kinds[row];
    }

    // Owing nothing.
    [[nodiscard]] BatchView with(Selection rows) const noexcept { return {columns, rows, kinds}; }
};

// Up to kBatchRows rows of one schema, owned, in the form that crosses threads.
//
// Shape    Columns and an arena for their long strings. Rows [0, size()) are filled.
// Threads  One at a time. A batch is made by a BatchPool, filled by its agent, handed over through
//          a ring or a mailbox, read there, and sent home through the pool's mailbox.
class Batch {
  public:
    explicit Batch(SchemaPtr schema);

    [[nodiscard]] const SchemaPtr& schema() const noexcept { return schema_; }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    [[nodiscard]] std::size_t room() const noexcept { return kBatchRows - size_; }

    void set_size(std::size_t size) noexcept {
        DEBUG_ASSERT(size <= kBatchRows);
        size_ = size;
    }

    [[nodiscard]] Column& column(std::size_t index) { return columns_[index]; }

    [[nodiscard]] const Column& column(std::size_t index) const { return columns_[index]; }

    [[nodiscard]] std::size_t column_count() const noexcept { return columns_.size(); }

    [[nodiscard]] Arena& arena() noexcept { return arena_; }

    // nullptr while all rows are kInsert.
    [[nodiscard]] const RowKind* kinds() const noexcept {
        return has_kinds_ ? kinds_.get() : nullptr;
    }

    // Makes the row-kind column, all kInsert, if there is none.
    [[nodiscard]] RowKind* make_kinds();

    // Until clear(): that some cells of the rows it has are to be filled by `owed`.
    void owe(OwedCells& owed) noexcept { owed_ = &owed; }

    // Copies rows of `view` behind the present ones, strings included. There must be room().
    void append(const BatchView& view, Selection rows);

    void append(const BatchView& view) { append(view, view.selection); }

    [[nodiscard]] BatchView view() const noexcept {
        return {pointers_, Selection::all(size_), kinds(), owed_};
    }

    // Empties it for reuse; keeps the memory.
    void clear() noexcept;

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    SchemaPtr schema_;
    std::size_t size_ = 0;
    std::vector<Column> columns_;
    std::vector<const Column*> pointers_;  // To columns_, for view().
    bool has_kinds_ = false;
    std::unique_ptr<RowKind[]> kinds_;
    OwedCells* owed_ = nullptr;
    Arena arena_;
};

// Makes batches of one schema and takes them back for reuse, up to a bound.
//
// Threads  The owning agent's. Batches that come home from elsewhere arrive in a mailbox that the
//          agent drains into give_back().
class BatchPool {
  public:
    BatchPool(SchemaPtr schema, std::size_t free_max)
        : schema_(std::move(schema)), free_max_(free_max) {}

    [[nodiscard]] std::unique_ptr<Batch> take();
    void give_back(std::unique_ptr<Batch> batch);

    // Another bound: batches beyond it are freed.
    void keep_at_most(std::size_t free_max);

    [[nodiscard]] const SchemaPtr& schema() const noexcept { return schema_; }

    // Of the batches that are free.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    SchemaPtr schema_;
    std::size_t free_max_;
    std::vector<std::unique_ptr<Batch>> free_;
};

}  // namespace thalweg
