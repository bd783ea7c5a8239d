#pragma once

#include "ingest/decode_path.h"
#include "ingest/decoder.h"

#include <memory>

namespace thalweg {

// CSV of RFC 4180, columns by position. Blank records are skipped and not counted.
//
// A field that is empty and not quoted is NULL, but for strings, where it is ''; what equals
// null-literal, not quoted, is NULL for every type. A record with fewer fields than columns has
// NULLs for the rest, and is rejected when ignore-parse-errors is false; one with more is
// malformed, but for one empty field at the end. ARRAY and ROW columns hold scalars, separated by
// the array delimiter.
//
// Options: field-delimiter, quote-character, disable-quote-character, escape-character,
// null-literal, allow-comments, array-element-delimiter, ignore-parse-errors.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_csv_decoder(
    const FormatSpec& spec, DecodePath path = DecodePath::kFast);

}  // namespace thalweg
