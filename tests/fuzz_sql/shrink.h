#pragma once

#include "tests/fuzz_sql/fuzz_case.h"

#include <functional>

// Makes a case that goes wrong smaller: fewer rows, a simpler query.

namespace thalweg::fuzz {

// Every step keeps `is_wrong` true; at most so many are tried.
[[nodiscard]] FuzzCase shrink(FuzzCase fuzz_case,
                              const std::function<bool(const FuzzCase&)>& is_wrong,
                              std::size_t tries_max);

}  // namespace thalweg::fuzz
