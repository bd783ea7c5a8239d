#pragma once

#include "ingest/journal_entry.h"
#include "state/base/status.h"
#include "state/store/journal_files.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace thalweg {

// The entries of the journals that one instance of a source has to do once more: in the order in
// which they were received, over all of them.
//
// Contract  An entry is good until the next call. A segment that follows another one begins with
//           entries that repeat what that one had: they are left out. Where a life of the process
//           ended, and another one began without an epoch, kRestarted says so.
// Failure   kCorrupt: bytes that were durable are missing or wrong; the message names the file.
// Threads   One at a time.
class JournalReplay {
  public:
    using Say = std::function<void(std::string_view text)>;

    // Borrows the files. Each chain: the segments of one instance, in order. `say` hears of groups
    // that had not become durable.
    JournalReplay(const JournalFiles& files, std::vector<std::vector<Generation>> chains, Say say);

    // Null at the end.
    [[nodiscard]] Result<const JournalEntry*> next();

  private:
    struct Chain {
        std::uint32_t index = 0;
        std::vector<Generation> numbers;
        std::size_t segment_index = 0;  // Of the one being read.
        std::optional<SegmentReader> segment;
        EntryReader entries;
        std::uint64_t groups_before = 0;  // Of the segment before.
        JournalEntry entry;
        bool has_entry = false;
        std::int64_t time_ns = INT64_MIN;  // Of the latest entry that has one.
    };

    [[nodiscard]] Result<void> advance(Chain& chain);
    [[nodiscard]] Result<bool> read_entry(Chain& chain);
    [[nodiscard]] Result<void> open_segment(Chain& chain);
    void end_segment(Chain& chain);

    const JournalFiles* files_;
    Say say_;
    std::vector<Chain> chains_;
    Chain* latest_ = nullptr;  // Whose entry was given last.
    bool has_begun_ = false;
};

}  // namespace thalweg
