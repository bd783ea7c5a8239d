#pragma once

#include "engine/sink/encoder.h"

#include <memory>

namespace thalweg {

// Fixed-width binary rows (state/raw_layout.h). NULL, a text longer than its CHAR(n) and one that
// ends with a zero byte have no place in them: they are errors that end the query.
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_raw_struct_encoder(const SinkSpec& spec,
                                                                       RecordFraming framing);

}  // namespace thalweg
