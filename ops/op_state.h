#pragma once

#include "state/batch.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The state of an operator as rows, in tables of a fixed schema: what a snapshot holds of it, and
// what another instance starts from. Keys are in it as keys, so that a restart may have another
// number of shards and another hash secret.

namespace thalweg {

// To whom the rows of a table belong when they come back.
enum class StateRoute : std::uint8_t {
    kByKey,  // To the shard that the hash of the key columns names; no keys: the first.
    kAll,    // To every instance, from every instance.
};

struct StateTable {
    std::string name;  // "groups"; unique in its operator, and the same in all versions.
    SchemaPtr schema;
    StateRoute route = StateRoute::kByKey;
    std::vector<std::size_t> keys;  // Columns, as the exchange in front of the stage hashes them.
};

// Where an operator puts the rows of its state.
//
// Threads  The operator's.
class StateOut {
  public:
    // The open batch of a table (by its place in Op::state_tables()), with room for at least `rows`
    // more, at most kBatchRows. What is appended to it is saved. Good until the next call.
    [[nodiscard]] virtual Batch& open(std::size_t table, std::size_t rows) = 0;

  protected:
    ~StateOut() = default;
};

}  // namespace thalweg
