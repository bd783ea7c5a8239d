#pragma once

#include "engine/plan/catalog.h"
#include "engine/plan/logical.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg::plan {

// A source table with its computed columns bound.
//
// Raw columns are what a decoder yields: the physical and metadata columns, by their index in the
// definition. `values[i]` computes table column i over raw columns; the watermark is an expression
// over table columns, so that it may use computed ones.
struct BoundTable {
    const TableDefinition* definition = nullptr;
    std::vector<ColumnInfo> columns;
    std::vector<thalweg::ExprPtr> values;
    thalweg::ExprPtr watermark;  // Null: no event time.
    std::size_t rowtime = 0;
    std::int64_t idle_timeout_ns = 0;
};

[[nodiscard]] std::shared_ptr<const BoundTable> bind_table(const TableDefinition& definition,
                                                           const Settings& settings);

}  // namespace thalweg::plan
