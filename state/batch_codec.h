#pragma once

#include "state/base/status.h"
#include "state/batch.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

#include <cstddef>

// Rows as bytes, a column at a time: how the state of operators lies in a snapshot
// (docs/FORMATS.md, "Rows").

namespace thalweg {

// Writes the rows of a view, nulls and long strings included. The reader must know the schema.
void write_rows(StateWriter& writer, const BatchView& rows);

// Reads what write_rows wrote into an empty batch of the same schema. Bytes may be anything: what
// could not have been written is the error of the reader, and leaves the batch empty. Memory stays
// within kBatchRows rows and the bytes that are there.
void read_rows(StateReader& reader, Batch& rows);

// A schema, and the comparison of one that was written with the one that is expected now.
void write_schema(StateWriter& writer, const Schema& schema);
[[nodiscard]] Schema read_schema(StateReader& reader);

}  // namespace thalweg
