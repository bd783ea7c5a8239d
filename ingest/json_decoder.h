#pragma once

#include "ingest/decode_path.h"
#include "ingest/decoder.h"

#include <memory>

namespace thalweg {

// A JSON object a record. Blank records are skipped and not counted. Options:
// fail-on-missing-field, ignore-parse-errors, timestamp-format.standard (both forms are read
// whichever is given), map-null-key.mode, encode.decimal-as-plain-number.
//
// As changelog-json a record has its row kind in the field "__op": +I, -U, +U or -D; none is +I.
//
// Reads flat records with JsonScanner and all others with JsonWalker. A duplicate key: the last
// wins.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_json_decoder(
    const FormatSpec& spec, DecodePath path = DecodePath::kFast);

}  // namespace thalweg
