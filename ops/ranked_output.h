#pragma once

#include "ops/op.h"
#include "ops/rank.h"
#include "ops/record_pool.h"
#include "ops/row_codec.h"

#include <cstddef>
#include <cstdint>

namespace thalweg {

// Writes records as rows and emits them, a batch at a time.
//
// Threads  One at a time.
class RankedOutput {
  public:
    explicit RankedOutput(const RankSpec& spec)
        : columns_(spec.schema->size()),
          has_number_(spec.has_number),
          batch_(ranked_schema(spec)) {}

    // The record is read before this returns.
    void put(const Record& record, std::uint64_t number, RowKind kind, Emitter& out) {
        const std::size_t row = batch_.size();
        RowCodec::read(record.row(), columns_, batch_, row);
        if (has_number_)
            batch_.column(columns_).data<std::int64_t>()[row] = static_cast<std::int64_t>(number);
        if (kind != RowKind::kInsert || batch_.kinds() != nullptr) batch_.make_kinds()[row] = kind;
        batch_.set_size(row + 1);
        if (batch_.room() == 0) flush(out);
    }

    void flush(Emitter& out) {
        if (!batch_.empty()) out.emit(batch_.view());
        batch_.clear();
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return batch_.memory_bytes(); }

  private:
    std::size_t columns_;
    bool has_number_;
    Batch batch_;
};

}  // namespace thalweg
