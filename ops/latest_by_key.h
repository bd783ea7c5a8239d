#pragma once

#include "ops/op.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// Makes exact changes of rows that have a key: what is said of a key, whether it was told in full
// or not, becomes what changes in the table of the latest row of each key.
//
// Input    Changes. A new value may come without the old one, and an old value or a deletion may
//          differ from the row it means in all but its key.
// Output   The rows with their kinds; an old value or a deletion as the row was when it was given,
//          and one in front of a new value that came without. A deletion of a key that is not there
//          and a row that is there as it is give nothing.
// Keys     NULL is a key like any other.
// State    The latest row of each key, until it is deleted (ops/join_side.h).
// TTL      With one (ops/state_ttl.h) a key that nothing was said of is not there any more, and
//          nothing is said of that. A row that is there as it is is given again then, as an update:
//          who keeps it shall not forget it before.
//
// Flink has it as ChangelogNormalize.
struct LatestByKeySpec {
    SchemaPtr schema;
    std::vector<std::size_t> keys;
    HashSeed seed = HashSeed::from(0);
    std::int64_t ttl_ns = 0;  // 0: none.
};

[[nodiscard]] std::unique_ptr<Op> make_latest_by_key(const LatestByKeySpec& spec);

}  // namespace thalweg
