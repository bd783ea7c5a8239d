#pragma once

#include "state/base/time.h"
#include "state/batch.h"

namespace thalweg {

// The sending end of one edge of the topology, on one agent: a direct call, an exchange between
// agents, or a sink.
//
// Contract  A stage asks ready() before it begins a piece of work, and may then emit all of that
//           piece, whatever becomes of ready() meanwhile: an output keeps what does not fit (a
//           piece is bounded, see Op) and is not ready again until that has gone.
//           Order is kept: what was emitted before a watermark arrives before it.
// Threads   Those of its stage.
// Failure   Through QueryControl.
class StageOutput {
  public:
    StageOutput() = default;
    StageOutput(const StageOutput&) = delete;
    StageOutput& operator=(const StageOutput&) = delete;
    virtual ~StageOutput() = default;

    [[nodiscard]] virtual bool ready() = 0;

    // `step` is the watermark that the stage is about to reach while it fires windows, and the one
    // it has reached otherwise: rows of one window have one step, and steps never go back.
    virtual void emit(const BatchView& rows, Watermark step) = 0;

    // The stage has reached `watermark`. The same one again says only that it is not idle.
    virtual void advance(Watermark watermark) = 0;

    // Nothing comes for now: do not wait for this stage's watermark.
    virtual void idle() = 0;

    // Nothing is being waited for: what was held back to make batches larger goes now.
    virtual void flush() = 0;

    // What was emitted so far belongs to the epoch that ends here, and nothing later does.
    virtual void barrier() = 0;

    // The same, once more, where nothing has come since the end.
    virtual void barrier_after_end() {}

    // Nothing will come any more.
    virtual void end() = 0;
};

}  // namespace thalweg
