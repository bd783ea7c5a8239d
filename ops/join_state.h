#pragma once

#include "ops/join_keys.h"
#include "ops/join_side.h"
#include "ops/op.h"
#include "ops/stream_join.h"
#include "state/batch.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// What a join keeps: the rows of both sides, their keys, and how they are saved.
//
// Shape    Rows are entries of a side, chained by key. look_up() of a batch comes before whatever
//          is done to its i-th row: it says where the keys of its rows are.
// Snapshot tables(); freeze(), then save() until it is done. touch() comes before entries change.
// Threads  One at a time.
class JoinState {
  public:
    // `loses_rows`: which sides find their rows by all columns, to take them away.
    JoinState(const StreamJoinSpec& join, std::array<bool, 2> loses_rows);

    [[nodiscard]] JoinKeys& keys() noexcept { return keys_; }

    [[nodiscard]] JoinSide& side(std::size_t port) noexcept { return sides_[port]; }

    [[nodiscard]] const JoinSide& side(std::size_t port) const noexcept { return sides_[port]; }

    // --- Rows, by the keys that were looked up ---

    // The first entry of the i-th row's key on a side; JoinSide::kNone: it has none.
    [[nodiscard]] std::uint32_t first_of(std::size_t i, std::size_t port) const {
        return keys_.head(keys_.position(i), port);
    }

    // Keeps a packed row under the i-th key; returns its entry.
    std::uint32_t add(std::size_t port, std::size_t i, std::byte* packed, JoinSide::Counts counts);

    // Takes a row of an entry of the i-th key away, or all of them.
    void remove(std::size_t port, std::size_t i, std::uint32_t entry);
    void forget(std::size_t port, std::size_t i, std::uint32_t entry);

    // Forgets what has expired, as much of it as one step of a sweep finds. Between batches.
    void sweep(std::int64_t now_ns);

    [[nodiscard]] std::int64_t next_tick_ns() const noexcept {
        return std::min(sides_[0].next_tick_ns(), sides_[1].next_tick_ns());
    }

    // Entries as rows of JoinSide::state_schema(), at most kBatchRows; good until the next call for
    // this side, and while their rows are.
    [[nodiscard]] const Batch& rows_of(std::size_t port, std::span<const std::uint32_t> entries);

    // --- Saving ---

    // "left" and "right".
    [[nodiscard]] std::vector<StateTable> tables() const;

    void freeze(StateOut& out);
    Progress save(std::size_t rows_max);

    // Of entries that are about to change: writes those that are frozen.
    void touch(std::size_t port, std::span<const std::uint32_t> entries) {
        if (sides_[port].is_frozen()) write(port, sides_[port].touch(entries));
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    void write(std::size_t port, std::span<const std::uint32_t> entries);
    void forget_all(std::size_t port, std::span<const std::uint32_t> entries);

    std::array<SchemaPtr, 2> schemas_;
    std::array<std::vector<std::size_t>, 2> key_columns_;
    JoinKeys keys_;
    std::array<JoinSide, 2> sides_;
    std::array<Batch, 2> rows_;  // On their way out.
    StateOut* out_ = nullptr;    // While something is frozen.
};

}  // namespace thalweg
