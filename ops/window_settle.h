#pragma once

#include "ops/op.h"
#include "state/base/hash.h"
#include "state/schema.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace thalweg {

// Rows that change, in windows that are attached to them: changes in; when a window fires the rows
// that it has by then out, as insertions, so that what follows sees each window once and settled.
//
// Input    Any row kinds: -U is a deletion, +U an insertion, and pairs need not be adjacent.
// Output   Windows in the order of their ends, the rows of each in no order, or, where it is kept,
//          as they came; of equal rows a deletion takes away the one that came first.
// Late     A change of a window whose end the watermark has passed is dropped and counted; a
//          deletion of a row that is not there is ignored, and counted as filtered.
// State    The rows of open windows, equal ones once (ops/join_side.h); with their order 32 bytes
//          more a different row and 8 a row, and each is saved for itself.
// Frozen   The rows of a window that fires are written first.
struct WindowSettleSpec {
    SchemaPtr schema;              // Of input and output.
    std::size_t start_column = 0;  // Of the window.
    std::size_t end_column = 0;
    std::vector<std::size_t> partition;  // The columns that the exchange in front hashes.
    bool keeps_order = false;
    TimeZonePtr zone;  // That the windows follow; null: UTC.
    HashSeed seed = HashSeed::from(0);
};

[[nodiscard]] std::unique_ptr<Op> make_window_settle(const WindowSettleSpec& spec);

}  // namespace thalweg
