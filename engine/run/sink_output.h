#pragma once

#include "engine/run/query_control.h"
#include "engine/run/stage_output.h"
#include "engine/sink/sink.h"

#include <cstddef>

namespace thalweg {

// An edge into a sink. A sink that cannot follow makes the stage before it wait, and that the
// stages before that, up to the sockets.
//
// Threads  The merge agent's.
// Failure  A failed write fails the query, and so does a NULL in a column that must have none: no
// row
//          of its batch is written.
class SinkOutput final : public StageOutput {
  public:
    // Borrows all.
    SinkOutput(const SinkSpec& spec, Sink& sink, QueryControl& control)
        : spec_(spec), sink_(sink), control_(control) {}

    [[nodiscard]] bool ready() override { return sink_.ready(); }

    void emit(const BatchView& rows, Watermark) override;

    void advance(Watermark) override {}

    void idle() override {}

    void flush() override { sink_.flush(); }

    void end() override {}

  private:
    [[nodiscard]] static bool has_null(const BatchView& rows, std::size_t column);
    void refuse_null(std::size_t column);

    const SinkSpec& spec_;
    Sink& sink_;
    QueryControl& control_;
};

}  // namespace thalweg
