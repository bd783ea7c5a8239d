#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/sort_key.h"
#include "state/base/hash.h"
#include "state/schema.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace thalweg {

// Which rows of its partition an OVER aggregate takes in for a row: those from `start` to `end`, by
// their number (ROWS) or by the value that they are ordered by (RANGE).
struct OverFrame {
    enum class Bound : std::uint8_t {
        kUnboundedPreceding,
        kPreceding,
        kCurrentRow,  // RANGE: and all rows that are equal to it in the order.
        kFollowing,
        kUnboundedFollowing,
    };

    bool is_rows = false;
    Bound start = Bound::kUnboundedPreceding;
    Bound end = Bound::kCurrentRow;
    std::int64_t start_offset = 0;  // Rows, or units of the value: nanoseconds of a timestamp.
    std::int64_t end_offset = 0;

    friend bool operator==(const OverFrame&, const OverFrame&) = default;
};

enum class OverKind : std::uint8_t {
    kAggregate,
    kRowNumber,
    kRank,
    kDenseRank,
    kPercentRank,
    kCumeDist,
    kNtile,
    kLag,
    kLead,
};

// One f(..) OVER (..), bound: arguments are columns of the operator's input.
struct OverCall {
    OverKind kind = OverKind::kRowNumber;
    AggregateCall aggregate;  // Of kAggregate; `argument` is also that of LAG and LEAD.
    OverFrame frame;          // Of kAggregate.
    std::int64_t count = 1;   // Of NTILE the tiles; of LAG and LEAD how many rows away.
    std::optional<std::size_t> otherwise;  // Of LAG and LEAD: a column for where there is no row.
    Type result_type;
};

// The calls of one window.
struct OverSpec {
    SchemaPtr schema;  // Of the input.
    std::vector<std::size_t> partition;
    // Which of these, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> route;
    std::vector<SortItem> order;
    std::vector<OverCall> calls;
    bool is_event_time = false;  // Of make_over_aggregate: the order is that of a rowtime.
    // Rows are in the order of their arrival and none equals another: processing time.
    bool is_by_arrival = false;
    HashSeed seed = HashSeed::from(0);
    std::int64_t ttl_ns = 0;  // Of a partition, for make_over_changes; 0: none.
};

// The columns of the input, then the calls.
[[nodiscard]] SchemaPtr over_schema(const OverSpec& spec);

// Whether aggregate.argument is a column that is read.
[[nodiscard]] inline bool reads_argument(const OverCall& call) noexcept {
    const bool is_counting = call.aggregate.kind == AggregateKind::kCountStar;
    return call.kind == OverKind::kAggregate
               ? !is_counting
               : call.kind == OverKind::kLag || call.kind == OverKind::kLead;
}

}  // namespace thalweg
