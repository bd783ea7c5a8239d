#include "ops/join_pairs.h"

namespace thalweg {

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
