#pragma once

#include "engine/run/epoch/epoch_desk.h"
#include "engine/run/epoch/part_sender.h"
#include "engine/run/stage_instance.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// An agent's part in the epochs: sees that each of its stages passes the barrier and that what they
// have frozen is written, between other work, and says when it is done.
//
//   requested -> begin() -> stages pass -> state saved, parts sent -> finish()
//
// Threads  The agent's.
class AgentEpoch {
  public:
    explicit AgentEpoch(EpochDesk& desk) : desk_(&desk), sender_(desk) {}

    // Setting up.
    void add_stage(StageInstance& stage) { stages_.push_back(&stage); }

    [[nodiscard]] EpochDesk& desk() noexcept { return *desk_; }

    [[nodiscard]] PartSender& sender() noexcept { return sender_; }

    // The epoch that was begun last.
    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

    // An epoch has been asked for that the agent has not begun.
    [[nodiscard]] bool is_wanted() const noexcept { return desk_->requested() > epoch_; }

    // It has begun one that is not finished.
    [[nodiscard]] bool is_active() const noexcept { return is_active_; }

    void begin();

    // All stages have passed the barrier of the epoch.
    [[nodiscard]] bool has_passed() const;

    // Goes on with the epoch, for a fraction of a millisecond; returns what was done. When it is
    // ready to finish, everything of the agent's stages is with the coordinator.
    std::size_t work();

    [[nodiscard]] bool is_ready_to_finish() const noexcept { return is_active_ && is_saved_; }

    void finish(bool is_at_rest);

  private:
    static constexpr std::size_t kRowsOfTurn = 4096;

    [[nodiscard]] bool save();

    EpochDesk* desk_;
    PartSender sender_;
    std::vector<StageInstance*> stages_;
    std::uint64_t epoch_ = 0;
    bool is_active_ = false;
    bool is_saved_ = false;
};

}  // namespace thalweg
