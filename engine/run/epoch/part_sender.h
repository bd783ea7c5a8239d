#pragma once

#include "engine/run/epoch/epoch_desk.h"
#include "engine/run/epoch/epoch_part.h"

#include <cstddef>
#include <deque>
#include <utility>

namespace thalweg {

// One agent's way to the coordinator: parts in order, and those that wait because the mailbox was
// full. Whoever makes parts at his leisure asks is_clear() first; what must be written before it
// changes waits here.
//
// Bounds    The state of the agent, if all of it changes while the disk stands still.
// Threads   The agent's.
class PartSender {
  public:
    explicit PartSender(EpochDesk& desk) : desk_(&desk) {}

    void send(EpochPartPtr part) {
        waiting_.push_back(std::move(part));
        static_cast<void>(is_clear());
    }

    // Sends what waits, as far as there is room; whether nothing waits any more.
    [[nodiscard]] bool is_clear() {
        while (!waiting_.empty() && desk_->try_push(std::move(waiting_.front())))
            waiting_.pop_front();
        return waiting_.empty();
    }

  private:
    EpochDesk* desk_;
    std::deque<EpochPartPtr> waiting_;
};

}  // namespace thalweg
