#pragma once

#include "bench/workload.h"

namespace thalweg::bench {

// recovery: how long a query that keeps COUNT, SUM, MIN and MAX of 4 million keys is away after a
// kill. A run makes the state; then, again and again from a copy of it, `thalweg run` is started as
// a process of its own on an input that has one record more, which makes the window fire.
//
// p50 and p99 are by the clock from the start of the process to the first byte of its first result.
// ns/record is processor time of that process for each key, MB and GB/s are of the snapshot.
[[nodiscard]] Workload recovery_workload(const MeasureOptions& options);

}  // namespace thalweg::bench
