#pragma once

#include "ops/join_side.h"
#include "ops/key_table.h"
#include "ops/window_join.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// The keys of a join that has rows of either side, and the first row of each on both sides: one
// lookup for a row finds whom it joins its own kind, and whom it meets.
//
// Shape    A KeyTable whose payload is two heads, plus one. Keys without rows are erased when a
//          batch is over, so that positions hold during it.
// Threads  One at a time.
class JoinKeys {
  public:
    JoinKeys(std::vector<JoinKey> keys, std::vector<Type> types, const HashSeed& seed);

    // The rows of a view whose key can equal another: with no NULL in it that equals nothing. Good
    // until the next call.
    [[nodiscard]] Selection can_match(const BatchView& view, std::size_t port);

    // Finds the keys of rows, making those that are not there: position(i) is that of rows[i].
    void look_up(const BatchView& view, Selection rows, std::size_t port);

    [[nodiscard]] std::uint32_t position(std::size_t i) const { return positions_[i]; }

    // The first row of a key on a side, or JoinSide::kNone. Good until the next look_up().
    [[nodiscard]] std::uint32_t head(std::uint32_t position, std::size_t port) const;
    void set_head(std::uint32_t position, std::size_t port, std::uint32_t head);

    // Erases those of the positions of the latest look_up() that have no rows.
    void erase_empty();

    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return table_.memory_bytes(); }

  private:
    using Heads = std::array<std::uint32_t, 2>;  // Plus one: 0 is none.

    std::vector<JoinKey> keys_;
    KeyTable table_;
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint32_t> empty_;
    std::vector<std::uint16_t> rows_;
    std::vector<const Column*> columns_;
};

}  // namespace thalweg
