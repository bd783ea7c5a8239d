#pragma once

#include "engine/run/query_control.h"
#include "engine/run/stage_output.h"
#include "engine/sink/sink.h"

namespace thalweg {

// An edge into a sink. A sink that cannot follow makes the stage before it wait, and that the
// stages before that, up to the sockets.
//
// Threads  The merge agent's.
// Failure  A failed write fails the query.
class SinkOutput final : public StageOutput {
  public:
    // Borrows both.
    SinkOutput(Sink& sink, QueryControl& control) : sink_(sink), control_(control) {}

    [[nodiscard]] bool ready() override { return sink_.ready(); }

    void emit(const BatchView& rows, Watermark) override {
        if (control_.failed()) return;
        const Result<void> written = sink_.write(rows);
        if (!written) control_.fail(written.error().message);
    }

    void advance(Watermark) override {}

    void idle() override {}

    void flush() override { sink_.flush(); }

    void end() override {}

  private:
    Sink& sink_;
    QueryControl& control_;
};

}  // namespace thalweg
