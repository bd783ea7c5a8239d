#pragma once

#include <string_view>

namespace thalweg::plan {

// Whether Flink has a function of this name, in capitals: what sets "not supported yet" apart from
// a name that nobody knows.
[[nodiscard]] bool is_flink_function(std::string_view name);

}  // namespace thalweg::plan
