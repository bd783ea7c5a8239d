#pragma once

#include "ingest/decoder.h"

#include <memory>

namespace thalweg {

// A record is one column, as it is: STRING (must be UTF-8) or BYTES; an empty line is an empty
// value. Options: charset (UTF-8 only), ignore-parse-errors.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_raw_decoder(const FormatSpec& spec);

}  // namespace thalweg
