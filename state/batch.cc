#include "state/batch.h"

#include <algorithm>
#include <utility>

namespace thalweg {

Batch::Batch(SchemaPtr schema) : schema_(std::move(schema)) {
    columns_.reserve(schema_->size());
    pointers_.reserve(schema_->size());
    for (const Field& field : schema_->fields) {
        columns_.emplace_back(field.type);
        pointers_.push_back(&columns_.back());
    }
}

RowKind* Batch::make_kinds() {
    if (has_kinds_) return kinds_.get();
    if (kinds_ == nullptr) kinds_ = std::make_unique_for_overwrite<RowKind[]>(kBatchRows);
    std::fill_n(kinds_.get(), kBatchRows, RowKind::kInsert);
    has_kinds_ = true;
    return kinds_.get();
}

void Batch::append(const BatchView& view, Selection rows) {
    ASSERT(rows.size() <= room());
    ASSERT(view.columns.size() == columns_.size());
    if (rows.empty()) return;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (rows.is_range()) {
            columns_[i].copy_range(size_, view[i], rows.first(), rows.size(), arena_);
        } else {
            columns_[i].copy_rows(size_, view[i], rows.rows(), arena_);
        }
    }
    if (view.kinds != nullptr || has_kinds_) {
        RowKind* const kinds = make_kinds() + size_;
        for (std::size_t i = 0; i < rows.size(); ++i)
            kinds[i] = view.kind(rows[i]);
    }
    size_ += rows.size();
}

void Batch::clear() noexcept {
    size_ = 0;
    has_kinds_ = false;
    owed_ = nullptr;
    for (Column& column : columns_)
        column.clear();
    arena_.reset();
}

std::size_t Batch::memory_bytes() const noexcept {
    std::size_t total = arena_.memory_bytes();
    for (const Column& column : columns_)
        total += column.memory_bytes();
    return total;
}

std::unique_ptr<Batch> BatchPool::take() {
    if (free_.empty()) return std::make_unique<Batch>(schema_);
    std::unique_ptr<Batch> batch = std::move(free_.back());
    free_.pop_back();
    return batch;
}

void BatchPool::keep_at_most(std::size_t free_max) {
    free_max_ = free_max;
    if (free_.size() > free_max) free_.resize(free_max);
}

std::size_t BatchPool::memory_bytes() const noexcept {
    std::size_t total = 0;
    for (const std::unique_ptr<Batch>& batch : free_)
        total += batch->memory_bytes();
    return total;
}

void BatchPool::give_back(std::unique_ptr<Batch> batch) {
    ASSERT(batch->schema() == schema_);
    if (free_.size() >= free_max_) return;
    batch->clear();
    free_.push_back(std::move(batch));
}

}  // namespace thalweg
