#pragma once

#include "ingest/source.h"
#include "state/base/time.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

#include <vector>

namespace thalweg {

// What one instance of a source writes down at a barrier; docs/FORMATS.md has the bytes.
struct SourceState {
    Watermark watermark;         // Sent to its stage.
    bool has_had_split = false;  // It has had a word to say about time.
    std::vector<SourcePosition> positions;
};

void write_source_state(StateWriter& writer, const SourceState& state);
[[nodiscard]] SourceState read_source_state(StateReader& reader);

}  // namespace thalweg
