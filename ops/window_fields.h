#pragma once

#include "ops/window.h"
#include "state/schema.h"

#include <cstddef>
#include <vector>

namespace thalweg {

// window_start, window_end and window_time, as an operator that fires windows appends them.
void append_window_fields(const WindowSpec& window, std::vector<Field>& fields);

// The window that rows carry in two columns.
[[nodiscard]] WindowSpec attached_window(std::size_t start_column, std::size_t end_column);

}  // namespace thalweg
