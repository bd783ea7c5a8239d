#include "ops/join_pairs.h"

#include <algorithm>
#include <array>

namespace thalweg {

void JoinPairs::fetch_chains() {
    constexpr std::size_t kChains = 16;
    constexpr std::size_t kStepsMax = 32;          // Of a longer chain the rest comes by itself.
    constexpr std::size_t kEntriesMin = 8 * 1024;  // 256 KiB: fewer are in a cache.
    const JoinSide& other = state_->side(1 - port_);
    if (other.size() < kEntriesMin) {
        fetched_ = selection_.size();
        return;
    }
    std::array<std::uint32_t, kChains> chains{};
    std::size_t count = 0;
    fetched_ = std::min(last_ + kChains, selection_.size());
    for (std::size_t at = last_; at < fetched_; ++at) {
        const std::uint32_t chain = chain_of(at);
        if (chain == JoinSide::kNone) continue;
        other.prefetch(chain);
        chains[count++] = chain;
    }
    for (std::size_t step = 0; step < kStepsMax && count != 0; ++step) {
        std::size_t left = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t next = other.next(chains[i]);
            if (next == JoinSide::kNone) continue;
            other.prefetch(next);
            chains[left++] = next;
        }
        count = left;
    }
}

bool JoinPairs::choose(OpContext& context) {
    if (!condition_ || pairs_.empty()) return true;
    const JoinSide& other = state_->side(1 - port_);
    rows_.clear();
    kept_.clear();
    for (const Pair& pair : pairs_) {
        rows_.push_back(static_cast<std::uint16_t>(selection_[pair.at]));
        kept_.push_back(other.row(pair.entry));
    }
    const Selection chosen =
        condition_->choose(*view_, port_, rows_, other.layout(), kept_, context);
    if (context.failed()) return false;
    std::size_t count = 0;
    chosen.for_each([&](std::size_t i) { pairs_[count++] = pairs_[i]; });
    pairs_.resize(count);
    return true;
}

}  // namespace thalweg
