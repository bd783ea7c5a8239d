#pragma once

#include "ingest/decoder.h"

#include <memory>

namespace thalweg {

// Fixed-width binary rows (state/raw_layout.h), taken apart into columns by a RowTransposer.
//
// Framing: fixed (rows back to back), datagram (as many rows as the datagram holds), or
// length-prefixed (one row a frame). A row with a value that cannot be (a BOOLEAN of 2, a TIME past
// midnight, a CHAR that is not UTF-8) is rejected alone. Option: ignore-parse-errors.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_raw_struct_decoder(const FormatSpec& spec);

// Bytes of one row of these columns, or an error that names the column that has no fixed width.
[[nodiscard]] Result<std::size_t> raw_struct_bytes(const std::vector<Field>& columns);

}  // namespace thalweg
