#pragma once

#include "tests/support/nexmark_events.h"

#include <map>
#include <string>
#include <vector>

// What the queries of bench/nexmark must give, worked out from the events one after the other with
// containers of the standard library. Nothing here knows batches, operators, expressions or plans.

namespace thalweg::test {

// How often each row is there, its cells joined by '|': times as SQL writes them with milliseconds,
// NULL as "NULL".
using RowCounts = std::map<std::string, long>;

// The rows of a query that has one answer: every one but q12. Where rows tie for a place the one
// that came first has it.
[[nodiscard]] RowCounts nexmark_expected(const std::string& query,
                                         const std::vector<NexmarkEvent>& events);

// Of q12, whatever the windows are: how many bids each bidder made.
[[nodiscard]] std::map<std::int64_t, long> nexmark_bids_by_bidder(
    const std::vector<NexmarkEvent>& events);

}  // namespace thalweg::test
