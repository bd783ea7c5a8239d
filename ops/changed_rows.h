#pragma once

#include "state/batch.h"

#include <span>

namespace thalweg {

// Marks those of the rows in which two columns differ, and leaves the others as they are; numbers
// by their bits, so that NaN is itself.
void mark_changed(const Column& before,
                  const Column& after,
                  Selection rows,
                  std::span<bool> changed);

}  // namespace thalweg
