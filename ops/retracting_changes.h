#pragma once

#include "ops/changed_rows.h"
#include "ops/op.h"
#include "state/batch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

// The results of some groups, each with a place of its own, before and after a batch of rows; and
// what they say as changes.
//
// Use      had_rows() gets the places of groups that have a result, before(write) the results;
//          then has_rows() and after() the same once the batch has been taken in.
// Output   All that is before comes before all that is after: -D for what has gone, -U and +U for
//          what is another, +I for what has come.
// Threads  One at a time.
class RetractingChanges {
  public:
    // `repeats`: a result that is the same is told again, as its update.
    RetractingChanges(const SchemaPtr& schema, std::size_t keys, bool repeats = false)
        : keys_(keys), repeats_(repeats), before_(schema), after_(schema) {}

    [[nodiscard]] std::vector<std::uint16_t>& had_rows() noexcept { return had_rows_; }

    [[nodiscard]] std::vector<std::uint16_t>& has_rows() noexcept { return has_rows_; }

    template <class Write>
    void before(const Write& write) {
        before_.clear();
        write(before_);
    }

    template <class Write>
    void after(const Write& write, Emitter& out) {
        after_.clear();
        write(after_);
        compare();
        emit(before_, had_rows_, {has_, RowKind::kUpdateBefore, RowKind::kDelete}, out);
        emit(after_, has_rows_, {had_, RowKind::kUpdateAfter, RowKind::kInsert}, out);
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return before_.memory_bytes() + after_.memory_bytes();
    }

  private:
    using Marks = std::array<bool, kBatchRows>;

    // Which rows the other side has, and what rows are called where it has them and where not.
    struct Sides {
        const Marks& other;
        RowKind changed;
        RowKind alone;
    };

    void compare() {
        had_ = {};
        has_ = {};
        changed_.fill(repeats_);
        for (const std::uint16_t row : had_rows_)
            had_[row] = true;
        both_.clear();
        for (const std::uint16_t row : has_rows_) {
            has_[row] = true;
            if (had_[row]) both_.push_back(row);
        }
        for (std::size_t i = keys_; i < before_.column_count(); ++i)
            mark_changed(before_.column(i), after_.column(i), Selection::list(both_), changed_);
    }

    void emit(const Batch& batch,
              const std::vector<std::uint16_t>& rows,
              const Sides& sides,
              Emitter& out) {
        emitted_.clear();
        bool are_inserts = true;
        for (const std::uint16_t row : rows) {
            if (sides.other[row] && !changed_[row]) continue;
            kinds_[row] = sides.other[row] ? sides.changed : sides.alone;
            are_inserts = are_inserts && kinds_[row] == RowKind::kInsert;
            emitted_.push_back(row);
        }
        if (emitted_.empty()) return;
        out.emit({batch.view().columns,
                  Selection::list(emitted_),
                  are_inserts ? nullptr : kinds_.data()});
    }

    std::size_t keys_;
    bool repeats_;
    Batch before_;
    Batch after_;
    std::vector<std::uint16_t> had_rows_;
    std::vector<std::uint16_t> has_rows_;
    std::vector<std::uint16_t> both_;
    std::vector<std::uint16_t> emitted_;
    Marks had_ = {};
    Marks has_ = {};
    Marks changed_ = {};
    std::array<RowKind, kBatchRows> kinds_ = {};
};

}  // namespace thalweg
