#include "state/batch.h"

#include <algorithm>
#include <array>
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
    std::array<std::uint16_t, kBatchRows> indexes;
    std::span<const std::uint16_t> list;
    if (rows.is_range()) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            indexes[i] = static_cast<std::uint16_t>(rows.first() + i);
        list = {indexes.data(), rows.size()};
    } else {
        list = rows.rows();
    }
    for (std::size_t i = 0; i < columns_.size(); ++i)
        columns_[i].copy_rows(size_, view[i], list, arena_);
    if (view.kinds != nullptr || has_kinds_) {
        RowKind* const kinds = make_kinds() + size_;
        for (std::size_t i = 0; i < list.size(); ++i)
            kinds[i] = view.kinds == nullptr ? RowKind::kInsert : view.kinds[list[i]];
    }
    size_ += list.size();
}

void Batch::clear() noexcept {
    size_ = 0;
    has_kinds_ = false;
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

void BatchPool::give_back(std::unique_ptr<Batch> batch) {
    ASSERT(batch->schema() == schema_);
    if (free_.size() >= free_max_) return;
    batch->clear();
    free_.push_back(std::move(batch));
}

}  // namespace thalweg
