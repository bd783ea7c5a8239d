#pragma once

#include "engine/sink/encoder.h"

#include <memory>

namespace thalweg {

// A JSON object a row, fields in the order of the schema; NULL is null. NaN and the infinities,
// which JSON has no numbers for, are strings. The format changelog-json adds the field "__op":
// "+I", "-U",
// "+U" or "-D".
//
// Options: timestamp-format.standard (SQL, ISO-8601), map-null-key.mode (FAIL, DROP, LITERAL),
// map-null-key.literal, encode.ignore-null-fields, encode.decimal-as-plain-number (decimals are
// always plain); and those of reading, which mean nothing here.
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_json_encoder(const SinkSpec& spec,
                                                                 RecordFraming framing);

}  // namespace thalweg
