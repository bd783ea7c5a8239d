#pragma once

#include <string>

namespace thalweg::plan {

// What SHOW FUNCTIONS prints: the names of all functions and aggregates, one a line, in order;
// operators are none.
[[nodiscard]] std::string functions_text();

}  // namespace thalweg::plan
