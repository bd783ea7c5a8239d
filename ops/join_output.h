#pragma once

#include "ops/expr/program.h"
#include "ops/op.h"
#include "ops/row_layout.h"
#include "ops/stream_join.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// What joins of rows that are kept (ops/join_side.h) with those of a batch have in common: how
// pairs are asked about, and how they leave.

namespace thalweg {

[[nodiscard]] constexpr bool is_left_only(JoinKind kind) noexcept {
    return kind == JoinKind::kSemi || kind == JoinKind::kAnti;
}

// Whether rows of a side are shown by themselves, by how many partners they have.
[[nodiscard]] constexpr bool shows_lone(JoinKind kind, std::size_t port) noexcept {
    if (kind == JoinKind::kFull) return true;
    if (port == 1) return kind == JoinKind::kRight;
    return kind == JoinKind::kLeft || is_left_only(kind);
}

[[nodiscard]] std::vector<Type> join_key_types(const StreamJoinSpec& spec);
[[nodiscard]] std::vector<std::size_t> join_key_columns(const StreamJoinSpec& spec,
                                                        std::size_t port);

// Rows to emit, one after the other: each of a row of the batch being worked on, a row that is
// kept, or both.
//
// Lifetime  A row that is kept must be until flush().
// Threads   One at a time.
class JoinOutput {
  public:
    static constexpr std::uint16_t kNoRow = 0xFFFF;

    JoinOutput(const StreamJoinSpec& spec, bool has_kinds);

    // The batch that rows are of, on `port`, and how the kept ones of the other side lie. Without a
    // batch (nullptr) all rows are kept ones of the side that is not `port`.
    void begin(const BatchView* view, std::size_t port, const RowLayout& kept, Emitter& out);

    void add(std::uint16_t row, const std::byte* kept, RowKind kind) {
        rows_.push_back(row);
        kept_.push_back(kept);
        kinds_.push_back(kind);
        if (rows_.size() == kBatchRows) flush();
    }

    // Rows of the batch that are not among `matching`, alone and with their kinds.
    void add_others(Selection matching);

    void flush();

    [[nodiscard]] std::size_t memory_bytes() const { return batch_.memory_bytes(); }

  private:
    void write_rows(std::size_t first);
    void copy_rows(const Column& from, Column& to);

    std::size_t left_count_;
    bool left_only_;
    bool has_kinds_;
    Batch batch_;
    std::vector<std::uint16_t> rows_;
    std::vector<const std::byte*> kept_;
    std::vector<RowKind> kinds_;
    const BatchView* view_ = nullptr;
    std::size_t port_ = 0;
    const RowLayout* layout_ = nullptr;
    Emitter* out_ = nullptr;
};

// The residual condition, asked of pairs of a row of a batch and one that is kept.
class PairCondition {
  public:
    explicit PairCondition(const StreamJoinSpec& spec);

    // Which of the pairs (rows[i], kept[i]) satisfy it; at most kBatchRows. The batch came on
    // `port`.
    [[nodiscard]] Selection choose(const BatchView& view,
                                   std::size_t port,
                                   std::span<const std::uint16_t> rows,
                                   const RowLayout& layout,
                                   std::span<const std::byte* const> kept,
                                   OpContext& context);

  private:
    std::size_t left_count_;
    Program program_;
    std::vector<bool> is_read_;
    Batch batch_;
};

}  // namespace thalweg
