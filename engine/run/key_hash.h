#pragma once

#include "state/base/hash.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg {

// Hashes the key columns of each selected row: hashes[i] is that of the i-th selected row.
//
// Equal keys have equal hashes whatever else surrounds them, also across batches, threads and the
// two inputs of a join: integers of all widths hash by value, -0.0 as 0.0, all NaNs alike, strings
// by their bytes, and NULL as a constant of its own. No key at all is one key. `hashes` has as many
// places as the selection has rows.
void hash_keys(const BatchView& rows,
               std::span<const std::size_t> keys,
               const HashSeed& seed,
               std::span<std::uint64_t> hashes);

}  // namespace thalweg
