#pragma once

#include "state/type.h"

namespace thalweg {

// MULTISET<T>: a MAP from each value to how often it is there, told from other maps by the names of
// its fields, "element" and "count". So whatever takes a MAP takes it, formats write {"a":2}, and
// it becomes a MAP<T, INT> where one is wanted.

[[nodiscard]] Type multiset_of(Type element);

[[nodiscard]] bool is_multiset(const Type& type);

}  // namespace thalweg
