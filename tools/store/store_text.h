#pragma once

#include "engine/run/epoch/section_text.h"
#include "state/base/status.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

// What lies in a state directory, as text. Everything is read with the readers of recovery, and
// nothing is locked or written; while a query uses the directory a generation may go between two
// looks, which is an error to be met by looking again.

namespace thalweg {

// When a file was last written, as people write it; the store does not know.
using TimeOf = std::function<std::string(const std::string& file)>;

// The generations, the newest first, and what the newest is made of.
[[nodiscard]] Result<std::string> list_store(const Disk& disk, const TimeOf& time_of);

// Reads every byte and says of each generation what it found.
struct Verified {
    std::string text;
    bool is_intact = true;  // All of them.
};

[[nodiscard]] Result<Verified> verify_store(const Disk& disk);

struct DumpOptions {
    std::optional<Generation> generation;  // The newest that is intact, if none.
    std::string section;                   // Only of sections whose name has this text in it.
};

// What is in the sections: rows of operators, positions of sources, bytes of others.
[[nodiscard]] Result<void> dump_store(const Disk& disk,
                                      const DumpOptions& options,
                                      const PutText& put);

}  // namespace thalweg
