#include "engine/run/epoch/agent_epoch.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace thalweg {

void AgentEpoch::begin() {
    ASSERT(!is_active_);
    ++epoch_;
    ASSERT(epoch_ == desk_->requested());
    is_active_ = true;
    is_saved_ = false;
}

bool AgentEpoch::has_passed() const {
    return std::all_of(stages_.begin(), stages_.end(), [this](const StageInstance* stage) {
        return stage->barriers_passed() == epoch_;
    });
}

std::size_t AgentEpoch::work() {
    const bool is_clear = sender_.is_clear();
    if (!is_active_ || is_saved_) return 0;
    for (StageInstance* const stage : stages_) {
        // No barrier comes to a stage that has ended.
        if (stage->has_ended() && stage->barriers_passed() < epoch_) stage->pass_ended_barrier();
    }
    if (!is_clear) return 0;  // Nothing is made that has to wait.
    is_saved_ = save() && has_passed() && sender_.is_clear();
    return 1;
}

// Whether nothing is frozen.
bool AgentEpoch::save() {
    for (StageInstance* const stage : stages_) {
        if (stage->save(kRowsOfTurn) == Progress::kMore) return false;
    }
    return true;
}

void AgentEpoch::finish(bool is_at_rest) {
    ASSERT(is_ready_to_finish());
    auto part = std::make_unique<EpochPart>();
    part->epoch = epoch_;
    part->is_last = true;
    part->is_at_rest = is_at_rest;
    sender_.send(std::move(part));
    is_active_ = false;
}

}  // namespace thalweg
