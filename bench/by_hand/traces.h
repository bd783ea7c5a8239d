#pragma once

#include "bench/by_hand/results.h"
#include "bench/input.h"

// The rivals over traces, written as those in bench/by_hand/by_hand.h are. They know the ranges of
// small fields (bench/trace_rows.h), which index arrays instead of being hashed.

namespace thalweg::bench::by_hand {

// SUM(cpu) per category over the last 60 s, every second; per job, of the events of type 3.
void cm1(Input& input, Results& results);
void cm2(Input& input, Results& results);

// AVG(value) over the last 3,600 s, every second; per plug, household and house over the last
// 128 s; the same of household 3 over the last 3,600 s.
void sg1(Input& input, Results& results);
void sg2(Input& input, Results& results);
void sg3(Input& input, Results& results);

// Per highway, direction and mile: AVG(speed) over the last 300 s, every second, where it is below
// 40; per vehicle, highway, direction and mile: COUNT(*) over the last 30 s.
void lrb1(Input& input, Results& results);
void lrb2(Input& input, Results& results);

// AVG of the first three sensors over the last 60 s, every second.
void me1(Input& input, Results& results);

// COUNT(*) per auction over the last 60 s, every second.
void nbq5(Input& input, Results& results);

}  // namespace thalweg::bench::by_hand
