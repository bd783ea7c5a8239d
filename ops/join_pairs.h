#pragma once

#include "ops/join_output.h"
#include "ops/join_state.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// The pairs that the rows of a batch make with the rows of the other side that have their keys, as
// many at a time as a batch holds.
//
// Order    By row, and for each row by its chain.
// Needs    Keys that are looked up (JoinState), and an other side that stays as it is until the
//          last pair.
// Threads  One at a time.
class JoinPairs {
  public:
    // The i-th of the rows that can match, and an entry of the other side.
    struct Pair {
        std::uint32_t at = 0;
        std::uint32_t entry = 0;
    };

    explicit JoinPairs(const StreamJoinSpec& join) {
        if (join.residual != nullptr) condition_.emplace(join);
    }

    // `rows` are those whose keys were looked up. All but the state are good until the last pair.
    void begin(const JoinState& state, const BatchView& view, Selection rows, std::size_t port) {
        state_ = &state;
        view_ = &view;
        selection_ = rows;
        port_ = port;
        first_ = 0;
        last_ = 0;
        fetched_ = 0;
        chain_ = chain_of(0);
    }

    // The next pairs (at, entry) for which can_meet(at, entry) holds. False: there are no more
    // rows.
    template <typename CanMeet>
    [[nodiscard]] bool collect(CanMeet&& can_meet) {
        pairs_.clear();
        first_ = last_;
        if (last_ >= selection_.size()) return false;
        const JoinSide& other = state_->side(1 - port_);
        while (last_ < selection_.size() && pairs_.size() < kBatchRows) {
            if (last_ >= fetched_) fetch_chains();
            if (chain_ == JoinSide::kNone) {
                chain_ = chain_of(++last_);
                continue;
            }
            if (can_meet(last_, chain_))
                pairs_.push_back({static_cast<std::uint32_t>(last_), chain_});
            chain_ = other.next(chain_);
        }
        return true;
    }

    // Leaves those of them that satisfy the condition. False: the query has failed.
    [[nodiscard]] bool choose(OpContext& context);

    // All pairs of the rows [first(), last()), and some of row last(), if there is one.
    [[nodiscard]] std::span<const Pair> pairs() const noexcept { return pairs_; }

    [[nodiscard]] std::size_t first() const noexcept { return first_; }

    [[nodiscard]] std::size_t last() const noexcept { return last_; }

  private:
    [[nodiscard]] std::uint32_t chain_of(std::size_t at) const {
        return at < selection_.size() ? state_->first_of(at, 1 - port_) : JoinSide::kNone;
    }

    // Walks the chains of the next rows side by side, so that their entries are fetched at the same
    // time and not one after the other.
    void fetch_chains();

    std::optional<PairCondition> condition_;
    const JoinState* state_ = nullptr;
    const BatchView* view_ = nullptr;
    Selection selection_;
    std::size_t port_ = 0;
    std::size_t first_ = 0;
    std::size_t last_ = 0;
    std::size_t fetched_ = 0;                // Rows whose chains have been.
    std::uint32_t chain_ = JoinSide::kNone;  // Of row last_, where to go on.
    std::vector<Pair> pairs_;
    std::vector<std::uint16_t> rows_;
    std::vector<const std::byte*> kept_;
};

}  // namespace thalweg
