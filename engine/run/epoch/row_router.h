#pragma once

#include "engine/run/key_groups.h"
#include "ops/op_state.h"
#include "state/base/hash.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace thalweg {

// Sends rows of state to the instances that own them now, as the exchange in front of the stage
// sends its rows.
//
// Threads  One at a time.
class RowRouter {
  public:
    // Borrows the map.
    RowRouter(const StateTable& table, const HashSeed& seed, const KeyGroupMap& map);

    // Calls `visit` for each instance that gets rows, with those rows.
    using Visit = std::function<void(std::size_t instance, const BatchView& rows)>;
    void route(const Batch& rows, const Visit& visit);

  private:
    StateRoute route_;
    std::vector<std::size_t> keys_;
    HashSeed seed_;
    const KeyGroupMap* map_;
    std::vector<std::vector<std::uint16_t>> lists_;  // For each instance.
    std::vector<std::uint64_t> hashes_;
};

}  // namespace thalweg
