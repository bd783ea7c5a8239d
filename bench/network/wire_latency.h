#pragma once

#include "bench/workload.h"

#include <vector>

namespace thalweg::bench {

// latency: a filter over TCP that one record of a hundred passes, at 100,000 records a second and
// at 10, 50 and 80 % of what the engine takes, which is measured first. From when a record is meant
// to leave (open loop: what is sent late has waited) to when its result is back at the sender's
// processor, the engine polling. Each rate also with a loop by hand instead of the engine: receive,
// filter, send, asking the kernel again and again. Every record that passes must come back.
//
// idle: the processor time of an engine that listens and hears nothing for two seconds, as `cores`;
// and as latency the same way as above for single records every 400 ms, each of which finds the
// engine napping as deeply as it ever does: its naps are longest after a third of a second of
// quiet, so an hour of it is no different. Beside it the engine that polls.
[[nodiscard]] std::vector<Workload> latency_workloads(const MeasureOptions& options);

}  // namespace thalweg::bench
