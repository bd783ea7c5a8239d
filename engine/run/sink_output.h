#pragma once

#include "engine/run/epoch/outbox_sender.h"
#include "engine/run/epoch/query_epochs.h"
#include "engine/run/epoch/result_numbers.h"
#include "engine/run/query_control.h"
#include "engine/run/stage_output.h"
#include "engine/sink/sink.h"

#include <cstddef>
#include <memory>

namespace thalweg {

// Closed by a barrier until all that the sink had taken has left the process. Shared by the edge
// into the sink and the agent that waits for it; one thread.
struct SinkSeal {
    bool is_closed = false;

    // Asks the sink, if need be.
    [[nodiscard]] bool is_lifted(const Sink& sink) {
        is_closed = is_closed && !sink.is_drained();
        return !is_closed;
    }
};

// An edge into a sink. A sink that cannot follow makes the stage before it wait, and that the
// stages before that, up to the sockets.
//
// Barriers  What was written before belongs to the epoch: results with an outbox are sealed there;
//           a sink without one takes nothing more until all of that has left the process.
// Threads   The merge agent's.
// Failure   A failed write fails the query, and so does a NULL in a column that must have none: no
//           row of its batch is written.
class SinkOutput final : public StageOutput {
  public:
    // Borrows all. `outbox` is where the sink gives its results, if it has one; `epochs` is null
    // without a state directory.
    SinkOutput(const SinkSpec& spec,
               Sink& sink,
               QueryControl& control,
               SinkSeal& seal,
               OutboxSender* outbox,
               QueryEpochs* epochs)
        : spec_(spec),
          sink_(sink),
          control_(control),
          seal_(seal),
          outbox_(outbox),
          numbers_(make_numbers(spec, epochs)) {}

    [[nodiscard]] bool ready() override;

    void emit(const BatchView& given, Watermark) override;

    void advance(Watermark) override {}

    void idle() override {}

    void flush() override { sink_.flush(); }

    void barrier() override;

    void barrier_after_end() override { barrier(); }

    void end() override {}

  private:
    [[nodiscard]] static bool has_null(const BatchView& rows, std::size_t column);
    void refuse_null(std::size_t column);

    const SinkSpec& spec_;
    Sink& sink_;
    QueryControl& control_;
    SinkSeal& seal_;
    OutboxSender* outbox_;
    std::unique_ptr<ResultNumbers> numbers_;  // Null: its rows have none.
};

}  // namespace thalweg
