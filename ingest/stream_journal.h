#pragma once

#include "ingest/journal.h"
#include "ingest/stream_reader.h"

#include <cstdint>
#include <string_view>

namespace thalweg {

// What a source of streams writes into its journal, and StreamReplay reads again. Borrows the
// journal; `connection` is a number that no other stream of its life has.
//
// Threads  The source's.
class StreamJournal {
  public:
    explicit StreamJournal(Journal& journal) : journal_(&journal) {}

    // Where a stream stands: from where on its bytes follow, and what has come of a record that
    // goes on. `is_carried`: behind a cut, once more.
    void opened(std::uint64_t connection,
                const StreamReader& reader,
                std::int64_t time_ns,
                bool is_carried);

    void bytes(std::uint64_t connection, std::string_view bytes, std::int64_t time_ns);
    void closed(std::uint64_t connection, const StreamReader& reader, std::int64_t time_ns);

  private:
    Journal* journal_;
};

}  // namespace thalweg
