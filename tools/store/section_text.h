#pragma once

#include "state/base/status.h"
#include "state/store/snapshot_reader.h"
#include "tools/store/store_text.h"

#include <cstddef>

namespace thalweg {

// A section as text: its label, then what its kind says (docs/FORMATS.md): a line for each row of
// an operator's table, or bytes, 32 to a line. Damage, and what the kind does not allow, is an
// error behind what could be read.
[[nodiscard]] Result<void> dump_section(const SnapshotReader& reader,
                                        std::size_t index,
                                        const PutText& put);

}  // namespace thalweg
