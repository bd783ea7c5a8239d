#pragma once

#include "state/base/status.h"
#include "state/store/disk.h"
#include "state/store/store.h"

namespace thalweg {

// Copies the newest generation of one store into another, as its next generation: a savepoint, and
// the way back from one. The target is made if the directory is empty, with an identity of its own;
// it must not be in use. All bytes are checked on the way, and the source is only read.
//
// Returns the generation of the target. Failure: damage of the source's newest generation, whose
// elder is not silently taken for it; whatever Store says of the target.
[[nodiscard]] Result<Generation> copy_newest(const Disk& source,
                                             Disk& target,
                                             const StoreOptions& options);

}  // namespace thalweg
