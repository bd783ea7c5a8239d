#pragma once

#include "ops/window.h"
#include "state/schema.h"

#include <vector>

namespace thalweg {

// window_start, window_end and window_time, as an operator that fires windows appends them.
void append_window_fields(const WindowSpec& window, std::vector<Field>& fields);

}  // namespace thalweg
