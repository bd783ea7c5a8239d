#pragma once

#include "engine/run/epoch/part_sender.h"
#include "engine/run/epoch/saved_state.h"
#include "ops/op_state.h"
#include "state/base/time.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {

// Takes the frozen state of one instance of a stage as rows and sends it as parts of the epoch.
//
// Format   A part: the watermark of the stage, the schema of a table, and batches of its rows; its
//          label names operator and table. Every table has at least one part, so that the watermark
//          is there whatever the state.
// Threads  The agent's.
class StageSaver {
  public:
    // `part` is the number of the instance. Borrows the sender.
    StageSaver(PartSender& sender, std::vector<SavedOp> ops, std::uint32_t part);
    StageSaver(const StageSaver&) = delete;
    StageSaver& operator=(const StageSaver&) = delete;
    ~StageSaver();

    // Where an operator puts its rows; null for one without state.
    [[nodiscard]] StateOut* out(std::size_t op);

    // Sees rows of a table of an operator on their way into the snapshot.
    using Witness = std::function<void(std::size_t op, std::size_t table, const Batch& rows)>;

    // The stage is frozen for `epoch`, at this watermark. What is saved is shown to the witness, if
    // there is one, until finish().
    void begin(std::uint64_t epoch, Watermark watermark, Witness witness = nullptr);

    // All rows have been put.
    void finish();

  private:
    class Table;
    class Out;

    PartSender* sender_;
    Witness witness_;
    std::vector<std::unique_ptr<Out>> outs_;
};

}  // namespace thalweg
