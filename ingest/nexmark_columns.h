#pragma once

#include "ingest/format.h"
#include "ingest/nexmark_generator.h"
#include "state/base/status.h"
#include "state/batch.h"

#include <optional>
#include <string>
#include <vector>

namespace thalweg {

// A wanted column of a nexmark table, or a field of it: what of an event goes there.
struct NexmarkColumn {
    std::optional<NexmarkKind> kind;      // None: of all events.
    std::optional<NexmarkField> field;    // None: a ROW, whose fields are `children`.
    std::vector<NexmarkColumn> children;  // In the order of the type's fields.

    // Writes the rows that the generator has taken.
    void fill(const NexmarkGenerator& events, Column& column, Arena& arena) const;
};

// The columns that `format` wants. Fails, naming the table, where it declares a column that events
// have not, or not of that type.
[[nodiscard]] Result<std::vector<NexmarkColumn>> nexmark_columns(const std::string& table,
                                                                 const FormatSpec& format);

}  // namespace thalweg
