#pragma once

#include "bench/by_hand/results.h"
#include "bench/record_stream.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// The rivals: for each query one loop that does its work and nothing else, on one thread, as one
// would write it who has this query alone, knows its types, its layout and how many keys will come,
// and trusts the input: no late rows, nothing malformed.

namespace thalweg::bench::by_hand {

// COUNT, SUM, MIN, MAX of value per key and tumbling second.
void aggregate(std::span<const Record> records, std::size_t keys, Results& results);

// The same over text, {"ts":1,"key":2,"value":3,"extra":"4"} and 1,2,3,4, a record a line.
void aggregate_json(std::string_view text, std::size_t keys, Results& results);
void aggregate_csv(std::string_view text, std::size_t keys, Results& results);

// COUNT and SUM per key and tumbling second.
void count_and_sum(std::span<const Record> records, std::size_t keys, Results& results);

// Time, key and twice the value of the records whose extra is at least `extra_min`.
void filter(std::span<const Record> records, std::int64_t extra_min, Results& results);

// COUNT and SUM per key over the last `seconds`, at the end of each second.
void hop(std::span<const Record> records, std::size_t keys, std::size_t seconds, Results& results);

// COUNT(DISTINCT key) per tumbling second.
void distinct(std::span<const Record> records, std::size_t keys, Results& results);

// Per tumbling second, the COUNT of a key's records with an extra below `extra_end` beside the SUM
// of its others, for keys that have both.
void window_join(std::span<const Record> records,
                 std::size_t keys,
                 std::int64_t extra_end,
                 Results& results);

}  // namespace thalweg::bench::by_hand
