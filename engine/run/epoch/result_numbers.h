#pragma once

#include "engine/run/epoch/part_sender.h"
#include "engine/sink/sink.h"
#include "state/batch.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace thalweg {

// How far the rows of a sink have been numbered; docs/FORMATS.md has the bytes.
struct ResultCount {
    std::uint64_t epoch = 0;     // Of the next row.
    std::uint64_t sequence = 0;  // Of the next row: as many have gone before.
};

void write_result_count(StateWriter& writer, const ResultCount& count);
[[nodiscard]] ResultCount read_result_count(StateReader& reader);

// Fills in the columns of a sink by which whoever reads it tells rows that come again.
//
//   sequence  0, 1, 2, ... over all lives: a restart goes on with the number that the snapshot it
//             starts from has recorded, which is the first that the life before had given out
//             since. So a number that comes again makes void all rows from it on that have come.
//   epoch     Grows at a barrier, if everything in front of the barrier before it is durable. So
//             when rows of epoch e come, those of e - 2 and before are durable: they have come for
//             the last time. An epoch that could not be written is not counted.
//
// Without a state directory all rows are of epoch 0, and every process begins at 0.
//
// Threads  The merge agent's.
class ResultNumbers {
  public:
    explicit ResultNumbers(const SinkSpec& spec);

    // Setting up, with a state directory. Borrows both.
    void join_epochs(EpochDesk& desk, PartSender& sender);

    void restore(ResultCount count) noexcept { count_ = count; }

    // `rows` with the columns that it lacks, which live until the next call.
    [[nodiscard]] BatchView number(const BatchView& rows);

    // A barrier: writes down where the rows behind it begin.
    void seal();

    [[nodiscard]] const ResultCount& count() const noexcept { return count_; }

  private:
    std::string name_;
    std::vector<NumberColumn> places_;
    std::vector<Column> numbers_;  // One for each of places_.
    std::vector<const Column*> columns_;
    ResultCount count_;
    EpochDesk* desk_ = nullptr;
    PartSender* sender_ = nullptr;
    std::uint64_t barriers_ = 0;  // As the desk counts epochs.
};

}  // namespace thalweg
