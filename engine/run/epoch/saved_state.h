#pragma once

#include "engine/run/epoch/manifest.h"
#include "engine/run/topology.h"
#include "ops/op_state.h"

#include <cstddef>
#include <string>
#include <vector>

// What of a query is saved, by the names that it has in snapshots, and how that fits what an older
// query has left. Names follow from what an operator computes from which input: the same text of a
// query has them however it is laid out, and another one does not.

namespace thalweg {

// An operator of a stage that has state to save.
struct SavedOp {
    std::size_t op = 0;
    std::string uid;
    std::vector<StateTable> tables;
};

// Of each stage of a topology.
[[nodiscard]] std::vector<std::vector<SavedOp>> saved_ops(const Topology& topology);

// The owner of a table's sections.
[[nodiscard]] std::string table_owner(const std::string& uid, const StateTable& table);

// The manifest of a query, but for its outboxes and numbers.
[[nodiscard]] Manifest manifest_of(const Topology& topology);

// What becomes of each piece of saved state when a query starts from it; in words.
struct StateComparison {
    std::vector<std::string> kept;
    std::vector<std::string> empty;  // New: starts from nothing.
    std::vector<std::string> lost;   // The query has no place for it.
};

[[nodiscard]] StateComparison compare_state(const Manifest& saved, const Manifest& query);

}  // namespace thalweg
