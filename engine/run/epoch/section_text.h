#pragma once

#include "state/base/status.h"
#include "state/store/snapshot_reader.h"

#include <cstddef>
#include <functional>
#include <string_view>

namespace thalweg {

// Takes a piece of text, whole lines.
using PutText = std::function<void(std::string_view text)>;

// A section of a snapshot as text, by what its kind says (docs/FORMATS.md): its label, then a line
// for each row of an operator's table or each position of a source, and the bytes of results, 32 to
// a line. Read as recovery reads it; damage, and what the kind does not allow, is an error behind
// what could be read.
[[nodiscard]] Result<void> dump_section(const SnapshotReader& reader,
                                        std::size_t index,
                                        const PutText& put);

}  // namespace thalweg
