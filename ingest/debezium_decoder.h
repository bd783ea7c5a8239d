#pragma once

#include "ingest/decoder.h"

#include <memory>

namespace thalweg {

// Debezium's change events, a JSON object each: {"before": ROW, "after": ROW, "op": OP, ...}.
//
// Rows      "c" and "r" (created, read in a snapshot) insert `after`, "d" deletes `before`, "u" is
//           two rows, -U of `before` and +U of `after`. So a record may count as two. A record
//           without the ROW that its op asks for is rejected: of a table that only logs keys
//           nothing can be taken back. Blank records are skipped and not counted.
// Options   schema-include: the event is in the field "payload"; ignore-parse-errors;
//           timestamp-format.standard (both forms are read whichever is given).
// Pieces    Both rows of a record are appended by one call, also where only one is asked for.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_debezium_decoder(const FormatSpec& spec);

}  // namespace thalweg
