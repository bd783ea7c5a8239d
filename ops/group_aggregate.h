#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/op.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// GROUP BY without a window: rows in, the changes of results out.
//
// Input    Insertions only; any changes where the spec says so, by the operator of
//          ops/retracting_aggregate.h.
// Output   Keys in order, aggregates in order. For each batch of input and each group it has rows
//          of: an insertion when the group is new; else, when its result is another, the old row as
//          kUpdateBefore and the new one as kUpdateAfter. All that is before comes before all that
//          is after. Folded, they are what the aggregate over all rows so far is; how many there
//          are depends on how rows came together.
//          Without calls (SELECT DISTINCT) there are insertions only.
// Keyless  With no keys there is no result before the first row, as Flink.
// State    Groups: keys and aggregates, values that DISTINCT has seen. The results that were given
//          are not kept: they follow from it.
// TTL      Without one groups are for ever. With one (ops/state_ttl.h) a group that no row has come
//          for is forgotten, and nothing is said of it; its next row makes it a new one. An update
//          is given for each batch that has rows of a group, even if the result is the same: who
//          keeps it, with a TTL too, shall not forget it before the group. The states
//          of DISTINCT and of texts are then those of ops/retracting_aggregate.h, from which a
//          group can be taken out.
struct GroupAggregateSpec {
    std::vector<std::size_t> keys;
    std::vector<Type> key_types;
    // Which of the keys, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> partition;
    std::vector<AggregateCall> calls;
    HashSeed seed = HashSeed::from(0);
    bool takes_changes = false;  // Rows are deleted, too: state and time are paid for that.
    std::int64_t ttl_ns = 0;     // 0: none.
};

[[nodiscard]] SchemaPtr result_schema(const GroupAggregateSpec& spec);

// Whether it is that of ops/retracting_aggregate.h.
[[nodiscard]] bool is_retracting(const GroupAggregateSpec& spec);

[[nodiscard]] std::unique_ptr<Op> make_group_aggregate(const GroupAggregateSpec& spec);

}  // namespace thalweg
