#pragma once

#include "state/base/random.h"
#include "tests/fuzz_sql/relation.h"

// Random queries, two or three SELECTs deep.

namespace thalweg::fuzz {

[[nodiscard]] Relation random_relation(Random& random);

}  // namespace thalweg::fuzz
