#pragma once

#include "bench/by_hand/results.h"
#include "bench/record_stream.h"

#include <cstddef>
#include <cstdint>
#include <span>

// The rivals of one operator each, as those of bench/by_hand/by_hand.h are of a query: they know
// how many keys come, and that records come in order of time. Where results change, they say so
// record by record, but for changelog(), where that would be far more than is asked for.

namespace thalweg::bench::by_hand {

// Key and both values of each pair of a record with an extra below `extra_end` and another of the
// same key.
void join(std::span<const Record> records,
          std::size_t keys,
          std::int64_t extra_end,
          Results& results);

struct IntervalSpec {
    std::int64_t extra_end = 0;
    std::int64_t interval_ms = 0;    // How far apart the two may be at most.
    std::size_t rows_per_reach = 0;  // At most so many records come in that time.
};

// The pairs of join() that are no further apart, with the time of the first kind of record.
void interval_join(std::span<const Record> records,
                   std::size_t keys,
                   const IntervalSpec& spec,
                   Results& results);

// Changes: the three greatest values of each key.
void top_n(std::span<const Record> records, std::size_t keys, Results& results);

struct SessionSpec {
    std::int64_t gap_ms = 0;
    std::size_t rows_per_gap = 0;  // At most so many records come in that time.
};

// Start, end, key, COUNT and SUM of each session of a key.
void session(std::span<const Record> records,
             std::size_t keys,
             const SessionSpec& spec,
             Results& results);

// Each record's time, key and value, and the SUM of the values of it and the ten of its key before
// it; or of all before it.
void over_rows(std::span<const Record> records, std::size_t keys, Results& results);
void over_all(std::span<const Record> records, std::size_t keys, Results& results);

// Time, key and value of the first record of each key; changes: of the last.
void keep_first(std::span<const Record> records, std::size_t keys, Results& results);
void keep_last(std::span<const Record> records, std::size_t keys, Results& results);

// Changes, told after each 1,024 records: how many keys have come once, twice and so on.
void count_of_counts(std::span<const Record> records, std::size_t keys, Results& results);

}  // namespace thalweg::bench::by_hand
