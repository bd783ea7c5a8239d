#pragma once

#include "engine/run/epoch/row_router.h"
#include "engine/run/epoch/saved_state.h"
#include "engine/run/key_groups.h"
#include "engine/run/topology.h"
#include "state/base/hash.h"
#include "state/base/time.h"
#include "state/batch.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace thalweg {

// Where the instances of a stage give one another the state of key groups that change hands.
//
// At a barrier behind which another map holds (KeyGroupMaps) each instance that gains or loses
// groups gives all of its state, as the rows that go into the snapshot, each row to its owner by
// the new map, itself included. It begins with new operators, waits until all others that are
// affected have given theirs, and takes what is for it, before it processes anything behind the
// barrier: as if the query had been stopped here and started again.
//
//   give()... -> arrive() -> is_complete() -> take()...
//
// Nobody waits in a circle, for the reason that BarrierMeeting gives.
//
// Bounds    The state of the affected instances, once more, until it is taken.
// Threads   Each instance by its own: give and take touch lanes of their own.
// Ordering  What was given before an arrival is known to who sees the handover complete. The next
//           one begins when the epoch of this one is over for all.
class StateHandover {
  public:
    // Borrows all but the operators.
    struct Settings {
        const Stage* stage = nullptr;
        std::vector<SavedOp> ops;
        HashSeed seed = HashSeed::from(0);
        const KeyGroupMaps* maps = nullptr;
        std::size_t instances = 0;
        std::function<void()> on_complete;  // Called by the last to arrive, on its thread.
    };

    // Rows of a table of an operator.
    struct Piece {
        std::size_t op = 0;
        std::size_t table = 0;
        Batch rows;
    };

    using PiecePtr = std::unique_ptr<Piece>;

    explicit StateHandover(Settings settings);

    // Whether the instance takes part at the barrier with this number.
    [[nodiscard]] bool is_affected(std::size_t instance, std::uint64_t barrier) const {
        const KeyGroupMap& map = settings_.maps->current();
        return map.barrier == barrier && map.is_affected[instance];
    }

    // Copies the rows.
    void give(std::size_t instance, std::size_t op, std::size_t table, const Batch& rows);

    // A new operator in the place of one that has given its state; null for one without.
    [[nodiscard]] std::unique_ptr<Op> renewed(std::size_t op, const LookupTables& tables) const;

    // All has been given.
    void arrive();

    [[nodiscard]] bool is_complete() const noexcept {
        // Acquire: see Ordering.
        return arrivals_.load(std::memory_order_acquire) >= settings_.maps->current().affected_sum;
    }

    // What is left for the instance, once it is complete; null: nothing.
    [[nodiscard]] PiecePtr take(std::size_t instance);

  private:
    using Lane = std::vector<PiecePtr>;

    [[nodiscard]] const SavedOp& saved(std::size_t op) const;
    void give_rows(
        std::size_t from, std::size_t to, std::size_t op, std::size_t table, const BatchView& rows);

    Settings settings_;
    std::vector<std::vector<Lane>> lanes_;  // [from][to]
    std::atomic<std::uint64_t> arrivals_{0};
};

}  // namespace thalweg
