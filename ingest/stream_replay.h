#pragma once

#include "ingest/format.h"
#include "ingest/journal_replay.h"
#include "ingest/stream_reader.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Does with the streams of a journal what was done with them when they came: opens their splits,
// decodes their bytes, closes them, in the same order. Streams that were open when the process died
// end as broken.
//
// Threads   The source's.
class StreamReplay {
  public:
    // Borrows all three; nobody else uses the workspace meanwhile.
    StreamReplay(JournalReplay& journal, StreamWorkspace& workspace, const FormatSpec& format)
        : journal_(&journal), workspace_(&workspace), format_(&format) {}

    // Delivers about `budget` records, while the outlet is ready; returns how much was done.
    [[nodiscard]] Result<std::size_t> poll(std::size_t budget, Outlet& outlet);

    [[nodiscard]] bool is_done() const noexcept { return is_done_; }

    // What the next connection is called.
    [[nodiscard]] std::int64_t next_connection_id() const noexcept { return next_connection_id_; }

  private:
    using Key = std::pair<std::uint32_t, std::uint64_t>;  // Chain and connection.

    [[nodiscard]] Result<void> take_next(Outlet& outlet);
    void take(const JournalEntry& entry, Outlet& outlet);
    void open(const JournalEntry& entry, Outlet& outlet);
    void feed();

    JournalReplay* journal_;
    StreamWorkspace* workspace_;
    const FormatSpec* format_;
    std::map<Key, StreamReader> streams_;
    std::vector<Key> broken_;          // They end when nothing else is to be done.
    StreamReader* current_ = nullptr;  // At work.
    Key current_key_{};
    std::string_view rest_;  // What it has not been given.
    std::int64_t time_ns_ = 0;
    std::int64_t next_connection_id_ = 0;
    bool is_at_end_ = false;
    bool is_done_ = false;
};

}  // namespace thalweg
