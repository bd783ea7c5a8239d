#include "ops/join_rows.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

// Rows between the prefetch of a value and its copy. The other side's rows are met in any order.
constexpr std::size_t kAhead = 16;

template <class T>
void gather_values(std::span<const std::uint32_t> rows,
                   std::span<const void* const> bases,
                   T* target) {
    const void* const* const first = bases.data();
    const auto place = [first](std::uint32_t row) {
        return static_cast<const T*>(first[row / kBatchRows]) + row % kBatchRows;
    };
    std::size_t i = 0;
    for (; i + kAhead < rows.size(); ++i) {
        __builtin_prefetch(place(rows[i + kAhead]));
        target[i] = *place(rows[i]);
    }
    for (; i < rows.size(); ++i)
        target[i] = *place(rows[i]);
}

}  // namespace

void write_null(Column& column, std::size_t row) {
    column.set_null(row);
    if (column.physical() == Physical::kString) column.data<StringRef>()[row] = {};
    if (column.physical() == Physical::kList) column.data<ListRef>()[row] = {};
    if (column.physical() != Physical::kRow) return;
    for (std::size_t i = 0; i < column.child_count(); ++i)
        write_null(column.child(i), row);
}

void JoinRows::append(const BatchView& view,
                      Selection rows,
                      std::span<const std::size_t> columns,
                      BatchPool& pool) {
    picked_.clear();
    for (const std::size_t column : columns)
        picked_.push_back(&view[column]);
    const BatchView picked{picked_, rows, view.kinds};
    while (!rows.empty()) {
        if (batches_.empty() || batches_.back()->room() == 0) batches_.push_back(pool.take());
        const std::size_t count = std::min(rows.size(), batches_.back()->room());
        batches_.back()->append(picked, rows.slice(0, count));
        rows = rows.slice(count, rows.size() - count);
        size_ += count;
    }
}

void JoinRows::close() {
    const std::size_t width = batches_.empty() ? 0 : batches_.front()->column_count();
    bases_.resize(width);
    for (std::size_t column = 0; column < width; ++column) {
        std::vector<const void*>& bases = bases_[column];
        bases.clear();
        for (const std::unique_ptr<Batch>& batch : batches_) {
            const Column& values = batch->column(column);
            if (!values.is_flat() || values.has_nulls()) break;
            bases.push_back(values.bytes());
        }
        if (bases.size() != batches_.size()) bases.clear();
    }
}

void JoinRows::gather(std::span<const std::uint32_t> rows,
                      std::size_t source,
                      Column& target,
                      Arena& arena) const {
    if (rows.empty()) return;
    if (const std::span<const void* const> bases = bases_[source]; !bases.empty()) {
        visit_physical(target.physical(),
                       [&]<class T>() { gather_values(rows, bases, target.data<T>()); });
        return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Column& from = batches_[rows[i] / kBatchRows]->column(source);
        const std::size_t row = rows[i] % kBatchRows;
        if (from.is_null(row)) {
            write_null(target, i);
        } else {
            target.copy_row(i, from, row, arena);
        }
    }
}

void JoinRows::give_back(BatchPool& pool) {
    pool.keep_at_most(std::max<std::size_t>(batches_.size(), 1));
    for (std::unique_ptr<Batch>& batch : batches_)
        pool.give_back(std::move(batch));
    batches_.clear();
    bases_.clear();
    size_ = 0;
}

std::size_t JoinRows::memory_bytes() const {
    std::size_t total = 0;
    for (const std::unique_ptr<Batch>& batch : batches_)
        total += batch->memory_bytes();
    return total;
}

}  // namespace thalweg
