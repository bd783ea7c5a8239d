#pragma once

#include "engine/run/stage_instance.h"
#include "engine/run/stage_output.h"

#include <cstddef>

namespace thalweg {

// An edge between two stages on one thread: a call. Nothing is copied and nothing is kept.
//
// Threads  That of both stages.
class DirectOutput final : public StageOutput {
  public:
    // Borrows the target, which outlives this.
    DirectOutput(StageInstance& target, std::size_t port, std::size_t channel)
        : target_(target), port_(port), channel_(channel) {}

    [[nodiscard]] bool ready() override {
        return !target_.is_barred(port_, channel_) && target_.ready();
    }

    void emit(const BatchView& rows, Watermark) override { target_.process(port_, channel_, rows); }

    void advance(Watermark watermark) override { target_.advance(port_, channel_, watermark); }

    void idle() override { target_.idle(port_, channel_); }

    void flush() override { target_.flush(); }

    void barrier() override { target_.barrier(port_, channel_); }

    void end() override { target_.end(port_, channel_); }

  private:
    StageInstance& target_;
    std::size_t port_;
    std::size_t channel_;
};

}  // namespace thalweg
