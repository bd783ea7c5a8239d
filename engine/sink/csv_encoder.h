#pragma once

#include "engine/sink/encoder.h"

#include <memory>

namespace thalweg {

// A line a row, as RFC 4180. A string is quoted when it has to be: when it is empty, holds a
// delimiter, a quote or a line end, or would be read as the null literal or a comment. NULL is the
// null literal, or nothing. ARRAY and ROW are written with the array delimiter between scalars.
//
// Options: those of reading CSV (ingest/csv_decoder.h).
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_csv_encoder(const SinkSpec& spec,
                                                                RecordFraming framing);

}  // namespace thalweg
